//! The names that a job gives, and what the engine is told instead. Pure.
//!
//! Invariant: nothing gets a name through a job's socket but one with the job's prefix, and a job never
//! sees the prefix.

use gantry_protocol::JobId;
use serde_json::Value;

use super::refusal::Refusal;

/// What all own names of jobs begin with.
pub(super) const OWN: &str = "gantry-own-";

/// What all own names of one job begin with.
pub(crate) fn own_names(runner: &str, job: JobId) -> String {
    format!("{OWN}{}-{job}-", runner.get(..8).unwrap_or(runner))
}

/// One job's names.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// Nobody else knows it: without it, one could build upon another job's image.
    base: String,
    /// The job's own network, which stands for the engine's default one.
    network: String,
}

impl Names {
    pub(super) fn new(base: String, network: String) -> Self {
        Self { base, network }
    }

    /// Of a container, a network or a volume.
    pub(super) fn own(&self, name: &str) -> String {
        format!("{}.{}", self.base, name.trim_start_matches('/'))
    }

    pub(super) fn network(&self) -> &str {
        &self.network
    }

    /// Whether a name of a network means the engine's default one.
    pub(super) fn is_default_network(&self, name: &str) -> bool {
        ["", "default", "bridge"].contains(&name) || name == self.network
    }

    /// Of an image. A registry's port cannot stand in the middle of a name.
    pub(super) fn own_image(&self, reference: &str) -> String {
        let name = familiar(reference);
        let named = match name.split_once('/') {
            Some((host, rest)) => format!("{}/{rest}", host.replacen(':', "__", 1)),
            None => name.to_owned(),
        };
        format!("{}/{named}", self.base)
    }

    /// Whether a tag is one of this job's.
    pub(super) fn is_own_image(&self, tag: &str) -> bool {
        tag.strip_prefix(&self.base).is_some_and(|rest| rest.starts_with('/'))
    }

    /// A text of the engine as the job may read it.
    pub(super) fn show(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(&self.base) {
            shown.push_str(&rest[..at]);
            rest = &rest[at + self.base.len()..];
            if let Some(image) = rest.strip_prefix('/') {
                let (host, after) = first_part(image);
                shown.push_str(&host);
                rest = after;
            } else {
                rest = rest.strip_prefix('.').unwrap_or(rest);
            }
        }
        shown.push_str(rest);
        shown.replace(&format!("\"{}\"", self.network), "\"bridge\"")
    }

    /// A filter by name, so that `^/name` means the job's own name.
    pub(super) fn own_filter(&self, pattern: &str) -> String {
        match pattern.strip_prefix('^') {
            Some(rest) => {
                let rest = rest.trim_start_matches('/');
                format!("^/?{}\\.{rest}", self.base)
            }
            None => pattern.to_owned(),
        }
    }
}

/// The first part of an image's name with its port put right, and what comes after it.
fn first_part(image: &str) -> (String, &str) {
    let end = image
        .find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)))
        .unwrap_or(image.len());
    let (host, after) = image.split_at(end);
    match host.split_once("__") {
        Some((name, port)) if after.starts_with('/') && port.parse::<u16>().is_ok() => {
            (format!("{name}:{port}"), after)
        }
        _ => (host.to_owned(), after),
    }
}

/// Without what an image's name may begin with and mean the same.
pub(super) fn familiar(reference: &str) -> &str {
    let name = reference.strip_prefix("index.docker.io/").unwrap_or(reference);
    let Some(name) = name.strip_prefix("docker.io/") else { return name };
    name.strip_prefix("library/").unwrap_or(name)
}

/// The value of the query's `filters`, each as a list.
pub(super) fn read_filters(text: Option<&str>) -> Result<Vec<(String, Vec<String>)>, Refusal> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(Vec::new()) };
    let bad = || Refusal::bad("`filters` is not a mapping of lists");
    let Ok(Value::Object(filters)) = serde_json::from_str(text) else { return Err(bad()) };
    let list = |value: Value| match value {
        Value::Array(values) => {
            values.into_iter().map(|value| value.as_str().map(str::to_owned)).collect()
        }
        Value::Object(values) => Some(values.into_iter().map(|(name, _)| name).collect()),
        _ => None,
    };
    filters.into_iter().map(|(name, value)| Ok((name, list(value).ok_or_else(bad)?))).collect()
}

/// The filters with those of the job's own labels.
pub(super) fn write_filters(mut filters: Vec<(String, Vec<String>)>, labels: &[String]) -> String {
    match filters.iter_mut().find(|(name, _)| name == "label") {
        Some((_, values)) => values.extend_from_slice(labels),
        None => filters.push(("label".to_owned(), labels.to_vec())),
    }
    let map: serde_json::Map<String, Value> =
        filters.into_iter().map(|(name, values)| (name, values.into())).collect();
    Value::Object(map).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names::new("gantry-own-a-7-c0ffee".to_owned(), "gantry-a-7-1-network".to_owned())
    }

    #[test]
    fn own_names_are_shown_as_they_were_given() {
        let names = names();
        for image in ["app", "app:1", "acme/app:1", "localhost:5000/acme/app:1", "a.example/x"] {
            let own = names.own_image(image);
            assert!(names.is_own_image(&own), "{own}");
            assert_eq!(names.show(&format!("tagged {own}\n")), format!("tagged {image}\n"));
        }
        assert_eq!(names.own_image("docker.io/library/app:1"), names.own_image("app:1"));
        assert_eq!(names.show(&format!("[\"/{}\"]", names.own("db"))), "[\"/db\"]");
        assert_eq!(names.show("{\"gantry-a-7-1-network\":1}"), "{\"bridge\":1}");
        assert!(!names.is_own_image("gantry-own-a-7-c0ffee2/x"));
    }

    #[test]
    fn filters_get_the_jobs_labels() {
        let filters = read_filters(Some(r#"{"name":{"x":true},"label":["a=b"]}"#)).unwrap();
        let text = write_filters(filters, &["gantry.job=7".to_owned()]);
        let read = read_filters(Some(&text)).unwrap();
        assert!(
            read.contains(&("label".to_owned(), vec!["a=b".to_owned(), "gantry.job=7".to_owned()]))
        );
        assert!(read_filters(Some("[]")).is_err());
        assert!(read_filters(Some(r#"{"label":[1]}"#)).is_err());
        assert_eq!(names().own_filter("^/db$"), "^/?gantry-own-a-7-c0ffee\\.db$");
    }
}
