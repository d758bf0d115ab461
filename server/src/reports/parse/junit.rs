//! Results of tests, as `JUnit`'s runners and those who imitate them write them.

use super::xml::{Element, Item, walk};
use super::{MOST_ENTRIES, TestCase, TestStatus};

/// Of a name or a suite, in bytes.
const LONGEST_NAME: usize = 500;

/// Of why a test failed, in bytes.
const LONGEST_MESSAGE: usize = 8 * 1024;

/// All tests of a report, in its order.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<TestCase>, String> {
    let mut reading = Reading::default();
    walk(bytes, |item| reading.see(item))?;
    Ok(reading.found)
}

#[derive(Default)]
struct Reading {
    found: Vec<TestCase>,
    suites: Vec<String>,
    test: Option<TestCase>,
    /// Within an element that says why the test did not pass.
    explains: bool,
}

impl Reading {
    fn see(&mut self, item: Item<'_>) -> Result<(), String> {
        match item {
            Item::Open(element) => self.open(element),
            Item::Close(name) => return self.close(name),
            Item::Text(text) => {
                if let Some(test) = self.test.as_mut().filter(|_| self.explains) {
                    add(&mut test.message, text);
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, element: &Element) {
        let status = match element.name.as_str() {
            "testsuite" => {
                self.suites.push(element.attribute("name").unwrap_or_default().to_owned());
                return;
            }
            "testcase" => {
                self.test = Some(self.begin(element));
                return;
            }
            "failure" | "error" => TestStatus::Failed,
            "skipped" => TestStatus::Skipped,
            _ => return,
        };
        let Some(test) = &mut self.test else { return };
        test.status = status;
        self.explains = true;
        if let Some(message) = element.attribute("message") {
            add(&mut test.message, message);
            add(&mut test.message, "\n");
        }
    }

    fn begin(&self, element: &Element) -> TestCase {
        let text = |name: &str| element.attribute(name).filter(|value| !value.is_empty());
        let around = self.suites.last().map(String::as_str);
        let suite = text("classname").or(around).unwrap_or_default();
        TestCase {
            suite: short(suite, LONGEST_NAME),
            name: short(text("name").unwrap_or_default(), LONGEST_NAME),
            status: TestStatus::Passed,
            duration_ms: text("time").and_then(milliseconds),
            message: None,
        }
    }

    fn close(&mut self, name: &str) -> Result<(), String> {
        match name {
            "testsuite" => drop(self.suites.pop()),
            "testcase" => {
                if let Some(mut test) = self.test.take() {
                    let message = test.message.take();
                    let message = message.map(|it| short(it.trim(), LONGEST_MESSAGE));
                    test.message = message.filter(|message| !message.is_empty());
                    self.found.push(test);
                }
                if self.found.len() > MOST_ENTRIES {
                    return Err(format!("it has more than {MOST_ENTRIES} tests"));
                }
            }
            "failure" | "error" | "skipped" => self.explains = false,
            _ => {}
        }
        Ok(())
    }
}

fn add(message: &mut Option<String>, text: &str) {
    let message = message.get_or_insert_default();
    if message.len() < 2 * LONGEST_MESSAGE {
        message.push_str(text);
    }
}

fn short(text: &str, longest: usize) -> String {
    text[..text.floor_char_boundary(longest)].to_owned()
}

/// `1.5`, and `1,234.5` as some write it.
fn milliseconds(seconds: &str) -> Option<i64> {
    let seconds: f64 = seconds.replace(',', "").trim().parse().ok()?;
    let milliseconds = (seconds * 1000.0).round();
    #[expect(clippy::cast_possible_truncation, reason = "a float is converted by saturation")]
    (milliseconds.is_finite() && milliseconds >= 0.0).then_some(milliseconds as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_have_their_suite_their_time_and_why_they_failed() {
        let xml = r#"<?xml version="1.0"?>
            <testsuites><testsuite name="s" tests="4">
              <testcase classname="a.B" name="one" time="0.0125"/>
              <testcase name="two" time="1,001.5"><failure message="1 &lt; 2" type="x">at line 3<![CDATA[ & on]]></failure></testcase>
              <testcase name="three"><skipped/></testcase>
              <testcase name="four"><error>boom</error><system-out>noise</system-out></testcase>
            </testsuite></testsuites>"#;
        let found = read(xml.as_bytes()).expect("a report");
        let short: Vec<_> = found
            .iter()
            .map(|it| {
                (
                    it.suite.as_str(),
                    it.name.as_str(),
                    it.status,
                    it.duration_ms,
                    it.message.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            short,
            [
                ("a.B", "one", TestStatus::Passed, Some(13), None),
                ("s", "two", TestStatus::Failed, Some(1_001_500), Some("1 < 2\nat line 3 & on")),
                ("s", "three", TestStatus::Skipped, None, None),
                ("s", "four", TestStatus::Failed, None, Some("boom")),
            ]
        );
    }

    #[test]
    fn a_report_with_too_many_tests_is_refused() {
        let xml =
            format!("<testsuite>{}</testsuite>", "<testcase name='t'/>".repeat(MOST_ENTRIES + 1));
        assert!(read(xml.as_bytes()).expect_err("too many").contains("more than"));
    }

    #[test]
    fn times_that_are_none_are_left_out() {
        for wrong in ["", "x", "-1", "NaN", "inf"] {
            assert_eq!(milliseconds(wrong), None, "{wrong}");
        }
    }
}
