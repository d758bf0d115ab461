//! The list of blocks that a client commits, in Azure's XML. Pure.

use quick_xml::Reader;
use quick_xml::events::Event;

/// Azure's most blocks of a blob.
const MAX_BLOCKS: usize = 50_000;

/// The names of `<Latest>`, `<Committed>` and `<Uncommitted>` within `<BlockList>`, in their order.
pub(super) fn read(xml: &[u8]) -> Result<Vec<String>, String> {
    let wrong =
        |error: &dyn std::fmt::Display| format!("the list of blocks cannot be read: {error}");
    let mut reader = Reader::from_reader(xml);
    let mut names = Vec::new();
    let mut depth = 0;
    let mut is_list = false;
    let mut name = String::new();
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer).map_err(|error| wrong(&error))? {
            Event::Start(tag) => {
                is_list |= depth == 0 && tag.name().as_ref() == b"BlockList";
                depth += 1;
                name.clear();
            }
            Event::Text(text) if depth == 2 => {
                name.push_str(&text.decode().map_err(|error| wrong(&error))?);
            }
            Event::End(_) => {
                if depth == 2 {
                    names.push(name.trim().to_owned());
                }
                depth -= 1;
            }
            Event::Eof => break,
            _ => {}
        }
        if names.len() > MAX_BLOCKS {
            return Err(format!("more than {MAX_BLOCKS} blocks are listed"));
        }
        buffer.clear();
    }
    if is_list && depth == 0 { Ok(names) } else { Err(wrong(&"it is no `BlockList`")) }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn the_order_is_that_of_the_list() {
        let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
             <BlockList><Latest>Yg==</Latest>\n <Uncommitted>YQ==</Uncommitted>\
             <Committed>Yy8r</Committed></BlockList>";
        assert_eq!(read(xml.as_bytes()).expect("a list"), ["Yg==", "YQ==", "Yy8r"]);
        assert_eq!(read(b"<BlockList></BlockList>").expect("none"), Vec::<String>::new());
        assert_eq!(read(b"<BlockList/>").map_err(drop), Err(()));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for wrong in ["", "<Other><Latest>a</Latest></Other>", "<BlockList><Latest>a", "{}"] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
