//! Positions of annotations, and their repair (`semantics` 5.7).

use super::super::{Annotation, AnnotationLevel, Command, CommandFilter, FilterOptions, Outcome};

#[track_caller]
fn annotate(line: &str) -> Annotation {
    match CommandFilter::new(FilterOptions::default()).take(line) {
        Outcome::Consumed { command: Command::Annotation(annotation), .. } => annotation,
        outcome => panic!("{line}: {outcome:?}"),
    }
}

/// Asserts line, end line, column and end column; 0 stands for none.
#[track_caller]
fn check(properties: &str, expected: [i32; 4]) {
    let a = annotate(&format!("::warning {properties}::x"));
    let found = [a.line, a.end_line, a.column, a.end_column].map(|number| number.unwrap_or(0));
    assert_eq!(found, expected, "{properties}");
}

#[test]
fn all_properties_are_taken() {
    let line =
        "::error file=src/a.rs,line=3,endLine=3,col=5,endColumn=9,title=Oh%2C no::It broke%0Ahere";
    let expected = Annotation {
        level: AnnotationLevel::Error,
        message: "It broke\nhere".to_owned(),
        title: Some("Oh, no".to_owned()),
        file: Some("src/a.rs".to_owned()),
        line: Some(3),
        end_line: Some(3),
        column: Some(5),
        end_column: Some(9),
    };
    assert_eq!(annotate(line), expected);
    assert_eq!(annotate("::notice::x").level, AnnotationLevel::Notice);
    assert_eq!(annotate("::warning::x").file, None);
}

#[test]
fn contradictory_positions_are_repaired_or_dropped() {
    check("line=1", [1, 0, 0, 0]);
    check("endLine=4", [4, 4, 0, 0]);
    check("line=2,col=3", [2, 0, 3, 0]);
    check("line=2,endColumn=3", [2, 0, 3, 3]);
    check("col=3", [0, 0, 0, 0]);
    check("line=2,endLine=5", [2, 5, 0, 0]);
    check("line=2,endLine=5,col=1,endColumn=2", [2, 5, 0, 0]);
    check("line=5,endLine=2", [0, 0, 0, 0]);
    check("line=2,endLine=2,col=7,endColumn=3", [2, 2, 0, 0]);
    check("endLine=4,col=2", [4, 4, 2, 0]);
    check("line=x,col=2", [0, 0, 0, 0]);
    check("line= 7 ", [7, 0, 0, 0]);
}
