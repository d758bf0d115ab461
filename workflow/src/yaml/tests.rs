//! What the YAML reader makes of scalars, anchors, positions and hostile texts.

use super::{MAX_DEPTH, MAX_NODES, Node, NodeKind, Scalar, parse, parse_without_anchors};
use crate::diagnostic::Position;

fn scalar(text: &str) -> Scalar {
    match parse(text).map(|node| node.kind) {
        Ok(NodeKind::Scalar(scalar)) => scalar,
        other => panic!("`{text}` is not a scalar: {other:?}"),
    }
}

fn pairs(node: &Node) -> &[(Node, Node)] {
    match &node.kind {
        NodeKind::Mapping(pairs) => pairs,
        other => panic!("not a mapping: {other:?}"),
    }
}

fn items(node: &Node) -> &[Node] {
    match &node.kind {
        NodeKind::Sequence(items) => items,
        other => panic!("not a sequence: {other:?}"),
    }
}

fn refusal(text: &str) -> String {
    let error = parse(text).expect_err("the text is refused");
    match error.position {
        Some(Position { line, column }) => format!("{line}:{column} {}", error.message),
        None => error.message,
    }
}

#[test]
fn plain_scalars_are_typed_by_spelling() {
    for text in ["", "~", "null", "Null", "NULL"] {
        assert_eq!(scalar(text), Scalar::Null, "{text}");
    }
    for (text, value) in
        [("true", true), ("True", true), ("TRUE", true), ("false", false), ("FALSE", false)]
    {
        assert_eq!(scalar(text), Scalar::Bool(value), "{text}");
    }
    let numbers = [
        ("0", 0.0),
        ("0755", 755.0),
        ("+12", 12.0),
        ("-7", -7.0),
        ("0x1F", 31.0),
        ("0o10", 8.0),
        ("3.10", 3.1),
        (".5", 0.5),
        ("1.", 1.0),
        ("6e3", 6000.0),
        ("-1.5E-2", -0.015),
        (".inf", f64::INFINITY),
        ("-.Inf", f64::NEG_INFINITY),
        ("1345678912345678912", 1_345_678_912_345_678_912.0),
    ];
    for (text, number) in numbers {
        assert_eq!(scalar(text), Scalar::Number(number), "{text}");
    }
    assert!(matches!(scalar(".NaN"), Scalar::Number(number) if number.is_nan()));
}

#[test]
fn words_of_older_yaml_stay_strings() {
    let texts = [
        "yes",
        "no",
        "on",
        "off",
        "y",
        "tRue",
        "12_345",
        "1:30",
        "2024-01-01",
        "0X1F",
        "0b1",
        "-0x1",
        "0o9",
        "nULL",
        "1e",
        "+",
        ".",
        "1.2.3",
    ];
    for text in texts {
        let wrapped = format!("v: {text}");
        let node = parse(&wrapped).expect("the text is read");
        assert_eq!(pairs(&node)[0].1.kind, NodeKind::Scalar(Scalar::String(text.into())), "{text}");
    }
}

#[test]
fn quoted_and_block_scalars_are_always_strings() {
    for text in ["'true'", "\"1\"", "''", "|-\n  null", ">-\n  12"] {
        assert!(matches!(scalar(text), Scalar::String(_)), "{text}");
    }
}

#[test]
fn explicit_tags_decide_the_type_and_must_fit() {
    assert_eq!(scalar("!!str 12"), Scalar::String("12".into()));
    assert_eq!(scalar("!!str"), Scalar::String("".into()));
    assert_eq!(scalar("!!float 1"), Scalar::Number(1.0));
    assert_eq!(scalar("!!bool true"), Scalar::Bool(true));
    assert_eq!(
        refusal("v: !!int two"),
        "1:4 The value 'two' on line 1 and column 4 is invalid for the type 'tag:yaml.org,2002:int'"
    );
    assert_eq!(
        refusal("v: !!int '2'"),
        "1:4 The scalar style 'SingleQuoted' on line 1 and column 4 is not valid with the tag 'tag:yaml.org,2002:int'"
    );
    assert_eq!(refusal("if: !cancelled()"), "1:5 Unexpected tag '!cancelled()'");
    assert_eq!(refusal("v: !!set {a}"), "1:4 Unexpected tag 'tag:yaml.org,2002:set'");
    assert_eq!(
        refusal("v: 0xFFFFFFFFFF"),
        "1:4 The value '0xFFFFFFFFFF' on line 1 and column 4 is invalid for the type 'tag:yaml.org,2002:int'"
    );
}

#[test]
fn nodes_stand_where_they_start() {
    let node =
        parse("on: push\njobs:\n  build:\n    steps:\n      - run: make\nempty:\n").expect("valid");
    let jobs = &pairs(&node)[1].1;
    assert_eq!(jobs.position, Position::new(3, 3));
    let steps = &pairs(&pairs(jobs)[0].1)[0].1;
    assert_eq!(steps.position, Position::new(5, 7));
    assert_eq!(items(steps)[0].position, Position::new(5, 9));
    assert_eq!(pairs(&node)[2].1.position, Position::new(6, 7), "behind the colon");
}

#[test]
fn block_scalars_stand_at_their_indicator() {
    let text = "a: |\n  one\nb: >-  # folded | not here\n\n\n  two\nc: |\n# none\nd:\n  - |+\n    three\ne: |";
    let node = parse(text).expect("valid");
    let values: Vec<_> = pairs(&node).iter().map(|(_, value)| value).collect();
    assert_eq!(values[0].position, Position::new(1, 4));
    assert_eq!(values[1].position, Position::new(3, 4));
    assert_eq!(values[2].position, Position::new(7, 4));
    assert_eq!(items(values[3])[0].position, Position::new(10, 5));
    assert_eq!(values[4].position, Position::new(12, 4));
}

#[test]
fn columns_count_characters() {
    let node = parse("\u{feff}{'größe': 1}\r\n").expect("valid");
    assert_eq!(pairs(&node)[0].1.position, Position::new(1, 11));
}

#[test]
fn windows_line_ends_are_plain_line_ends() {
    let node = parse("\u{feff}run: |\r\n  one\r\n  two\r\nname: x\r\n").expect("valid");
    assert_eq!(pairs(&node)[0].1.kind, NodeKind::Scalar(Scalar::String("one\ntwo\n".into())));
    assert_eq!(pairs(&node)[1].0.position, Position::new(4, 1));
}

#[test]
fn aliases_are_copies_and_the_latest_anchor_wins() {
    let node = parse("a: &x [1, two]\nb: *x\nc: &x 3\nd: *x\n").expect("valid");
    let pairs = pairs(&node);
    assert_eq!(pairs[1].1, pairs[0].1);
    assert_eq!(pairs[3].1.kind, NodeKind::Scalar(Scalar::Number(3.0)));
}

#[test]
fn merge_keys_are_ordinary_keys() {
    let node = parse("a: &x {b: 1}\nc:\n  <<: *x\n").expect("valid");
    let merged = &pairs(&pairs(&node)[1].1)[0];
    assert_eq!(merged.0.kind, NodeKind::Scalar(Scalar::String("<<".into())));
}

#[test]
fn broken_texts_are_refused_where_they_break() {
    assert_eq!(refusal("a: *nobody"), "1:4 Unknown anchor 'nobody'");
    assert_eq!(refusal("a: [1, *nobody]"), "1:8 Unknown anchor 'nobody'");
    assert_eq!(refusal("a: &x [*x]"), "1:8 The anchor 'x' contains itself");
    assert_eq!(refusal("a: 1\n---\nb: 2\n"), "2:1 The file must be a single YAML document");
    assert!(refusal("a: [1, 2").contains("You have an error in your yaml syntax"));
    assert!(refusal("a:\n\t- b").starts_with("2:"));
}

#[test]
fn an_empty_text_is_null() {
    for text in ["", "\u{feff}", "# nothing\n", "---\n"] {
        assert_eq!(scalar(text), Scalar::Null, "{text:?}");
    }
}

#[test]
fn depth_is_bounded_with_and_without_aliases() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(refusal(&nested(MAX_DEPTH + 1)), "1:51 Maximum object depth exceeded");
    let half = format!("a: &x {}\nb: {}*x{}", nested(30), "[".repeat(20), "]".repeat(20));
    assert_eq!(refusal(&half), "2:24 Maximum object depth exceeded");
}

#[test]
fn two_hundred_thousand_brackets_are_refused_at_once() {
    assert!(refusal(&"[".repeat(200_000)).contains("Maximum object depth exceeded"));
    assert!(refusal(&"{a: ".repeat(200_000)).contains("Maximum object depth exceeded"));
}

#[test]
fn alias_bombs_are_refused_before_they_grow() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let previous = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{previous}]\n"));
    }
    assert!(refusal(&text).ends_with("Maximum YAML nodes exceeded"));
}

#[test]
fn large_texts_are_bounded_by_nodes_bytes_and_characters() {
    assert!(
        refusal(&format!("[{}]", "1,".repeat(MAX_NODES))).ends_with("Maximum YAML nodes exceeded")
    );
    let heavy = format!("a: &x {}\nb: [{}]", "y".repeat(600_000), "*x,".repeat(10));
    assert!(refusal(&heavy).ends_with("Maximum object size exceeded"));
    assert!(parse(&"#".repeat(1_048_576)).is_ok());
    assert_eq!(
        refusal(&"#".repeat(1_048_577)),
        "The maximum file size of 1048576 characters has been exceeded"
    );
}

#[test]
fn anchors_are_refused_by_name_where_there_may_be_none() {
    let refusal = |text: &str| {
        let error = parse_without_anchors(text).expect_err("the text is refused");
        let Position { line, column } = error.position.expect("a position");
        format!("{line}:{column} {}", error.message)
    };
    let message = "Anchors are not currently supported. Remove the anchor 'steps'";
    assert_eq!(refusal("a: &steps 1\nb: *steps"), format!("1:4 {message}"));
    assert_eq!(refusal("a: &steps\n  - &other b"), format!("1:4 {message}"));
    assert_eq!(refusal("a: &steps {b: 1}"), format!("1:4 {message}"));
    assert!(parse_without_anchors("a: 1 & 2 &c").is_ok());
}
