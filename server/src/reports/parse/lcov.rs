//! Coverage as LCOV writes it: records of one file each, with lines as `DA:12,1`.

use super::Coverage;

/// The sum over all records.
pub(super) fn read(bytes: &[u8]) -> Result<Coverage, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no text in UTF-8".to_owned())?;
    let mut sum = Coverage { covered: 0, total: 0 };
    let mut record = Record::default();
    let mut n_records = 0;
    for (number, line) in text.lines().enumerate() {
        let wrong =
            || format!("line {} cannot be read: no number is where one must be", number + 1);
        let value =
            |text: &str| text.trim().parse::<i64>().ok().filter(|n| *n >= 0).ok_or_else(wrong);
        if let Some(rest) = line.strip_prefix("LF:") {
            record.found = Some(value(rest)?);
        } else if let Some(rest) = line.strip_prefix("LH:") {
            record.hit = Some(value(rest)?);
        } else if let Some(rest) = line.strip_prefix("DA:") {
            let hits = rest.split(',').nth(1).ok_or_else(wrong)?;
            record.lines.total += 1;
            record.lines.covered += i64::from(value(hits)? > 0);
        } else if line.trim() == "end_of_record" {
            let Coverage { covered, total } = std::mem::take(&mut record).coverage()?;
            sum.covered = sum.covered.saturating_add(covered);
            sum.total = sum.total.saturating_add(total);
            n_records += 1;
        }
    }
    if n_records == 0 { Err("it has no record of a file".to_owned()) } else { Ok(sum) }
}

/// One file.
struct Record {
    found: Option<i64>,
    hit: Option<i64>,
    lines: Coverage,
}

impl Default for Record {
    fn default() -> Self {
        Self { found: None, hit: None, lines: Coverage { covered: 0, total: 0 } }
    }
}

impl Record {
    fn coverage(self) -> Result<Coverage, String> {
        match (self.hit, self.found) {
            (Some(covered), Some(total)) if covered <= total => Ok(Coverage { covered, total }),
            (Some(_), Some(_)) => Err("it covers more lines than there are".to_owned()),
            _ => Ok(self.lines),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_added_up() {
        let text = "TN:\nSF:a.js\nDA:1,1\nDA:2,0\nLF:2\nLH:1\nend_of_record\n\
                    SF:b.js\nDA:1,5\nDA:2,0\nDA:3,1\nend_of_record\n";
        assert_eq!(read(text.as_bytes()), Ok(Coverage { covered: 3, total: 5 }));
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for wrong in ["", "hello", "DA:1\nend_of_record", "LF:x\n", "LF:1\nLH:2\nend_of_record"] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(read(&[0xff]).is_err());
    }
}
