//! Spelling of workflow commands (`semantics` 5.7).

use proptest::prelude::*;

use super::super::{RawCommand, parse_line};

fn parse(line: &str) -> Option<RawCommand> {
    parse_line(line, |name| {
        name.eq_ignore_ascii_case("error") || name.eq_ignore_ascii_case("set-output")
    })
}

/// Asserts name, properties as `key=value`, and data.
#[track_caller]
fn check(line: &str, name: &str, properties: &[&str], data: &str) {
    let command = parse(line).unwrap_or_else(|| panic!("{line}: no command"));
    let found: Vec<String> = command.properties.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(
        (command.name.as_str(), found, command.data.as_str()),
        (name, properties.iter().map(|p| (*p).to_owned()).collect(), data)
    );
}

#[test]
fn a_command_stands_at_the_start_of_the_line() {
    check("::error::text", "error", &[], "text");
    check(" \t ::error::text", "error", &[], "text");
    check("::ERROR::", "ERROR", &[], "");
    assert_eq!(parse("x ::error::text"), None);
}

#[test]
fn a_legacy_command_stands_anywhere() {
    check("##[error]text", "error", &[], "text");
    check("x ##[error file=a.c;line=3]text]", "error", &["file=a.c", "line=3"], "text]");
    assert_eq!(parse("##[error text"), None);
}

#[test]
fn unknown_names_and_other_text_are_no_commands() {
    for line in
        ["", "text", "::", "::error", "::unknown::x", ":: error::x", "##[endless]x", "a::b::c"]
    {
        assert_eq!(parse(line), None, "{line}");
    }
    // The current spelling is not this one, but the legacy one is.
    check("::unknown::##[error]x", "error", &[], "x");
}

#[test]
fn properties_are_separated_by_commas_or_semicolons() {
    check("::error file=a b.c,line=1,col=5::x", "error", &["file=a b.c", "line=1", "col=5"], "x");
    check("::error  file=a ::x", "error", &["file=a"], "x");
    check("::error ,,file=a,,novalue,=x,y=,::x", "error", &["file=a"], "x");
    check("::error title=a=b::x", "error", &["title=a=b"], "x");
    check("::error File=a,FILE=b::x", "error", &["File=b"], "x");
    check("::error a;b=c::x", "error", &["a;b=c"], "x");
    check("##[error a=1,b=2;c=3]x", "error", &["a=1,b=2", "c=3"], "x");
}

#[test]
fn property_names_ignore_case() {
    let command = parse("::error FiLe=a::x").unwrap();
    assert_eq!(command.property("file"), Some("a"));
    assert_eq!(command.property("line"), None);
}

#[test]
fn escapes_are_undone_with_the_percent_sign_last() {
    check("::error::a%0Ab%0D%25c%3A%2C", "error", &[], "a\nb\r%c%3A%2C");
    check("::error title=a%3Ab%2Cc%25%0A::x", "error", &["title=a:b,c%\n"], "x");
    check("::error::%250A", "error", &[], "%0A");
    check("::error::%0a", "error", &[], "%0a");
    check("##[error t=a%3Bb%5D]x%5D%3B%3A", "error", &["t=a;b]"], "x];%3A");
}

#[test]
fn data_may_hold_marks() {
    check("::error::a::b::c", "error", &[], "a::b::c");
    check("::set-output name=x::https://a", "set-output", &["name=x"], "https://a");
}

#[test]
fn debug_shows_no_data() {
    let command = parse("::error title=hush::quiet").unwrap();
    let shown = format!("{command:?}");
    assert!(!shown.contains("hush") && !shown.contains("quiet"), "{shown}");
}

proptest! {
    #[test]
    fn any_line_is_parsed_or_plain(line in any::<String>()) {
        let _ = parse(&line);
    }

    #[test]
    fn escaped_data_comes_back(data in any::<String>()) {
        let escaped = data.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
        prop_assert_eq!(parse(&format!("::error::{escaped}")).unwrap().data, data);
    }
}
