//! The path and the query of a request. Pure.
//!
//! Invariant: what is passed on is put together anew of parts without anything that could mean another
//! path.

use url::form_urlencoded::{Serializer, parse};

use super::refusal::Refusal;

/// Where a request goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// `/v1.41`, or nothing.
    version: String,
    pub(super) segments: Vec<String>,
    pub(super) query: Vec<(String, String)>,
}

impl Target {
    pub(super) fn parse(path: &str, query: &str) -> Result<Self, Refusal> {
        let bad = || Refusal::bad(format!("`{path}` is not a path of the engine's interface"));
        let decoded = decode(path).ok_or_else(bad)?;
        let mut segments: Vec<String> =
            decoded.trim_start_matches('/').split('/').map(str::to_owned).collect();
        if segments.iter().any(|part| !is_plain(part)) {
            return Err(bad());
        }
        let is_version = |text: &String| {
            text.strip_prefix('v').is_some_and(|number| {
                number.split_once('.').is_some_and(|(major, minor)| {
                    [major, minor].iter().all(|part| part.parse::<u16>().is_ok())
                })
            })
        };
        let mut version = String::new();
        if segments.first().is_some_and(is_version) {
            version = format!("/{}", segments.remove(0));
        }
        Ok(Self { version, segments, query: parse(query.as_bytes()).into_owned().collect() })
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.query.retain(|(known, _)| known != name);
        self.query.push((name.to_owned(), value.into()));
    }

    /// The same query at another path.
    pub(super) fn at(&self, path: &str) -> String {
        let query: String = Serializer::new(String::new()).extend_pairs(&self.query).finish();
        let separator = if query.is_empty() { "" } else { "?" };
        format!("{}{path}{separator}{query}", self.version)
    }

    /// The path itself with the query as it is now.
    pub(super) fn again(&self) -> String {
        self.at(&format!("/{}", self.segments.join("/")))
    }
}

/// A part of a name or of a path, of which no other path can be made.
fn is_plain(part: &str) -> bool {
    !part.is_empty()
        && part != "."
        && part != ".."
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:@-+".contains(&byte))
}

fn decode(path: &str) -> Option<String> {
    let mut bytes = path.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_put_together_of_its_parts() {
        let target = Target::parse("/v1.41/images/a%2Fb:1/json", "x=1&y=%26").unwrap();
        assert_eq!(target.segments, ["images", "a", "b:1", "json"]);
        assert_eq!(target.again(), "/v1.41/images/a/b:1/json?x=1&y=%26");
        assert_eq!(Target::parse("/_ping", "").unwrap().again(), "/_ping");
    }

    #[test]
    fn paths_that_could_mean_another_one_are_refused() {
        for path in [
            "/v1.41/containers/x/../../info",
            "/containers/%2e%2e/info",
            "/containers//json",
            "/containers/a%00b/json",
            "/containers/a%3Fb/json",
            "/containers/a%20b/json",
            "/containers/a%",
            "/",
        ] {
            assert!(Target::parse(path, "").is_err(), "{path}");
        }
    }
}
