//! Writing for people.
//!
//! Invariant: a closed pipe ends the command quietly, it is not an error to report.

use std::io::{IsTerminal, Write};

use chrono::{DateTime, Utc};
use serde_json::Value;

/// Writes a line to standard output.
pub(super) fn line(text: impl AsRef<str>) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    match writeln!(output, "{}", text.as_ref()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            anyhow::bail!(ClosedPipe)
        }
        result => Ok(result?),
    }
}

/// Nobody reads any more.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the output any more")]
pub(super) struct ClosedPipe;

/// Writes rows with aligned columns.
pub(super) fn table(rows: &[Vec<String>]) -> anyhow::Result<()> {
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<_> = (0..n_columns).map(|column| width(column).unwrap_or(0)).collect();
    for row in rows {
        let cells: Vec<_> =
            row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
        line(cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// The text of a field; empty when it is absent or null.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// `success`, `in_progress`: the conclusion once there is one.
pub(super) fn state(value: &Value) -> &str {
    match text(value, "conclusion") {
        "" => text(value, "status"),
        conclusion => conclusion,
    }
}

/// One character for a state, in colour on a terminal.
pub(super) fn mark(state: &str) -> String {
    let (mark, colour) = match state {
        "success" => ("✓", 32),
        "failure" | "timed_out" | "startup_failure" => ("✗", 31),
        "cancelled" => ("!", 33),
        "skipped" | "neutral" | "stale" => ("-", 90),
        "waiting" | "action_required" => ("?", 33),
        "in_progress" => ("*", 36),
        _ => ("·", 90),
    };
    match std::io::stdout().is_terminal() {
        true => format!("\u{1b}[{colour}m{mark}\u{1b}[0m"),
        false => mark.to_owned(),
    }
}

/// The time between two fields, as `1m 02s`; empty when it has not begun.
pub(super) fn duration(value: &Value, from: &str, to: &str) -> String {
    let time = |key: &str| value[key].as_str()?.parse::<DateTime<Utc>>().ok();
    let Some(from) = time(from) else {
        return String::new();
    };
    elapsed((time(to).unwrap_or_else(Utc::now) - from).num_milliseconds())
}

/// `0.4s`, `12s`, `3m 05s`, `1h 02m`.
pub(super) fn elapsed(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1000;
    match seconds {
        0..10 => format!("{}.{}s", seconds, milliseconds.max(0) % 1000 / 100),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let cases = [(0, "0.0s"), (450, "0.4s"), (12_345, "12s"), (185_000, "3m 05s")];
        for (milliseconds, expected) in cases {
            assert_eq!(elapsed(milliseconds), expected);
        }
        assert_eq!(elapsed(3_720_000), "1h 02m");
    }
}
