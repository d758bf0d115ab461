//! Coverage as Cobertura writes it, and `coverage xml` of Python.

use super::xml::{Item, walk};
use super::{Coverage, MOST_ENTRIES};

/// Lines of code that are counted one by one; more of them need the sums that most tools write.
const MOST_LINES: i64 = 100 * MOST_ENTRIES as i64;

/// `None` for other formats whose first element has the same name.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Coverage>, String> {
    let mut said: Option<(Option<i64>, Option<i64>)> = None;
    let mut is_cobertura = false;
    // Lines are listed once for their method and once for their class.
    let mut methods = 0_u32;
    let mut counted = Coverage { covered: 0, total: 0 };
    walk(bytes, |item| {
        match item {
            Item::Open(element) => match element.name.as_str() {
                "coverage" if said.is_none() => {
                    let sums = (element.number("lines-covered"), element.number("lines-valid"));
                    is_cobertura = element.attribute("line-rate").is_some() || sums.1.is_some();
                    said = Some(sums);
                }
                "method" => methods += 1,
                "line" if methods == 0 => {
                    counted.total += 1;
                    counted.covered += i64::from(element.number("hits").is_some_and(|n| n > 0));
                }
                _ => {}
            },
            Item::Close("method") => methods = methods.saturating_sub(1),
            Item::Close(_) | Item::Text(_) => {}
        }
        if counted.total > MOST_LINES {
            return Err(format!("it lists more than {MOST_LINES} lines"));
        }
        Ok(())
    })?;
    if !is_cobertura {
        return Ok(None);
    }
    let coverage = match said {
        Some((Some(covered), Some(total))) => Coverage { covered, total },
        _ => counted,
    };
    if coverage.covered < 0 || coverage.total < coverage.covered {
        return Err("it covers more lines than there are".to_owned());
    }
    Ok(Some(coverage))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_count_and_without_them_lines_do() {
        let sums = r#"<!DOCTYPE coverage SYSTEM "http://x.example/c.dtd">
            <coverage line-rate="0.8" lines-covered="8" lines-valid="10"><packages/></coverage>"#;
        assert_eq!(read(sums.as_bytes()), Ok(Some(Coverage { covered: 8, total: 10 })));
        let lines = r#"<coverage line-rate="0.5"><class><methods><method><lines><line number="1" hits="1"/>
            </lines></method></methods><lines><line number="1" hits="1"/><line number="2" hits="0"/></lines>
            </class></coverage>"#;
        assert_eq!(read(lines.as_bytes()), Ok(Some(Coverage { covered: 1, total: 2 })));
        let wrong = r#"<coverage lines-covered="8" lines-valid="1"/>"#;
        assert!(read(wrong.as_bytes()).is_err());
        assert_eq!(read(b"<coverage clover='4'/>"), Ok(None));
    }
}
