//! Values of `options:` as the engine's command line writes them.
//!
//! Invariant: an error names the option and what was given to it.

use std::time::Duration;

pub(super) fn number(name: &str, text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number for option `{name}`"))
}

/// `1h2m3s`, `500ms`, as Go writes durations.
pub(super) fn duration(name: &str, text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration for option `{name}`");
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let amount: f64 = rest[..end].parse().map_err(|_| wrong())?;
        let unit = rest[end..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |n| end + n);
        total += amount
            * match &rest[end..unit] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 0.001,
                "us" => 0.000_001,
                _ => return Err(wrong()),
            };
        rest = &rest[unit..];
    }
    Duration::try_from_secs_f64(total).map_err(|_| wrong())
}

/// `512m`, `2g`, with binary units as the engine has them.
pub(super) fn size(name: &str, text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is not a size for option `{name}`");
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &lower[digits.len()..] {
        "" | "b" => 1,
        "k" | "kb" => 1 << 10,
        "m" | "mb" => 1 << 20,
        "g" | "gb" => 1 << 30,
        _ => return Err(wrong()),
    };
    digits.parse::<i64>().ok().and_then(|n| n.checked_mul(unit)).ok_or_else(wrong)
}

pub(super) fn nano_cpus(name: &str, text: &str) -> Result<i64, String> {
    let cpus: f64 =
        text.parse().map_err(|_| format!("`{text}` is not a number for option `{name}`"))?;
    if !(0.0..=1024.0).contains(&cpus) {
        return Err(format!("`{text}` is out of range for option `{name}`"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
    Ok((cpus * 1e9) as i64)
}

/// `1024` or `1024:2048`, soft and hard.
pub(super) fn ulimit(name: &str, text: &str) -> Result<(String, i64, i64), String> {
    let wrong = || format!("`{text}` is not NAME=SOFT[:HARD] for option `{name}`");
    let (limit, values) = text.split_once('=').ok_or_else(wrong)?;
    let (soft, hard) = values.split_once(':').unwrap_or((values, values));
    let number = |text: &str| text.parse::<i64>().map_err(|_| wrong());
    Ok((limit.to_owned(), number(soft)?, number(hard)?))
}

/// `NAME=VALUE`, or `NAME` for an empty value.
pub(super) fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (name.to_owned(), value.to_owned())
}
