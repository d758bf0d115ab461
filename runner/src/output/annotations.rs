//! The annotations of one step, within GitHub's limits (`semantics` 5.8).
//!
//! Invariant: an annotation beyond a limit is only dropped here, never from the log.

use gantry_protocol::{Annotation, AnnotationLevel};
use gantry_workflow::command;

/// Annotations of one level that a step may make; later ones are only log lines.
const MOST_PER_LEVEL: usize = 10;

/// Characters of a message, a title or a path; the rest is cut.
const LONGEST_MESSAGE: usize = 4096;

/// Collects what a step says about the code.
#[derive(Clone, Debug, Default)]
pub(super) struct Annotations {
    kept: Vec<Annotation>,
}

impl Annotations {
    /// `annotation` is masked already.
    pub(super) fn add(&mut self, mut annotation: Annotation) {
        if self.keeps(annotation.level) {
            let Annotation { message, title, path, .. } = &mut annotation;
            for text in [Some(message), title.as_mut(), path.as_mut()].into_iter().flatten() {
                if let Some((cut, _)) = text.char_indices().nth(LONGEST_MESSAGE) {
                    text.truncate(cut);
                }
            }
            self.kept.push(annotation);
        }
    }

    pub(super) fn from_vec(kept: Vec<Annotation>) -> Self {
        Self { kept }
    }

    /// Whether there is room for one more.
    pub(super) fn keeps(&self, level: AnnotationLevel) -> bool {
        self.kept.iter().filter(|other| other.level == level).count() < MOST_PER_LEVEL
    }

    pub(super) fn into_vec(self) -> Vec<Annotation> {
        self.kept
    }
}

pub(super) fn level(level: command::AnnotationLevel) -> AnnotationLevel {
    match level {
        command::AnnotationLevel::Error => AnnotationLevel::Failure,
        command::AnnotationLevel::Warning => AnnotationLevel::Warning,
        command::AnnotationLevel::Notice => AnnotationLevel::Notice,
    }
}

/// The word in a log line's marker.
pub(super) fn marker(level: AnnotationLevel) -> &'static str {
    match level {
        AnnotationLevel::Failure => "error",
        AnnotationLevel::Warning => "warning",
        AnnotationLevel::Notice => "notice",
    }
}

/// A message about a step as a whole.
pub(super) fn annotation(level: AnnotationLevel, message: String, step_number: u32) -> Annotation {
    Annotation {
        level,
        message,
        title: None,
        path: None,
        start_line: None,
        end_line: None,
        start_column: None,
        end_column: None,
        step_number,
        log_line: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_error_of_a_step_is_log_only_and_a_warning_still_counts() {
        let mut annotations = Annotations::default();
        (0..11)
            .for_each(|n| annotations.add(annotation(AnnotationLevel::Failure, n.to_string(), 1)));
        annotations.add(annotation(AnnotationLevel::Warning, "w".to_owned(), 1));
        let kept = annotations.into_vec();
        assert_eq!(kept.len(), 11);
        assert_eq!(kept.last().map(|last| last.message.as_str()), Some("w"));
    }

    #[test]
    fn long_messages_are_cut_at_a_character() {
        let mut annotations = Annotations::default();
        annotations.add(annotation(AnnotationLevel::Notice, "ü".repeat(5000), 1));
        assert_eq!(annotations.into_vec()[0].message.chars().count(), LONGEST_MESSAGE);
    }
}
