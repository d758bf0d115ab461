//! Inputs of an action that is part of the runner.
//!
//! Invariant: names are found without regard to case, and an input that is not what it must be is an
//! error that names it.

use indexmap::IndexMap;

/// As they were given; those that were not given are empty.
#[derive(Clone, Debug)]
pub(super) struct Inputs(IndexMap<String, String>);

impl Inputs {
    pub(super) fn new(given: &IndexMap<String, String>) -> Self {
        Self(given.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect())
    }

    /// Without the spaces around it.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.trim())
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Lines without the spaces around them, and without empty ones.
    pub(super) fn lines(&self, name: &str) -> Vec<String> {
        let lines = self.text(name).lines().map(str::trim);
        lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// YAML's words for true and false, as GitHub's toolkit reads them.
    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, String> {
        match self.text(name) {
            "" => Ok(default),
            "true" | "True" | "TRUE" => Ok(true),
            "false" | "False" | "FALSE" => Ok(false),
            other => Err(format!("input `{name}` is `{other}`, and must be `true` or `false`")),
        }
    }

    /// A whole number that is not negative.
    pub(super) fn number(&self, name: &str) -> Result<Option<u32>, String> {
        match self.text(name) {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| format!("input `{name}` is `{text}`, and must be a whole number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_what_it_must_be_is_named() {
        let given = [("Name", " x "), ("flag", "yes"), ("days", "-1"), ("paths", " a \n\n b")];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let inputs = Inputs::new(&given.into());
        assert_eq!(inputs.text("name"), "x");
        assert_eq!(inputs.lines("paths"), ["a", "b"]);
        assert!(inputs.flag("flag", false).unwrap_err().contains("`flag` is `yes`"));
        assert!(inputs.number("days").unwrap_err().contains("`days`"));
        assert_eq!(inputs.flag("other", true), Ok(true));
        assert_eq!(inputs.number("other"), Ok(None));
    }
}
