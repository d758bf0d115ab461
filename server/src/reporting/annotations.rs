//! Annotations of a job as GitHub takes them: 50 at once, appended to those before.

use serde_json::{Value, json};

/// An annotation as stored; a place that is not known is absent.
#[derive(Clone, Debug)]
pub(super) struct ReportedAnnotation {
    pub(super) level: String,
    pub(super) message: String,
    pub(super) title: Option<String>,
    pub(super) path: Option<String>,
    pub(super) start_line: Option<i32>,
    pub(super) end_line: Option<i32>,
    pub(super) start_column: Option<i32>,
    pub(super) end_column: Option<i32>,
}

/// GitHub refuses a request with more.
pub(super) const MAX_AT_ONCE: usize = 50;

/// GitHub's limits, in bytes; we keep away from them as an escape sequence may count for more.
const MAX_MESSAGE_BYTES: usize = 60 * 1024;
const MAX_TITLE_CHARACTERS: usize = 255;

/// Where GitHub shows an annotation that has no place.
const NO_PLACE: &str = ".github";

/// The next request's annotations, after `n_sent` of them.
pub(super) fn next_batch(all: &[ReportedAnnotation], n_sent: usize) -> Vec<Value> {
    all.iter().skip(n_sent).take(MAX_AT_ONCE).map(annotation).collect()
}

fn annotation(view: &ReportedAnnotation) -> Value {
    let start_line = view.start_line.unwrap_or(1).max(1);
    let end_line = view.end_line.unwrap_or(start_line).max(start_line);
    let mut body = json!({
        "path": view.path.as_deref().unwrap_or(NO_PLACE),
        "start_line": start_line,
        "end_line": end_line,
        "annotation_level": view.level,
        "message": cut(&view.message),
    });
    if let Some(title) = &view.title {
        body["title"] = title.chars().take(MAX_TITLE_CHARACTERS).collect::<String>().into();
    }
    // GitHub refuses columns of an annotation over several lines.
    if let (Some(column), true) = (view.start_column, start_line == end_line) {
        body["start_column"] = column.into();
        body["end_column"] = view.end_column.unwrap_or(column).max(column).into();
    }
    body
}

/// GitHub refuses an empty message.
fn cut(message: &str) -> &str {
    if message.is_empty() {
        return "(no message)";
    }
    let mut end = message.len().min(MAX_MESSAGE_BYTES);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    &message[..end]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ReportedAnnotation, next_batch};

    fn view(message: &str) -> ReportedAnnotation {
        ReportedAnnotation {
            level: "warning".into(),
            message: message.into(),
            title: None,
            path: None,
            start_line: None,
            end_line: None,
            start_column: None,
            end_column: None,
        }
    }

    #[test]
    fn batches_have_fifty_and_the_last_one_the_rest() {
        let all: Vec<_> = (0..120).map(|number| view(&number.to_string())).collect();
        let lengths = [0, 50, 100, 120].map(|n_sent| next_batch(&all, n_sent).len());
        assert_eq!(lengths, [50, 50, 20, 0]);
        assert_eq!(next_batch(&all, 50)[0]["message"], "50");
    }

    #[test]
    fn what_github_would_refuse_is_made_acceptable() {
        let long = view(&"é".repeat(60_000));
        let over_lines = ReportedAnnotation {
            start_line: Some(3),
            end_line: Some(5),
            start_column: Some(2),
            ..view("")
        };
        let batch = next_batch(&[long, over_lines], 0);
        assert!(batch[0]["message"].as_str().is_some_and(|text| text.len() <= 60 * 1024));
        let expected = json!({
            "path": ".github", "start_line": 3, "end_line": 5, "annotation_level": "warning",
            "message": "(no message)",
        });
        assert_eq!(batch[1], expected);
    }
}
