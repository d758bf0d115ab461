//! GitHub's date filter: `2026-01-01`, `>=2026-01-01`, `2026-01-01..2026-02-01`, `*..2026-02-01`.
//!
//! Pure. Invariant: a day includes all of its moments.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::http::error::ApiError;

/// From inclusive to exclusive; an absent end is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CreatedRange {
    pub(super) from: Option<DateTime<Utc>>,
    pub(super) before: Option<DateTime<Utc>>,
}

impl CreatedRange {
    /// An empty text is the open range.
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        Self::read(text).ok_or_else(|| {
            ApiError::unprocessable(format!("`{text}` is not a date or a range of dates"))
        })
    }

    fn read(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        if let Some((from, to)) = text.split_once("..") {
            let from = if from == "*" { None } else { Some(Moment::read(from)?.first) };
            let before = if to == "*" { None } else { Some(Moment::read(to)?.after) };
            return Some(Self { from, before });
        }
        let (from, before) = if let Some(date) = text.strip_prefix(">=") {
            (Some(Moment::read(date)?.first), None)
        } else if let Some(date) = text.strip_prefix("<=") {
            (None, Some(Moment::read(date)?.after))
        } else if let Some(date) = text.strip_prefix('>') {
            (Some(Moment::read(date)?.after), None)
        } else if let Some(date) = text.strip_prefix('<') {
            (None, Some(Moment::read(date)?.first))
        } else {
            let moment = Moment::read(text)?;
            (Some(moment.first), Some(moment.after))
        };
        Some(Self { from, before })
    }
}

/// A day or a second: its first instant, and the first one after it.
struct Moment {
    first: DateTime<Utc>,
    after: DateTime<Utc>,
}

impl Moment {
    fn read(text: &str) -> Option<Self> {
        if let Ok(day) = text.parse::<NaiveDate>() {
            let start = |day: NaiveDate| day.and_hms_opt(0, 0, 0).map(|time| time.and_utc());
            return Some(Self { first: start(day)?, after: start(day + Days::new(1))? });
        }
        // In a query a `+` of an offset arrives as a space.
        let first = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok()?.to_utc();
        Some(Self { first, after: first + TimeDelta::seconds(1) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_githubs_filter_is_read() {
        let day = |text: &str| Some(format!("{text}T00:00:00Z").parse().expect("a time"));
        let table = [
            ("", (None, None)),
            ("2026-01-31", (day("2026-01-31"), day("2026-02-01"))),
            (">=2026-01-31", (day("2026-01-31"), None)),
            (">2026-01-31", (day("2026-02-01"), None)),
            ("<=2026-01-31", (None, day("2026-02-01"))),
            ("<2026-01-31", (None, day("2026-01-31"))),
            ("2026-01-01..2026-01-31", (day("2026-01-01"), day("2026-02-01"))),
            ("*..2026-01-31", (None, day("2026-02-01"))),
            ("2026-01-01..*", (day("2026-01-01"), None)),
            (">=2026-01-31T01:00:00 01:00", (day("2026-01-31"), None)),
        ];
        for (text, (from, before)) in table {
            assert_eq!(CreatedRange::read(text), Some(CreatedRange { from, before }), "{text}");
        }
        for text in ["yesterday", "2026-13-01", "..", "2026-01-01.."] {
            assert!(CreatedRange::read(text).is_none(), "{text}");
        }
    }
}
