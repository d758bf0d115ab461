//! File commands (`semantics` 5.6).

use proptest::prelude::*;

use super::super::{
    FileCommandError, Pairs, check_summary_size, parse_env, parse_pairs, parse_path,
};

fn pairs(expected: &[(&str, &str)]) -> Pairs {
    let pairs = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Pairs { pairs: pairs.collect(), error: None }
}

#[track_caller]
fn check(text: &str, expected: &[(&str, &str)]) {
    let found = parse_pairs(text);
    assert_eq!((found.pairs, found.error), (pairs(expected).pairs, None), "{text:?}");
}

#[track_caller]
fn check_error(text: &str, expected: &str) {
    let error = parse_pairs(text).error.unwrap_or_else(|| panic!("{text:?}: no error"));
    assert_eq!(error.to_string(), expected);
}

#[test]
fn simple_entries_are_kept_as_written() {
    check("", &[]);
    check("\n\nA=1\n\nB= two \n", &[("A", "1"), ("B", " two ")]);
    check("A=1=2\nB=", &[("A", "1=2"), ("B", "")]);
    check("A=x<<y", &[("A", "x<<y")]);
    check("=x", &[("", "x")]);
    check("A=1\nA=2\n", &[("A", "1"), ("A", "2")]);
}

#[test]
fn a_heredoc_goes_up_to_its_delimiter() {
    check("A<<E\none\ntwo\nE\nB=1\n", &[("A", "one\ntwo"), ("B", "1")]);
    check("A<<E\nE\n", &[("A", "")]);
    check("A<<E\n\nx\nE", &[("A", "\nx")]);
    check("A<<E\nx\n\nE", &[("A", "x\n")]);
    check("A<<E\n\nE", &[("A", "")]);
    check("A<<E\n E\nE \ne\nE", &[("A", " E\nE \ne")]);
    check("A<<E<<=\nx\nE<<=\n", &[("A", "x")]);
    check("A <<E\nB=1\nC<<D\nE\n", &[("A ", "B=1\nC<<D")]);
}

#[test]
fn carriage_returns_and_the_byte_order_mark() {
    check("A=1\r\nB=2\r\n", &[("A", "1\r"), ("B", "2\r")]);
    check("A<<E\r\nx\r\nE\r\n", &[("A", "x\r")]);
    check("\u{feff}A=1", &[("A", "1")]);
}

#[test]
fn what_is_wrong_is_said_in_github_s_words() {
    check_error("no separator", "Invalid format 'no separator'");
    let text = "Invalid format '<<E'. Name must not be empty and delimiter must not be empty";
    check_error("<<E\nx\nE\n", text);
    let text = "Invalid format 'A<<'. Name must not be empty and delimiter must not be empty";
    check_error("A<<\nx\n", text);
    check_error("A<<E\nx\n", "Invalid value. Matching delimiter not found 'E'");
    check_error("A<<E", "Invalid value. Matching delimiter not found 'E'");
    check_error("A<<E\nx", "Invalid value. EOF marker missing new line.");
    check_error("A<<E\nx\nE ", "Invalid value. EOF marker missing new line.");
    let error = FileCommandError::NoLineEnd;
    assert_eq!(error.messages("env")[0], "Unable to process file command 'env' successfully.");
}

#[test]
fn what_stands_before_an_error_counts() {
    let found = parse_pairs("A=1\nbroken\nB=2\n");
    assert_eq!(found.pairs, pairs(&[("A", "1")]).pairs);
    assert!(found.error.is_some());
}

#[test]
fn node_options_are_refused_without_failing() {
    let file = parse_env("A=1\nnode_options=x\nNODE_OPTIONS<<E\ny\nE\nB=2\n");
    assert_eq!(file.pairs, pairs(&[("A", "1"), ("B", "2")]));
    let refusal = "Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.";
    assert_eq!(file.refusals, [refusal, refusal]);
}

#[test]
fn a_path_file_holds_a_directory_per_line() {
    assert_eq!(parse_path("\u{feff}/a\n\n/b c\r\n/d"), ["/a", "/b c", "/d"]);
}

#[test]
fn a_summary_beyond_the_limit_is_refused() {
    assert_eq!(check_summary_size(1024 * 1024), None);
    let text = check_summary_size(2 * 1024 * 1024 + 5).unwrap();
    assert!(text.starts_with(
        "$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got 2048k."
    ));
}

#[test]
fn debug_shows_no_values() {
    let shown = format!("{:?}", parse_pairs("A=hush\n"));
    assert!(shown.contains('A') && !shown.contains("hush"), "{shown}");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[A<=E\n\r x]{0,40}") {
        let _ = parse_pairs(&text);
    }

    #[test]
    fn any_value_survives_a_heredoc(value in "[^\u{feff}]*") {
        prop_assume!(!value.split('\n').any(|line| line == "DELIMITER"));
        let found = parse_pairs(&format!("A<<DELIMITER\n{value}\nDELIMITER\n"));
        prop_assert_eq!(found, pairs(&[("A", &value)]));
    }
}
