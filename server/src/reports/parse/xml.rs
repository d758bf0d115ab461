//! Walking through XML: elements, attributes and text, with limits.
//!
//! Invariant: a declaration of a document type is passed over, and an entity that it might define is an
//! empty text.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Elements within elements.
const MOST_LEVELS: usize = 64;

/// Of everything in an element that is kept as text, in bytes.
const LONGEST_TEXT: usize = 16 * 1024;

/// What comes by.
pub(super) enum Item<'a> {
    Open(&'a Element),
    Close(&'a str),
    Text(&'a str),
}

/// An element that begins.
#[derive(Debug)]
pub(super) struct Element {
    /// Without the prefix of its namespace.
    pub(super) name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.attribute(name)?.trim().parse().ok()
    }
}

/// The name of the first element; `None` if there is none.
pub(super) fn root(bytes: &[u8]) -> Result<Option<String>, String> {
    let mut found = None;
    let walked = walk(bytes, |item| match item {
        Item::Open(element) => {
            found = Some(element.name.clone());
            Err(String::new())
        }
        _ => Ok(()),
    });
    if found.is_some() { Ok(found) } else { walked.map(|()| None) }
}

/// Gives everything to `see`, which may end it with an error.
pub(super) fn walk(
    bytes: &[u8],
    mut see: impl FnMut(Item<'_>) -> Result<(), String>,
) -> Result<(), String> {
    let wrong = |error: &dyn std::fmt::Display| format!("it is no well-formed XML: {error}");
    let mut reader = Reader::from_reader(bytes);
    let mut open: Vec<String> = Vec::new();
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer).map_err(|error| wrong(&error))? {
            Event::Start(tag) => {
                let element = element(&tag)?;
                see(Item::Open(&element))?;
                open.push(element.name);
                if open.len() > MOST_LEVELS {
                    return Err(format!("it is nested deeper than {MOST_LEVELS} levels"));
                }
            }
            Event::Empty(tag) => {
                let element = element(&tag)?;
                see(Item::Open(&element))?;
                see(Item::Close(&element.name))?;
            }
            Event::End(_) => {
                let name =
                    open.pop().ok_or_else(|| wrong(&"an element ends that has not begun"))?;
                see(Item::Close(&name))?;
            }
            Event::Text(text) => {
                let text = text.decode().map_err(|error| wrong(&error))?;
                see(Item::Text(cut(&text)))?;
            }
            Event::CData(text) => {
                let text = text.decode().map_err(|error| wrong(&error))?;
                see(Item::Text(cut(&text)))?;
            }
            Event::GeneralRef(name) => {
                let name = name.decode().map_err(|error| wrong(&error))?;
                if let Some(text) = quick_xml::escape::resolve_predefined_entity(&name) {
                    see(Item::Text(text))?;
                }
            }
            Event::Eof if open.is_empty() => return Ok(()),
            Event::Eof => return Err(wrong(&"it ends in the middle")),
            Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
        }
        buffer.clear();
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_TEXT)]
}

fn element(tag: &BytesStart<'_>) -> Result<Element, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut attributes = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| format!("it is no well-formed XML: {error}"))?;
        let raw = text(&attribute.value);
        // One with an entity that XML does not know itself stays as it is written.
        let value = quick_xml::escape::unescape(&raw).map(|it| it.into_owned()).unwrap_or(raw);
        attributes.push((text(attribute.key.local_name().as_ref()), cut(&value).to_owned()));
    }
    Ok(Element { name: text(tag.local_name().as_ref()), attributes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(xml: &str) -> Result<String, String> {
        let mut all = String::new();
        walk(xml.as_bytes(), |item| {
            if let Item::Text(text) = item {
                all.push_str(text);
            }
            Ok(())
        })?;
        Ok(all)
    }

    #[test]
    fn entities_of_a_document_are_not_resolved() {
        let xml = r#"<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY l "lol">]>
            <a>&x;&l;&amp;<b c="&x;"/></a>"#;
        assert_eq!(texts(xml).expect("well-formed").trim(), "&");
    }

    #[test]
    fn depth_and_length_have_limits() {
        let deep = "<a>".repeat(100) + &"</a>".repeat(100);
        assert!(texts(&deep).expect_err("deep").contains("nested deeper"));
        let long = format!("<a>{}</a>", "x".repeat(100_000));
        assert_eq!(texts(&long).expect("long").len(), LONGEST_TEXT);
        assert!(texts("<a><b></a>").is_err());
        assert!(texts("<a>").is_err());
    }
}
