//! The limits of a workflow file (`semantics` 1.3), on texts too long for golden files.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use gantry_workflow::model::read_workflow;
use proptest::prelude::*;

fn messages(text: &str) -> Vec<String> {
    let (workflow, diagnostics) = read_workflow("ci.yml", text);
    assert_eq!(workflow.is_some(), diagnostics.is_empty(), "warnings are not expected here");
    diagnostics.iter().map(ToString::to_string).collect()
}

/// A workflow whose one step runs `script`.
fn workflow_running(script: &str) -> String {
    format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: {script}\n")
}

#[test]
fn a_script_may_be_long_unless_it_has_an_expression() {
    let script = "x".repeat(21_000);
    assert_eq!(messages(&workflow_running(&script)), [] as [&str; 0]);
    assert_eq!(
        messages(&workflow_running(&format!("{script}${{{{ github.sha }}}}"))),
        ["ci.yml (Line: 6, Col: 14): Exceeded max expression length 21000"]
    );
    let fits = "x".repeat(21_000 - "format('{0}', github.sha)".len());
    assert_eq!(
        messages(&workflow_running(&format!("{fits}${{{{ github.sha }}}}"))),
        [] as [&str; 0]
    );
}

#[test]
fn a_file_may_have_a_million_characters() {
    let text = workflow_running("make");
    let padding = 1_048_576 - text.chars().count();
    let longest = format!("{text}{}", "#".repeat(padding));
    assert_eq!(messages(&longest), [] as [&str; 0]);
    assert_eq!(
        messages(&format!("{longest}#")),
        ["ci.yml: The maximum file size of 1048576 characters has been exceeded"]
    );
}

#[test]
fn a_hundred_megabytes_are_refused_by_their_length() {
    let text = format!("on: {}", "x".repeat(100_000_000));
    let message = "ci.yml: The maximum file size of 1048576 characters has been exceeded";
    assert_eq!(messages(&text), [message]);
}

#[test]
fn two_hundred_thousand_brackets_are_one_error_at_the_depth_limit() {
    for (bracket, column) in [("[", 256), ("{", 256), ("- ", 101), ("? ", 101)] {
        let message = format!("ci.yml (Line: 1, Col: {column}): Maximum object depth exceeded");
        assert_eq!(messages(&bracket.repeat(200_000)), [message], "{bracket}");
    }
}

#[test]
fn mappings_and_sequences_may_be_fifty_deep() {
    let matrix = |depth: usize| {
        let value = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        format!("on: push\njobs: {{a: {{runs-on: x, strategy: {{matrix: {{v: {value}}}}}}}}}\n")
    };
    assert_eq!(messages(&matrix(45)), [] as [&str; 0]);
    assert_eq!(messages(&matrix(46)), ["ci.yml (Line: 2, Col: 92): Maximum object depth exceeded"]);
}

#[test]
fn an_alias_bomb_is_one_error() {
    let mut text =
        "on: push\njobs:\n  a:\n    runs-on: x\n    strategy:\n      matrix:\n".to_owned();
    text.push_str("        l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..20 {
        let below = level - 1;
        let items = vec![format!("*l{below}"); 10].join(", ");
        writeln!(text, "        l{level}: &l{level} [{items}]").expect("a String takes everything");
    }
    let found = messages(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with("Maximum YAML nodes exceeded"), "{found:?}");
}

#[test]
fn byte_order_mark_and_windows_line_ends_change_nothing() {
    let text = workflow_running("|\n          one\n          two");
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let plain = read_workflow("ci.yml", &text).0.map(|workflow| format!("{workflow:?}"));
    assert!(plain.is_some());
    assert_eq!(read_workflow("ci.yml", &windows).0.map(|workflow| format!("{workflow:?}")), plain);
}

#[test]
fn thousands_of_jobs_in_a_row_are_read() {
    let mut text = "on: push\njobs:\n  j0: {runs-on: x}\n".to_owned();
    for number in 1..7_000 {
        let before = number - 1;
        writeln!(text, "  j{number}: {{runs-on: x, needs: j{before}}}")
            .expect("it takes everything");
    }
    let (workflow, diagnostics) = read_workflow("ci.yml", &text);
    assert_eq!(diagnostics, []);
    assert_eq!(workflow.map(|workflow| workflow.jobs.len()), Some(7_000));
}

/// Texts made of the pieces that mean something in YAML and in expressions.
fn hostile_text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "on",
        "jobs",
        "push",
        "a",
        ":",
        ": ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "&a ",
        "*a",
        "!!int ",
        "!x ",
        "|\n",
        ">-\n",
        "'",
        "\"",
        "${{",
        "}}",
        "${{ insert }}",
        "#",
        "\t",
        "\r\n",
        "\u{feff}",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "? ",
        "<<",
        "~",
        "0x",
        "é",
        "\0",
    ]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

/// A real file with some of its characters replaced by others.
fn damaged_file() -> impl Strategy<Value = String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read/pipeline.yml");
    let text: Vec<char> = fs::read_to_string(path).expect("a golden file").chars().collect();
    let places = prop::collection::vec(
        (
            0..text.len(),
            prop::sample::select(vec![
                ' ', '\n', ':', '-', '{', '}', '[', ']', '\'', '"', '$', '&', '*', '!', '#', '|',
                'x',
            ]),
        ),
        1..6,
    );
    places.prop_map(move |places| {
        let mut text = text.clone();
        places.into_iter().for_each(|(at, c)| text[at] = c);
        text.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn any_text_is_a_workflow_or_has_an_error(text in prop_oneof![hostile_text(), damaged_file()]) {
        let (workflow, diagnostics) = read_workflow("ci.yml", &text);
        let is_error = |d: &&gantry_workflow::Diagnostic| d.severity == gantry_workflow::Severity::Error;
        let errors = diagnostics.iter().filter(is_error).count();
        prop_assert_eq!(workflow.is_none(), errors > 0);
        prop_assert!(errors <= 10);
        if let Some(workflow) = workflow {
            let stored = serde_json::to_string(&workflow).expect("it is stored");
            let again: gantry_workflow::model::Workflow = serde_json::from_str(&stored).expect("it is read back");
            prop_assert_eq!(format!("{workflow:?}"), format!("{again:?}"));
        }
    }
}
