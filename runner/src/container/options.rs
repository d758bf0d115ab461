//! The allowed part of `options:` of containers and services.
//!
//! An allow-list: whatever could reach beyond the container is refused by name
//! (`reliability-security` S14). Invariant: an option that is not understood is an error, never
//! ignored.

use std::time::Duration;

use super::spec::ContainerSpec;
use crate::words::split_words;

/// Applies `options` to `spec`; the error is a sentence for the user.
pub(crate) fn parse_options(options: &str, spec: &mut ContainerSpec) -> Result<(), String> {
    let words = split_words(options).ok_or("a quote in `options` is not closed")?;
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let (name, inline) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => {
                (name.to_owned(), Some(value.to_owned()))
            }
            _ => (word, None),
        };
        if apply_flag(&name, inline.as_deref(), spec) {
            continue;
        }
        let mut value = || {
            inline
                .clone()
                .or_else(|| words.next())
                .ok_or_else(|| format!("option `{name}` needs a value"))
        };
        apply_value(&name, &mut value, spec)?;
    }
    Ok(())
}

fn apply_flag(name: &str, inline: Option<&str>, spec: &mut ContainerSpec) -> bool {
    let on = inline.is_none_or(|value| value == "true");
    match name {
        "--init" => spec.init = on,
        "--no-healthcheck" => spec.health.disabled = on,
        _ => return false,
    }
    true
}

fn apply_value(
    name: &str,
    value: &mut dyn FnMut() -> Result<String, String>,
    spec: &mut ContainerSpec,
) -> Result<(), String> {
    match name {
        "--health-cmd" => spec.health.command = Some(value()?),
        "--health-interval" => spec.health.interval = Some(duration(name, &value()?)?),
        "--health-timeout" => spec.health.timeout = Some(duration(name, &value()?)?),
        "--health-start-period" => spec.health.start_period = Some(duration(name, &value()?)?),
        "--health-retries" => spec.health.retries = Some(number(name, &value()?)?),
        "--user" | "-u" => spec.user = Some(value()?),
        "--hostname" | "-h" => spec.hostname = Some(value()?),
        "--memory" | "-m" => spec.memory_bytes = Some(size(name, &value()?)?),
        "--shm-size" => spec.shm_bytes = Some(size(name, &value()?)?),
        "--cpus" => spec.nano_cpus = Some(nano_cpus(name, &value()?)?),
        "--env" | "-e" => {
            let pair = value()?;
            let (key, value) = pair.split_once('=').unwrap_or((&pair, ""));
            spec.environment.push((key.to_owned(), value.to_owned()));
        }
        _ => return Err(format!("option `{name}` is not allowed for containers on this runner")),
    }
    Ok(())
}

fn number(name: &str, text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number for option `{name}`"))
}

/// `1h2m3s`, `500ms`, as Go writes durations.
fn duration(name: &str, text: &str) -> Result<Duration, String> {
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
fn size(name: &str, text: &str) -> Result<i64, String> {
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

fn nano_cpus(name: &str, text: &str) -> Result<i64, String> {
    let cpus: f64 =
        text.parse().map_err(|_| format!("`{text}` is not a number for option `{name}`"))?;
    if !(0.0..=1024.0).contains(&cpus) {
        return Err(format!("`{text}` is out of range for option `{name}`"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
    Ok((cpus * 1e9) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(options: &str) -> Result<ContainerSpec, String> {
        let mut spec = ContainerSpec::default();
        parse_options(options, &mut spec).map(|()| spec)
    }

    #[test]
    fn health_options_as_written_for_postgres() {
        let text = "--health-cmd \"pg_isready -U ci\" --health-interval=500ms\n --health-retries 5";
        let spec = parse(text).unwrap();
        assert_eq!(spec.health.command.as_deref(), Some("pg_isready -U ci"));
        assert_eq!(spec.health.interval, Some(Duration::from_millis(500)));
        assert_eq!(spec.health.retries, Some(5));
    }

    #[test]
    fn sizes_and_cpus_have_the_engines_units() {
        let spec = parse("--memory 2g --cpus 1.5 -e A=b=c").unwrap();
        assert_eq!(spec.memory_bytes, Some(2 << 30));
        assert_eq!(spec.nano_cpus, Some(1_500_000_000));
        assert_eq!(spec.environment, [("A".to_owned(), "b=c".to_owned())]);
    }

    #[test]
    fn what_reaches_beyond_the_container_is_refused_by_name() {
        let spellings = [
            "--privileged",
            "--privileged=true",
            "--priv",
            "-v /:/host",
            "--mount type=bind,src=/,dst=/h",
            "--pid=host",
            "--network host",
            "--cap-add ALL",
            "--security-opt seccomp=unconfined",
            "--device /dev/kvm",
            "--volumes-from x",
            "'--privileged'",
        ];
        for options in spellings {
            let error = parse(options).unwrap_err();
            assert!(error.contains("is not allowed"), "{options}: {error}");
        }
    }

    #[test]
    fn malformed_values_name_their_option() {
        assert!(parse("--memory lots").unwrap_err().contains("--memory"));
        assert!(parse("--health-interval 5").unwrap_err().contains("--health-interval"));
        assert!(parse("--health-cmd").unwrap_err().contains("needs a value"));
        assert!(parse("--health-cmd \"x").unwrap_err().contains("not closed"));
    }
}
