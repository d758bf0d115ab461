//! Replaces secrets in lines of text by `***`.
//!
//! Works on whole lines: a secret that spans lines is covered because each of its lines is a secret.
//! Invariant: no occurrence of any form of any secret survives, and no secret appears in `Debug`.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError, Input};

use super::encoding::forms_of;

const STARS: &str = "***";

/// Forms that are searched by an automaton of their own until there are more of them. Adding a
/// secret rebuilds only this small one, so that a job that adds thousands stays fast.
const MAX_RECENT_FORMS: usize = 256;

/// Up to so many bytes of forms, all of them are searched at once, by the fastest kind of automaton: it
/// takes about a thousand bytes for one of a form, and few jobs have more secrets.
const MAX_FAST_BYTES: usize = 8 * 1024;

/// The secrets of a job. A clone does not see secrets that are added later.
#[derive(Clone, Default)]
pub struct Masker {
    /// Values as they were added, to know them again.
    known: HashSet<String>,
    settled: Forms,
    recent: Forms,
}

/// Forms and the automaton that finds them; `None` when there are no forms.
#[derive(Clone, Default)]
struct Forms {
    forms: Vec<String>,
    automaton: Option<AhoCorasick>,
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Masker").field("n_secrets", &self.known.len()).finish_non_exhaustive()
    }
}

impl Masker {
    /// A masker of all the secrets; faster than adding one after the other.
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Result<Self, MaskError> {
        let mut masker = Self::default();
        let mut forms = Vec::new();
        for secret in secrets {
            if masker.known.insert(secret.to_owned()) {
                forms.extend(forms_of(secret));
            }
        }
        masker.settled.extend(forms)?;
        Ok(masker)
    }

    /// Masks `secret` from now on. White space alone is no secret.
    pub fn add(&mut self, secret: &str) -> Result<(), MaskError> {
        if !self.known.insert(secret.to_owned()) {
            return Ok(());
        }
        let forms = forms_of(secret);
        if self.recent.forms.is_empty() && self.settled.bytes() + bytes_of(&forms) <= MAX_FAST_BYTES
        {
            self.settled.extend(forms)?;
            return Ok(());
        }
        self.recent.extend(forms)?;
        if self.recent.forms.len() > MAX_RECENT_FORMS {
            let recent = std::mem::take(&mut self.recent);
            self.settled.extend(recent.forms)?;
        }
        Ok(())
    }

    /// Whether any form of any secret is in `text`.
    #[must_use]
    pub fn contains_secret(&self, text: &str) -> bool {
        self.settled.is_in(text) || self.recent.is_in(text)
    }

    /// The text with `***` in place of secrets. What overlaps or touches becomes one `***`.
    #[must_use]
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.contains_secret(text) {
            return Cow::Borrowed(text);
        }
        let mut ranges = self.settled.find(text);
        ranges.extend(self.recent.find(text));
        ranges.sort_unstable();
        let mut masked = String::with_capacity(text.len());
        let mut end_of_last = None;
        for (start, end) in ranges {
            match end_of_last {
                Some(last) if start <= last => end_of_last = Some(end.max(last)),
                _ => {
                    masked.push_str(&text[end_of_last.unwrap_or(0)..start]);
                    masked.push_str(STARS);
                    end_of_last = Some(end);
                }
            }
        }
        masked.push_str(&text[end_of_last.unwrap_or(0)..]);
        Cow::Owned(masked)
    }
}

impl Forms {
    fn extend(&mut self, forms: Vec<String>) -> Result<(), MaskError> {
        if forms.is_empty() {
            return Ok(());
        }
        self.forms.extend(forms);
        self.forms.sort_unstable();
        self.forms.dedup();
        let is_small = self.bytes() <= MAX_FAST_BYTES;
        let kind = is_small.then_some(AhoCorasickKind::DFA);
        self.automaton = Some(AhoCorasick::builder().kind(kind).build(&self.forms)?);
        Ok(())
    }

    fn bytes(&self) -> usize {
        bytes_of(&self.forms)
    }

    fn is_in(&self, text: &str) -> bool {
        self.automaton.as_ref().is_some_and(|automaton| automaton.is_match(text))
    }

    /// All occurrences, of which many may overlap, merged as far as they come in order.
    fn find(&self, text: &str) -> Vec<(usize, usize)> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for found in automaton.find_overlapping_iter(Input::new(text)) {
            let (start, end) = (found.start(), found.end());
            // Matches come by their ends, so only the last range can touch, or be within, this one.
            match ranges.last_mut() {
                Some(last) if start <= last.1 && last.0 <= start => last.1 = last.1.max(end),
                _ => ranges.push((start, end)),
            }
        }
        ranges
    }
}

fn bytes_of(forms: &[String]) -> usize {
    forms.iter().map(String::len).sum()
}

/// The secrets do not fit into an automaton: there are more than a few hundred megabytes of them.
#[derive(Debug, thiserror::Error)]
#[error("the secrets of the job are too large to be masked")]
pub struct MaskError(#[from] BuildError);
