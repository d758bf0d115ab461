//! Which lines are commands, while commands are on and while they are stopped (`semantics` 5.7).

use super::super::{AnnotationLevel, Command, CommandFilter, FilterOptions, Outcome};

fn filter() -> CommandFilter {
    CommandFilter::new(FilterOptions::default())
}

#[track_caller]
fn consumed(outcome: Outcome) -> Command {
    match outcome {
        Outcome::Consumed { command, .. } => command,
        outcome => panic!("{outcome:?}"),
    }
}

#[test]
fn commands_are_understood() {
    let text = str::to_owned;
    let cases = [
        ("::set-output name=a::1%0A2", Command::SetOutput { name: text("a"), value: text("1\n2") }),
        ("::save-state name=b::", Command::SaveState { name: text("b"), value: text("") }),
        ("::add-mask:: hush ", Command::AddMask(text(" hush "))),
        ("::debug::d", Command::Debug(text("d"))),
        ("::group::Tests", Command::Group(text("Tests"))),
        ("##[group]Tests", Command::Group(text("Tests"))),
        ("::endgroup::", Command::EndGroup),
        ("::add-matcher::m.json", Command::AddMatcher(text("m.json"))),
        (
            "::remove-matcher owner=m::",
            Command::RemoveMatcher { owner: Some(text("m")), file: None },
        ),
        (
            "::remove-matcher::m.json",
            Command::RemoveMatcher { owner: None, file: Some(text("m.json")) },
        ),
        ("::echo:: ON ", Command::Echo(true)),
        ("::Echo::off", Command::Echo(false)),
    ];
    for (line, expected) in cases {
        assert_eq!(consumed(filter().take(line)), expected, "{line}");
    }
}

#[test]
fn other_lines_are_plain() {
    for line in ["", "text", "x ::error::y", "::unknown::x", "see ::notice", "##[section]x"] {
        assert_eq!(filter().take(line), Outcome::Plain, "{line}");
    }
}

#[test]
fn deprecated_commands_work_with_a_warning() {
    let Outcome::Consumed { warning: Some(warning), .. } = filter().take("::set-output name=a::1")
    else {
        panic!("no warning");
    };
    let expected = "The `set-output` command is deprecated and will be disabled soon. Please upgrade to using Environment Files.";
    assert!(warning.starts_with(expected), "{warning}");
}

#[test]
fn unsecure_commands_fail_the_step_unless_allowed() {
    for (line, name) in [("::set-env name=a::1", "set-env"), ("::add-path::/x", "add-path")] {
        let Outcome::Failed { errors, .. } = filter().take(line) else { panic!("{line}") };
        assert_eq!(errors[0], format!("Unable to process command '{line}' successfully."));
        assert!(
            errors[1].starts_with(&format!("The `{name}` command is disabled.")),
            "{}",
            errors[1]
        );
    }
    let options = FilterOptions { allow_unsecure_commands: true, ..FilterOptions::default() };
    let mut allowing = CommandFilter::new(options);
    let expected = Command::SetEnv { name: "a".to_owned(), value: "1".to_owned() };
    assert_eq!(consumed(allowing.take("::set-env name=a::1")), expected);
    assert_eq!(consumed(allowing.take("::add-path::/x")), Command::AddPath("/x".to_owned()));
    let refused = allowing.take("::set-env name=Node_Options::x");
    assert!(
        matches!(refused, Outcome::Refused { level: AnnotationLevel::Error, .. }),
        "{refused:?}"
    );
}

#[test]
fn commands_that_lack_something_say_so() {
    let failures = [
        ("::set-output::x", "Required field 'name' is missing in ##[set-output] command."),
        ("::save-state name=::x", "Required field 'name' is missing in ##[save-state] command."),
        (
            "::echo::maybe",
            "Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: 'maybe'.",
        ),
    ];
    for (line, expected) in failures {
        let Outcome::Failed { errors, .. } = filter().take(line) else { panic!("{line}") };
        assert_eq!(errors[1], expected);
    }
    let warnings = [
        ("::add-mask::  ", "Can't add secret mask for empty string in ##[add-mask] command."),
        ("::add-matcher::", "File path must be specified."),
        (
            "::remove-matcher::",
            "Either an owner name or a file path must be specified in ##[remove-matcher] command.",
        ),
    ];
    for (line, expected) in warnings {
        let Outcome::Refused { level: AnnotationLevel::Warning, message, .. } = filter().take(line)
        else {
            panic!("{line}")
        };
        assert_eq!(message, expected);
    }
}

#[test]
fn nothing_is_a_command_between_stop_and_token() {
    let mut filter = filter();
    assert_eq!(
        filter.take("::stop-commands::t0ken42"),
        Outcome::Switched { mask: Some("t0ken42".to_owned()) }
    );
    for line in [
        "::error::x",
        "##[error]x",
        "::add-mask::x",
        "::stop-commands::other",
        "t0ken42",
        "::t0ken::",
        "x ::t0ken42::",
    ] {
        assert_eq!(filter.take(line), Outcome::Plain, "{line}");
    }
    assert_eq!(filter.take("  ::T0KEN42::"), Outcome::Switched { mask: None });
    assert_eq!(consumed(filter.take("::debug::on again")), Command::Debug("on again".to_owned()));
    assert_eq!(filter.take("::t0ken42::"), Outcome::Plain);
}

#[test]
fn short_stop_tokens_are_not_masked() {
    assert_eq!(filter().take("::stop-commands::123456"), Outcome::Switched { mask: None });
}

#[test]
fn weak_stop_tokens_fail_the_step_unless_allowed() {
    for token in ["", "pause-logging", "Pause-Logging", "error", "ADD-MASK", "stop-commands"] {
        let line = format!("::stop-commands::{token}");
        let mut filter = filter();
        let Outcome::Failed { errors, .. } = filter.take(&line) else { panic!("{line}") };
        assert!(errors[1].starts_with("You cannot use a endToken that is an empty string"));
        assert_eq!(
            consumed(filter.take("::endgroup::")),
            Command::EndGroup,
            "still on after {line}"
        );
    }
    let options = FilterOptions { allow_unsecure_stop_tokens: true, ..FilterOptions::default() };
    let mut allowing = CommandFilter::new(options);
    assert_eq!(allowing.take("::stop-commands::error"), Outcome::Switched { mask: None });
    assert_eq!(allowing.take("::debug::x"), Outcome::Plain);
    assert_eq!(allowing.take("::error::"), Outcome::Switched { mask: None });
}

#[test]
fn echo_repeats_commands_but_no_secrets() {
    let echo_of = |filter: &mut CommandFilter, line: &str| match filter.take(line) {
        Outcome::Consumed { echo, .. } => echo,
        outcome => panic!("{outcome:?}"),
    };
    let mut filter = filter();
    assert_eq!(echo_of(&mut filter, "::set-output name=a::1"), None);
    assert_eq!(echo_of(&mut filter, "::echo::on"), None);
    assert_eq!(
        echo_of(&mut filter, "::set-output name=a::1").as_deref(),
        Some("::set-output name=a::1")
    );
    assert_eq!(echo_of(&mut filter, "::add-mask::hush").as_deref(), Some("::add-mask::***"));
    assert_eq!(echo_of(&mut filter, "::error::x"), None);
    assert_eq!(echo_of(&mut filter, "::echo::off").as_deref(), Some("::echo::off"));
    assert_eq!(echo_of(&mut filter, "::endgroup::"), None);
}

#[test]
fn debug_shows_neither_tokens_nor_masks() {
    let mut filter = filter();
    let outcome = filter.take("::add-mask::hush");
    let shown = format!("{outcome:?}");
    assert!(!shown.contains("hush"), "{shown}");
    filter.take("::stop-commands::t0ken42");
    assert!(!format!("{filter:?}").contains("t0ken42"));
}
