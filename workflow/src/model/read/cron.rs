//! The cron lines GitHub accepts (`semantics` 3.4): five POSIX fields, no `@daily`, Sunday is 0.
//!
//! Only says whether a line is valid; when it fires is decided by the server.

/// A field's name, lowest and highest number, and the words for its numbers.
struct Field {
    name: &'static str,
    lowest: u32,
    highest: u32,
    words: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", lowest: 0, highest: 59, words: &[] },
    Field { name: "hour", lowest: 0, highest: 23, words: &[] },
    Field { name: "day of month", lowest: 1, highest: 31, words: &[] },
    Field {
        name: "month",
        lowest: 1,
        highest: 12,
        words: &[
            "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
        ],
    },
    Field {
        name: "day of week",
        lowest: 0,
        highest: 6,
        words: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
    },
];

/// Why `line` is no valid cron line, if it is none.
pub(super) fn problem(line: &str) -> Option<String> {
    let parts: Vec<&str> = line.split_whitespace().collect();
    if parts.len() != FIELDS.len() {
        return Some(format!("it has {} fields instead of 5", parts.len()));
    }
    let invalid = |(part, field): &(&&str, &Field)| !field.accepts(part);
    let (part, field) = parts.iter().zip(&FIELDS).find(invalid)?;
    Some(format!("`{part}` is no {}", field.name))
}

impl Field {
    fn accepts(&self, part: &str) -> bool {
        part.split(',').all(|item| self.accepts_item(item))
    }

    /// `*`, `n`, `n-m`, each with or without `/step`.
    fn accepts_item(&self, item: &str) -> bool {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let is_range = match range.split_once('-') {
            Some((from, to)) => match (self.number(from), self.number(to)) {
                (Some(from), Some(to)) => from <= to,
                _ => false,
            },
            None => range == "*" || self.number(range).is_some(),
        };
        is_range && step.is_none_or(|step| digits(step).is_some_and(|step| step > 0))
    }

    fn number(&self, text: &str) -> Option<u32> {
        let word = self.words.iter().position(|word| word.eq_ignore_ascii_case(text));
        match word {
            Some(index) => Some(self.lowest + u32::try_from(index).ok()?),
            None => digits(text).filter(|number| (self.lowest..=self.highest).contains(number)),
        }
    }
}

/// A number without a sign.
fn digits(text: &str) -> Option<u32> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn posix_lines_are_accepted() {
        for line in
            ["*/15 * * * *", "0 4,16 1-7 JAN-mar MON", "20/15 0 31 12 6", "  5  4  *  *  sun "]
        {
            assert_eq!(problem(line), None, "{line}");
        }
    }

    #[test]
    fn other_lines_are_refused_with_the_field() {
        let cases = [
            ("@daily", "it has 1 fields instead of 5"),
            ("* * * *", "it has 4 fields instead of 5"),
            ("60 * * * *", "`60` is no minute"),
            ("0 24 * * *", "`24` is no hour"),
            ("0 0 0 * *", "`0` is no day of month"),
            ("0 0 * 13 *", "`13` is no month"),
            ("0 0 * * 7", "`7` is no day of week"),
            ("*/0 * * * *", "`*/0` is no minute"),
            ("5-1 * * * *", "`5-1` is no minute"),
            ("+5 * * * *", "`+5` is no minute"),
            ("1,,2 * * * *", "`1,,2` is no minute"),
        ];
        for (line, reason) in cases {
            assert_eq!(problem(line).as_deref(), Some(reason), "{line}");
        }
    }
}
