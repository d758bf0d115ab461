//! Matchers at work, line by line.
//!
//! Invariant: the newest matcher comes first, and a line that one of them takes makes the others
//! start anew.

use std::borrow::Cow;

use fancy_regex::{Captures, Regex};

use super::config::{MatcherConfig, PatternConfig};
use super::pattern::compile;
use crate::command::AnnotationLevel;

/// The matchers of a job, newest first.
#[derive(Debug, Default)]
pub struct Matchers {
    active: Vec<Matcher>,
}

/// What the matchers make of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    pub issue: Option<Issue>,
    /// Owners of matchers that needed too much time and were removed.
    pub dropped: Vec<String>,
}

/// A message about the code that a tool printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    pub level: AnnotationLevel,
    pub message: String,
    /// As the tool printed it.
    pub file: Option<String>,
    /// A file, such as a project's, that `file` is relative to.
    pub from_path: Option<String>,
    pub line: Option<u32>,
    pub column: Option<u32>,
    /// The line as it stands in the log, without colours.
    pub text: String,
}

#[derive(Debug)]
struct Matcher {
    config: MatcherConfig,
    regexes: Vec<Regex>,
    /// What the patterns up to and with this one have found in the lines before.
    running: Vec<Option<Found>>,
}

/// The values found so far; the first one that is found counts.
#[derive(Clone, Debug, Default)]
struct Found {
    file: Option<String>,
    from_path: Option<String>,
    line: Option<String>,
    column: Option<String>,
    severity: Option<String>,
    message: Option<String>,
}

impl Matchers {
    /// Adds matchers before all others; one of the same owner is replaced.
    pub fn add(&mut self, configs: Vec<MatcherConfig>) -> Result<(), String> {
        let mut new = configs.into_iter().map(Matcher::new).collect::<Result<Vec<_>, _>>()?;
        new.iter().for_each(|matcher| self.remove(&matcher.config.owner));
        new.append(&mut self.active);
        self.active = new;
        Ok(())
    }

    pub fn remove(&mut self, owner: &str) {
        self.active.retain(|matcher| !is_same(&matcher.config.owner, owner));
    }

    /// All matchers, in the order in which [`Self::add`] takes them.
    #[must_use]
    pub fn configs(&self) -> Vec<MatcherConfig> {
        self.active.iter().map(|matcher| matcher.config.clone()).collect()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    /// Looks for a message in the next line that a step printed.
    pub fn scan(&mut self, line: &str) -> Scan {
        let text = without_colours(line);
        let mut scan = Scan::default();
        let mut index = 0;
        while let Some(matcher) = self.active.get_mut(index) {
            match matcher.take(&text) {
                Ok(Some(found)) => {
                    let others = self.active.iter_mut().enumerate().filter(|(n, _)| *n != index);
                    others.for_each(|(_, other)| other.reset());
                    scan.issue = found.into_issue(&text);
                    if scan.issue.is_some() {
                        break;
                    }
                }
                Ok(None) => {}
                Err(()) => {
                    scan.dropped.push(self.active.remove(index).config.owner);
                    continue;
                }
            }
            index += 1;
        }
        scan
    }
}

fn is_same(owner: &str, other: &str) -> bool {
    owner.to_lowercase() == other.to_lowercase()
}

impl Matcher {
    fn new(config: MatcherConfig) -> Result<Self, String> {
        let regexes = config.patterns.iter().map(|pattern| compile(&pattern.regexp));
        let regexes = regexes.collect::<Result<Vec<_>, _>>()?;
        let running = vec![None; regexes.len().saturating_sub(1)];
        Ok(Self { config, regexes, running })
    }

    fn reset(&mut self) {
        self.running.fill(None);
    }

    /// What the last pattern completes. Later patterns come first, so that a line continues what
    /// the lines before began and may begin something itself. An error is a pattern that takes too
    /// long.
    fn take(&mut self, line: &str) -> Result<Option<Found>, ()> {
        let last = self.regexes.len() - 1;
        for index in (0..=last).rev() {
            let before = match index.checked_sub(1) {
                Some(previous) => match self.running[previous].clone() {
                    Some(before) => before,
                    None => continue,
                },
                None => Found::default(),
            };
            let pattern = &self.config.patterns[index];
            let captures = self.regexes[index].captures(line).map_err(drop)?;
            let found = captures.map(|captures| before.clone().with(pattern, &captures));
            if index < last {
                self.running[index] = found;
            } else if let Some(found) = found {
                let goes_on = pattern.loops;
                self.reset();
                if goes_on {
                    self.running[last - 1] = Some(before);
                }
                return Ok(Some(found.or_default(&self.config)));
            } else if last > 0 {
                self.running[last - 1] = None;
            }
        }
        Ok(None)
    }
}

impl Found {
    fn with(mut self, pattern: &PatternConfig, captures: &Captures<'_, str>) -> Self {
        let value = |group: Option<i64>| {
            let group = captures.get(usize::try_from(group?).ok()?)?.as_str();
            (!group.is_empty()).then(|| group.to_owned())
        };
        let set = |field: &mut Option<String>, group| {
            if field.is_none() {
                *field = value(group);
            }
        };
        set(&mut self.file, pattern.file);
        set(&mut self.from_path, pattern.from_path);
        set(&mut self.line, pattern.line);
        set(&mut self.column, pattern.column);
        set(&mut self.severity, pattern.severity);
        set(&mut self.message, pattern.message);
        self
    }

    fn or_default(mut self, config: &MatcherConfig) -> Self {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        self.severity = self.severity.or_else(|| given(&config.severity));
        self.from_path = self.from_path.or_else(|| given(&config.from_path));
        self
    }

    /// `None` for an empty message and for a severity that is none.
    fn into_issue(self, text: &str) -> Option<Issue> {
        let message = self.message.filter(|message| !message.trim().is_empty())?;
        let level = match self.severity.unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "error" => AnnotationLevel::Error,
            "warning" => AnnotationLevel::Warning,
            "notice" => AnnotationLevel::Notice,
            _ => return None,
        };
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
        let path = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Some(Issue {
            level,
            message,
            file: path(self.file),
            from_path: path(self.from_path),
            line: number(self.line),
            column: number(self.column),
            text: text.to_owned(),
        })
    }
}

/// The line without what sets colours: `ESC [ 1 ; 31 m`.
fn without_colours(line: &str) -> Cow<'_, str> {
    if !line.contains("\u{1b}[") {
        return Cow::Borrowed(line);
    }
    let mut pieces = line.split("\u{1b}[");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        text.push_str(rest.strip_prefix('m').unwrap_or(rest));
    }
    Cow::Owned(text)
}
