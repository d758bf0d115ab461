//! Problem matchers on what tools print (`semantics` 5.10).

use super::super::{AnnotationLevel, Matchers, Scan, parse_matchers};

fn matchers(files: &[&str]) -> Matchers {
    let mut matchers = Matchers::default();
    for file in files {
        matchers.add(parse_matchers(file).unwrap()).unwrap();
    }
    matchers
}

/// What the matchers find in each line: `level file:line:column message`, or nothing.
#[track_caller]
fn check(matchers: &mut Matchers, lines: &[(&str, &str)]) {
    for (line, expected) in lines {
        assert_eq!(shown(&matchers.scan(line)), *expected, "{line}");
    }
}

fn shown(scan: &Scan) -> String {
    let Some(issue) = &scan.issue else { return String::new() };
    let number = |number: Option<u32>| number.map(|n| format!(":{n}")).unwrap_or_default();
    format!(
        "{:?} {}{}{} {}",
        issue.level,
        issue.file.as_deref().unwrap_or("-"),
        number(issue.line),
        number(issue.column),
        issue.message
    )
}

const COMPILER: &str = r#"{"problemMatcher": [{"owner": "cc", "pattern": [{
    "regexp": "^([^:]+):(\\d+):(\\d+): (warning|error): (.*)$",
    "file": 1, "line": 2, "column": 3, "severity": 4, "message": 5}]}]}"#;

/// One message per file, then its problems until a line is something else.
const LINTER: &str = r#"{"problemMatcher": [{"owner": "lint", "severity": "warning", "pattern": [
    {"regexp": "^(\\S+\\.js)$", "file": 1},
    {"regexp": "^ +(\\d+):(\\d+) +(\\w+) +(.+)$",
     "line": 1, "column": 2, "severity": 3, "message": 4, "loop": true}]}]}"#;

#[test]
fn a_single_pattern_takes_line_by_line_without_colours() {
    check(
        &mut matchers(&[COMPILER]),
        &[
            ("main.c:3:7: error: no such thing", "Error main.c:3:7 no such thing"),
            ("\u{1b}[1;31mmain.c:3:7: warning: old\u{1b}[0m", "Warning main.c:3:7 old"),
            ("make: done", ""),
        ],
    );
}

#[test]
fn a_loop_goes_on_until_a_line_does_not_match() {
    check(
        &mut matchers(&[LINTER]),
        &[
            ("  1:2  error  before any file", ""),
            ("a.js", ""),
            ("  1:2  error  one", "Error a.js:1:2 one"),
            ("  3:4  warning  two", "Warning a.js:3:4 two"),
            ("", ""),
            ("  5:6  error  after the end", ""),
            ("b.js", ""),
            ("  7:8  notice  three", "Notice b.js:7:8 three"),
        ],
    );
}

#[test]
fn patterns_without_a_loop_match_one_line_each_and_consecutive_ones_only() {
    let file = r#"{"problemMatcher": [{"owner": "py", "pattern": [
        {"regexp": "^File \"(.*)\", line (\\d+)$", "file": 1, "line": 2},
        {"regexp": "^  .*$"},
        {"regexp": "^(\\w+): (.+)$", "code": 1, "message": 2}]}]}"#;
    check(
        &mut matchers(&[file]),
        &[
            ("File \"a.py\", line 3", ""),
            ("  x = y", ""),
            ("NameError: y", "Error a.py:3 y"),
            ("NameError: again", ""),
            ("File \"a.py\", line 3", ""),
            ("interrupted", ""),
            ("NameError: y", ""),
        ],
    );
}

#[test]
fn the_newest_matcher_is_tried_first_and_the_first_match_wins() {
    let newer = r#"{"problemMatcher": [{"owner": "new", "severity": "notice", "pattern": [
        {"regexp": "^main.c:(.*)$", "message": 1}]}]}"#;
    let mut both = matchers(&[COMPILER, newer]);
    check(&mut both, &[("main.c:3:7: error: x", "Notice - 3:7: error: x")]);
    both.remove("NEW");
    check(&mut both, &[("main.c:3:7: error: x", "Error main.c:3:7 x")]);
    both.add(parse_matchers(&newer.replace("new", "CC")).unwrap()).unwrap();
    assert_eq!(both.configs().len(), 1, "the same owner is replaced");
}

#[test]
fn a_match_of_one_makes_the_others_start_anew() {
    check(
        &mut matchers(&[COMPILER, LINTER]),
        &[
            ("a.js", ""),
            ("x.c:1:1: error: between", "Error x.c:1:1 between"),
            ("  1:2  error  one", ""),
        ],
    );
}

#[test]
fn empty_messages_and_unknown_severities_are_no_issues() {
    let file = r#"{"problemMatcher": [{"owner": "x", "fromPath": "p/project.json", "pattern": [
        {"regexp": "^(\\w*)\\|(.*)\\|(.*)$", "severity": 1, "message": 2, "line": 3}]}]}"#;
    let mut found = matchers(&[file]);
    check(&mut found, &[("error| |1", ""), ("fatal|m|1", ""), ("|m|one", "Error - m")]);
    let issue = found.scan("|m|1").issue.unwrap();
    assert_eq!(issue.from_path.as_deref(), Some("p/project.json"));
    assert_eq!((issue.level, issue.text.as_str()), (AnnotationLevel::Error, "|m|1"));
}

#[test]
fn a_pattern_that_takes_too_long_is_dropped() {
    let slow = r#"{"problemMatcher": [{"owner": "slow", "pattern": [
        {"regexp": "^(?=(a+)+$)(a|aa)+\\1$", "message": 1}]}]}"#;
    let mut both = matchers(&[COMPILER, slow]);
    let scan = both.scan(&format!("{}b", "a".repeat(64)));
    let scan = if scan.dropped.is_empty() { both.scan(&"a".repeat(4000)) } else { scan };
    assert_eq!(scan.dropped, ["slow"]);
    check(&mut both, &[("main.c:3:7: error: x", "Error main.c:3:7 x")]);
}

#[test]
fn wrong_files_are_told_in_githubs_words() {
    let file = |pattern: &str| {
        format!(r#"{{"problemMatcher": [{{"owner": "x", "pattern": [{pattern}]}}]}}"#)
    };
    let message = r#"{"regexp": "(a)", "message": 1}"#;
    for (text, expected) in [
        (file(""), "Matcher 'x' does not contain any patterns"),
        (file(r#"{"regexp": "(a)", "file": 1}"#), "At least one pattern must set 'message'"),
        (
            file(r#"{"regexp": "(a)", "message": 2}"#),
            "The property 'message' is set to 2 which is out of range",
        ),
        (
            file(r#"{"regexp": "(a)", "message": -1}"#),
            "The property 'message' is set to -1 which is out of range",
        ),
        (file(&format!("{message}, {message}")), "The property 'message' is set twice"),
        (
            file(r#"{"regexp": "(a)", "message": 1, "loop": true}"#),
            "Only the last pattern in a multiline matcher may set 'loop'",
        ),
        (
            file(r#"{"regexp": "a"}, {"regexp": "b", "loop": true}"#),
            "The loop pattern must set 'message'",
        ),
        (
            file(message).replace("\"owner\"", "\"severity\": \"bad\", \"owner\""),
            "Matcher 'x' contains unexpected default severity 'bad'",
        ),
    ] {
        assert_eq!(parse_matchers(&text).unwrap_err(), expected, "{text}");
    }
    assert!(parse_matchers("{").is_err());
    assert_eq!(parse_matchers("{}").unwrap(), []);
}
