//! `--matrix KEY:VALUE`: which legs of a matrix are run.

use std::collections::BTreeMap;

use gantry_workflow::expr::Value;

/// Values by key, each key with at least one. Empty: every leg.
#[derive(Clone, Debug, Default)]
pub(super) struct MatrixChoice(BTreeMap<String, Vec<String>>);

impl FromIterator<(String, String)> for MatrixChoice {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        let mut choice = Self::default();
        for (key, value) in pairs {
            choice.0.entry(key.to_lowercase()).or_default().push(value);
        }
        choice
    }
}

impl MatrixChoice {
    /// Whether a leg with this `matrix` context is run. A key that the matrix does not have chooses
    /// nothing and excludes nothing, as one command line serves all jobs of a workflow.
    pub(super) fn includes(&self, matrix: &Value) -> bool {
        let Value::Object(matrix) = matrix else { return true };
        self.0.iter().all(|(key, values)| {
            let Some(value) = matrix.get(key) else { return true };
            let text = value.to_text();
            values.iter().any(|wanted| wanted.eq_ignore_ascii_case(&text))
        })
    }
}

/// `KEY:VALUE`, as the command line has it.
pub(super) fn parse(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err(format!("`{text}` is not KEY:VALUE")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(os: &str, version: f64) -> Value {
        Value::object([
            ("os".to_owned(), Value::string(os)),
            ("version".to_owned(), Value::Number(version)),
        ])
    }

    fn choice(pairs: &[&str]) -> MatrixChoice {
        pairs.iter().map(|pair| parse(pair).expect("a pair")).collect()
    }

    #[test]
    fn values_of_one_key_are_alternatives_and_keys_are_all_needed() {
        let choice = choice(&["os:linux", "OS: Windows", "version:3.1"]);
        assert!(choice.includes(&leg("linux", 3.1)));
        assert!(choice.includes(&leg("windows", 3.1)));
        assert!(!choice.includes(&leg("macos", 3.1)));
        assert!(!choice.includes(&leg("linux", 3.2)));
    }

    #[test]
    fn a_job_without_the_key_is_run() {
        assert!(choice(&["node:20"]).includes(&leg("linux", 1.0)));
        assert!(choice(&["node:20"]).includes(&Value::Null));
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        assert!(parse("linux").is_err());
        assert!(parse(":linux").is_err());
    }
}
