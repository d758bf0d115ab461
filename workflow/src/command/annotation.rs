//! Annotations that `::error`, `::warning` and `::notice` make.
//!
//! Does not translate paths or cut messages. Invariant: the position of an annotation is consistent;
//! what contradicts itself was repaired or dropped (`semantics` 5.7).

use super::line::RawCommand;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnnotationLevel {
    Error,
    Warning,
    Notice,
}

/// A message about a place in a file, or about none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    pub level: AnnotationLevel,
    pub message: String,
    pub title: Option<String>,
    /// As the job named it; relative or absolute, within the container.
    pub file: Option<String>,
    pub line: Option<i32>,
    pub end_line: Option<i32>,
    pub column: Option<i32>,
    pub end_column: Option<i32>,
}

impl Annotation {
    pub(super) fn from_command(level: AnnotationLevel, command: &RawCommand) -> Self {
        let text = |key| command.property(key).map(str::to_owned);
        let number = |key| command.property(key).and_then(|value| value.trim().parse().ok());
        let mut annotation = Self {
            level,
            message: command.data.clone(),
            title: text("title"),
            file: text("file"),
            line: number("line"),
            end_line: number("endLine"),
            column: number("col"),
            end_column: number("endColumn"),
        };
        annotation.repair();
        annotation
    }

    fn repair(&mut self) {
        self.line = self.line.or(self.end_line);
        self.column = self.column.or(self.end_column);
        let several_lines = self.end_line.is_some() && self.line != self.end_line;
        if self.line.is_none() || several_lines {
            self.drop_columns();
        }
        if self.end_line.is_some() && self.end_line < self.line {
            self.line = None;
            self.end_line = None;
        }
        if self.end_column.is_some() && self.end_column < self.column {
            self.drop_columns();
        }
    }

    fn drop_columns(&mut self) {
        self.column = None;
        self.end_column = None;
    }
}
