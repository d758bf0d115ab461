//! `schedule`: POSIX cron lines, time zones, and when they are due (`semantics` 3.4).
//!
//! Holds no clock: the caller gives the instant. Invariant: the due times of a line are a fixed set,
//! whatever instant one asks from, and two of them are at least [`MIN_INTERVAL_MINUTES`] apart.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::CronParser;

/// Shortest distance between two due times, in minutes (GitHub's documented minimum). A line that
/// asks for more is thinned out to at most one due time per five-minute slot of the hour.
pub const MIN_INTERVAL_MINUTES: i64 = 5;

/// A slot is thinned out by looking at the slots before it. The offset within the slot falls with
/// each slot that is too near to the one before, so that five slots always reach the first.
const SLOTS_LOOKED_BACK: i64 = 5;

/// Due times tried before a line counts as never due again.
const MAX_TRIES: usize = 1_000;

/// Longest cron line read, in bytes.
const MAX_LENGTH: usize = 500;

/// Why a cron line or its time zone is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CronError {
    pub message: String,
}

/// A checked cron line with its time zone.
#[derive(Clone, Debug)]
pub struct CronSchedule {
    cron: Cron,
    timezone: Tz,
}

/// The first due time of `cron` strictly after `after`; `None` when there is none.
///
/// # Errors
/// When `cron` is not five POSIX fields or `timezone` is not an IANA name.
pub fn next_after(
    cron: &str,
    timezone: Option<&str>,
    after: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, CronError> {
    Ok(CronSchedule::parse(cron, timezone)?.next_after(after))
}

impl CronSchedule {
    /// Checks a cron line; UTC when `timezone` is absent.
    ///
    /// # Errors
    /// When `cron` is not five POSIX fields or `timezone` is not an IANA name.
    pub fn parse(cron: &str, timezone: Option<&str>) -> Result<Self, CronError> {
        let line = gate(cron)
            .map_err(|problem| refuse(format!("Invalid cron expression `{cron}`: {problem}")))?;
        let timezone = match timezone {
            None => Tz::UTC,
            Some(name) => name.parse().map_err(|_| {
                refuse(format!(
                    "Invalid timezone `{name}`: an IANA name such as `Europe/Berlin` is expected"
                ))
            })?,
        };
        let cron = CronParser::new()
            .parse(&line)
            .map_err(|error| refuse(format!("Invalid cron expression `{cron}`: {error}")))?;
        Ok(Self { cron, timezone })
    }

    /// The first due time strictly after `after`; `None` when there is none.
    #[must_use]
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut due = self.raw_after(after)?;
        for _ in 0..MAX_TRIES {
            if self.is_kept(due) {
                return Some(due);
            }
            due = self.raw_after(due)?;
        }
        None
    }

    /// The next due time of the line as written, before thinning out.
    fn raw_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = after.with_timezone(&self.timezone);
        let due = self.cron.find_next_occurrence(&local, false).ok()?;
        Some(due.with_timezone(&Utc))
    }

    /// Whether `due` is the first of its slot and not too near to the last one kept before it.
    fn is_kept(&self, due: DateTime<Utc>) -> bool {
        let first_slot = slot(due) - SLOTS_LOOKED_BACK;
        let Some(start) = DateTime::from_timestamp(first_slot * MIN_INTERVAL_MINUTES * 60 - 1, 0)
        else {
            return false;
        };
        let mut seen_slot = None;
        let mut kept: Option<DateTime<Utc>> = None;
        let mut candidate = self.raw_after(start);
        while let Some(at) = candidate.filter(|at| *at <= due) {
            let is_first = seen_slot.replace(slot(at)) != Some(slot(at));
            let is_apart =
                kept.is_none_or(|last| at - last >= TimeDelta::minutes(MIN_INTERVAL_MINUTES));
            if is_first && is_apart {
                kept = Some(at);
            }
            candidate = self.raw_after(at);
        }
        kept == Some(due)
    }
}

/// The number of the five-minute slot an instant is in.
fn slot(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(MIN_INTERVAL_MINUTES * 60)
}

fn refuse(message: String) -> CronError {
    CronError { message }
}

/// What one of the five fields may hold.
struct Field {
    name: &'static str,
    min: u32,
    max: u32,
    /// Three-letter names of the values from `min` on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", min: 0, max: 59, names: &[] },
    Field { name: "hour", min: 0, max: 23, names: &[] },
    Field { name: "day of the month", min: 1, max: 31, names: &[] },
    Field {
        name: "month",
        min: 1,
        max: 12,
        names: &[
            "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
        ],
    },
    Field {
        name: "day of the week",
        min: 0,
        max: 6,
        names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
    },
];

/// Lets through exactly GitHub's cron lines, in the form the scheduler reads: what it reads beyond
/// them (`@daily`, `L`, `#`, `?`, 7 for Sunday, seconds) would not run on GitHub.
fn gate(cron: &str) -> Result<String, String> {
    if cron.len() > MAX_LENGTH {
        return Err(format!("it is longer than {MAX_LENGTH} characters"));
    }
    if cron.trim_start().starts_with('@') {
        return Err("names such as `@daily` are not supported; write five fields".to_owned());
    }
    let texts: Vec<&str> = cron.split_whitespace().collect();
    if texts.len() != FIELDS.len() {
        return Err(format!(
            "five fields are expected (minute hour day month weekday), but it has {}",
            texts.len()
        ));
    }
    let fields = FIELDS
        .iter()
        .zip(texts)
        .map(|(field, text)| {
            field.read(text).map_err(|problem| format!("{}: {problem}", field.name))
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(fields.join(" "))
}

impl Field {
    fn read(&self, text: &str) -> Result<String, String> {
        let items = text.split(',').map(|item| self.item(item)).collect::<Result<Vec<_>, _>>()?;
        Ok(items.join(","))
    }

    /// `*`, `a`, `a-b`, each with `/step`; `a/step` counts from `a` to the field's end.
    fn item(&self, item: &str) -> Result<String, String> {
        let (range, step) = match item.split_once('/') {
            None => (item, None),
            Some((range, step)) => (range, Some(self.step(step)?)),
        };
        let (low, high) = match range.split_once('-') {
            _ if range == "*" => (None, self.max),
            Some((low, high)) => (Some(self.value(low)?), self.value(high)?),
            None => {
                let value = self.value(range)?;
                (Some(value), if step.is_some() { self.max } else { value })
            }
        };
        Ok(match (low, step) {
            (None, None) => "*".to_owned(),
            (None, Some(step)) => format!("*/{step}"),
            (Some(low), _) if low > high => return Err(format!("`{item}` runs backwards")),
            (Some(low), None) if low == high => low.to_string(),
            (Some(low), None) => format!("{low}-{high}"),
            (Some(low), Some(step)) => format!("{low}-{high}/{step}"),
        })
    }

    fn step(&self, text: &str) -> Result<u32, String> {
        match number(text) {
            Some(step) if step > 0 && step <= self.max => Ok(step),
            _ => Err(format!("`/{text}` is not a step from 1 to {}", self.max)),
        }
    }

    fn value(&self, text: &str) -> Result<u32, String> {
        let by_name = || {
            let at = self.names.iter().position(|name| name.eq_ignore_ascii_case(text))?;
            Some(self.min + u32::try_from(at).ok()?)
        };
        number(text)
            .filter(|value| (self.min..=self.max).contains(value))
            .or_else(by_name)
            .ok_or_else(|| format!("`{text}` is not a value from {} to {}", self.min, self.max))
    }
}

fn number(text: &str) -> Option<u32> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}
