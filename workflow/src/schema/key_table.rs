//! The table of keys as a document: which keys each place of a file has, and what they do here.
//!
//! Does not describe values. Invariant: made of the table that files are read by, so it cannot say
//! anything else than the reader does.

use std::ptr;

use super::action::ACTION;
use super::definition::{Definition, Kind, Mapping, OtherKeys, Property, Support};
use super::scalars::ANY;
use super::workflow::WORKFLOW;

/// A Markdown table of every place that has keys of its own, in a workflow file and in an
/// `action.yml`.
#[must_use]
pub fn key_table() -> String {
    let mut table = Table::default();
    table.text.push_str("| place | honoured | read with a warning | any other key |\n");
    table.text.push_str("|---|---|---|---|\n");
    table.place("workflow", &WORKFLOW);
    table.place("action.yml", &ACTION);
    table.text
}

#[derive(Default)]
struct Table {
    text: String,
    /// Definitions on the way to the current one; `parallel` has steps again.
    above: Vec<&'static Definition>,
}

impl Table {
    fn place(&mut self, path: &str, definition: &'static Definition) {
        let is_above = self.above.iter().any(|above| ptr::eq(*above, definition));
        if is_above || ptr::eq(definition, &raw const ANY) {
            return;
        }
        self.above.push(definition);
        match &definition.kind {
            Kind::Null | Kind::Boolean | Kind::Number | Kind::Text(_) => {}
            Kind::Sequence(item) => self.place(&format!("{path}[]"), item),
            Kind::Mapping(mapping) => self.mapping(path, mapping, ""),
            Kind::OneOf(choices) => self.choices(path, choices),
        }
        self.above.pop();
    }

    /// Mappings that are told apart by their keys are rows of their own.
    fn choices(&mut self, path: &str, choices: &'static [&'static Definition]) {
        let as_mapping = |choice: &&'static Definition| match &choice.kind {
            Kind::Mapping(mapping) => Some(mapping),
            _ => None,
        };
        let mappings: Vec<&'static Mapping> = choices.iter().filter_map(as_mapping).collect();
        for choice in choices {
            match as_mapping(choice) {
                Some(mapping) if mappings.len() > 1 => {
                    let telling = telling_key(mapping, &mappings);
                    self.mapping(path, mapping, &format!(" with `{telling}`"));
                }
                _ => self.place(path, choice),
            }
        }
    }

    fn mapping(&mut self, path: &str, mapping: &'static Mapping, note: &str) {
        if !mapping.properties.is_empty() {
            self.row(path, mapping, note);
        }
        for property in mapping.properties.iter().filter(|it| it.support == Support::Honoured) {
            let prefix = if self.above.len() == 1 { "" } else { path };
            let dot = if prefix.is_empty() { "" } else { "." };
            self.place(&format!("{prefix}{dot}{}", property.key), property.value);
        }
        if let OtherKeys::Names(value) = mapping.other_keys {
            self.place(&format!("{path}.<name>"), value);
        }
    }

    fn row(&mut self, path: &str, mapping: &Mapping, note: &str) {
        let honoured = mapping.properties.iter().filter(|it| it.support == Support::Honoured);
        let warned = mapping.properties.iter().filter_map(|it| Some((it, warning(it)?)));
        let honoured: Vec<_> = honoured.map(|it| format!("`{}`", it.key)).collect();
        let warned: Vec<_> = warned.map(|(it, why)| format!("`{}`: {why}", it.key)).collect();
        let others = match mapping.other_keys {
            OtherKeys::Refused => "error",
            OtherKeys::Ignored => "warning",
            OtherKeys::Names(value) if ptr::eq(value, &raw const ANY) => "passed over",
            OtherKeys::Names(_) => "a name",
        };
        let cells = [honoured.join(", "), warned.join("; "), others.to_owned()];
        let [honoured, warned, others] = cells;
        let row = format!("| `{path}`{note} | {honoured} | {warned} | {others} |\n");
        // The two kinds of jobs share some keys.
        if !self.text.contains(&row) {
            self.text.push_str(&row);
        }
    }
}

fn warning(property: &Property) -> Option<String> {
    match property.support {
        Support::Honoured => None,
        Support::Ignored(why) => Some(format!("no effect, {why}")),
        Support::Fails(when) => Some(format!("the job fails {when}")),
    }
}

/// The first key that no other of the mappings has; required ones before others.
fn telling_key(mapping: &Mapping, mappings: &[&Mapping]) -> &'static str {
    let is_own = |property: &&Property| {
        mappings.iter().filter(|it| it.property(property.key).is_some()).count() == 1
    };
    let mut own = mapping.properties.iter().filter(is_own);
    let first = own.clone().next();
    own.find(|property| property.required).or(first).map_or("", |property| property.key)
}
