//! The part of a blob that a request asks for. Pure.

use std::ops::Range;

use axum::http::{HeaderMap, HeaderName, header};

/// Azure's clients say it here, and mean this one when both are there.
const AZURE_RANGE: HeaderName = HeaderName::from_static("x-ms-range");

/// What `Range` says of a blob of this size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    Some(Range<u64>),
    /// It begins behind the end.
    Unsatisfiable,
}

/// The part that the headers ask for. What is no single range of bytes asks for all, as RFC 9110 has it.
pub(super) fn part(headers: &HeaderMap, size: u64) -> Part {
    let value = headers.get(AZURE_RANGE).or_else(|| headers.get(header::RANGE));
    let spec = value.and_then(|value| value.to_str().ok()?.trim().strip_prefix("bytes="));
    match spec.and_then(|spec| range(spec, size)) {
        None => Part::Whole,
        Some(range) if range.is_empty() => Part::Unsatisfiable,
        Some(range) => Part::Some(range),
    }
}

fn range(spec: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = spec.split_once('-')?;
    if first.is_empty() {
        let n_last: u64 = last.parse().ok()?;
        return Some(size.saturating_sub(n_last)..size);
    }
    let first: u64 = first.parse().ok()?;
    let last = if last.is_empty() { size } else { last.parse::<u64>().ok()?.saturating_add(1) };
    (last > first || first >= size).then(|| first..last.min(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &'static str, value: &'static str) -> Part {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a value"));
        part(&headers, 100)
    }

    #[test]
    fn ranges_are_read_as_the_rfc_has_them() {
        assert_eq!(of("range", "bytes=0-9"), Part::Some(0..10));
        assert_eq!(of("range", "bytes=90-"), Part::Some(90..100));
        assert_eq!(of("range", "bytes=90-500"), Part::Some(90..100));
        assert_eq!(of("range", "bytes=-10"), Part::Some(90..100));
        assert_eq!(of("range", "bytes=-500"), Part::Some(0..100));
        assert_eq!(of("range", "bytes=100-"), Part::Unsatisfiable);
        assert_eq!(of("x-ms-range", "bytes=5-5"), Part::Some(5..6));
        for all in ["bytes=9-5", "bytes=a-b", "lines=1-2", "bytes=1-2,5-6", "bytes=5"] {
            assert_eq!(of("range", all), Part::Whole, "{all}");
        }
    }
}
