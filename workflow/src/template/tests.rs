//! How scalars are read, and how tokens are evaluated and stored.

use super::{Token, TokenKind, read};
use crate::diagnostic::Diagnostics;
use crate::expr::{Environment, Object, StatusView, Value};
use crate::schema::WORKFLOW;
use crate::yaml;

/// The token that `env` of a workflow becomes, and what was found wrong.
fn read_env(env: &str) -> (Token, Vec<String>) {
    let text = format!("on: push\njobs: {{a: {{runs-on: x}}}}\nenv:\n{env}");
    let mut diagnostics = Diagnostics::new("ci.yml");
    let node = yaml::parse(&text).expect("the text is YAML");
    let root = read(node, &WORKFLOW, &mut diagnostics);
    let messages = diagnostics.into_sorted().iter().map(ToString::to_string).collect();
    (root.get("env").expect("`env` is there").clone(), messages)
}

/// The one variable of `env`, which has nothing wrong.
fn variable(text: &str) -> Token {
    let (env, messages) = read_env(&format!("  V: {text}"));
    assert_eq!(messages, [] as [String; 0]);
    env.get("V").expect("`V` is there").clone()
}

fn expression(text: &str) -> String {
    match variable(text).kind {
        TokenKind::Expression(expression) => expression.to_string(),
        other => panic!("not an expression: {other:?}"),
    }
}

/// A `vars` context with an array, an object and a text.
fn evaluate(token: &Token) -> Result<Value, String> {
    let list = Value::array(vec![Value::Number(1.0), Value::string("two")]);
    let map = Value::object([("B".to_owned(), Value::string("b")), ("N".to_owned(), Value::Null)]);
    let vars = Value::object([
        ("list".to_owned(), list),
        ("map".to_owned(), map),
        ("name".to_owned(), Value::string("x")),
    ]);
    let contexts: Object = [("vars".to_owned(), vars)].into_iter().collect();
    let status = StatusView::default();
    let environment = Environment { contexts: &contexts, status: &status, hash_files: None };
    token.evaluate(&environment).map_err(|error| error.message)
}

fn json(token: &Token) -> String {
    evaluate(token).expect("it evaluates").to_json().to_string()
}

#[test]
fn a_scalar_that_is_one_expression_stays_typed() {
    assert_eq!(expression("${{ github.sha }}"), "github.sha");
    assert_eq!(json(&variable("${{ vars.list }}")), r#"[1,"two"]"#);
}

#[test]
fn text_around_expressions_makes_one_format_call() {
    assert_eq!(expression("a-${{ vars.name }}-b"), "format('a-{0}-b', vars.name)");
    assert_eq!(
        expression("\"it's {${{ vars.name }}}, ${{ 'x' }}\""),
        "format('it''s {{{0}}}, {1}', vars.name, 'x')"
    );
    assert_eq!(json(&variable("a ${{ vars.map }} ${{ vars.list }}")), r#""a Object Array""#);
}

#[test]
fn closing_braces_within_a_string_do_not_close_the_expression() {
    assert_eq!(expression("${{ format('{0}}}', vars.name) }}"), "format('{0}}}', vars.name)");
    assert_eq!(expression("${{ vars['it''s }}'] }}"), "vars['it''s }}']");
}

#[test]
fn a_lone_string_literal_is_plain_text() {
    for (text, literal) in [("${{ '${{' }}", "${{"), ("${{ 'it''s' }}", "it's"), ("${{ '' }}", "")]
    {
        assert_eq!(variable(text).literal_text().as_deref(), Some(literal), "{text}");
    }
    assert_eq!(expression("${{ 'a' == 'b' }}"), "'a' == 'b'");
}

#[test]
fn other_scalars_become_strings_where_only_strings_fit() {
    for (text, literal) in
        [("3.10", "3.1"), ("true", "true"), ("", ""), ("0755", "755"), ("1e15", "1E+15")]
    {
        let token = variable(text);
        assert!(matches!(&token.kind, TokenKind::String(value) if value == literal), "{token:?}");
    }
}

#[test]
fn an_array_among_items_is_spliced_one_level() {
    let token = |kind| Token::new(crate::Position::START, kind);
    let items = vec![token(TokenKind::Bool(true)), variable("${{ vars.list }}")];
    assert_eq!(json(&token(TokenKind::Sequence(items.clone()))), r#"[true,1,"two"]"#);
    let nested = token(TokenKind::Sequence(vec![token(TokenKind::Sequence(items))]));
    assert_eq!(json(&nested), r#"[[true,1,"two"]]"#, "a written sequence stays an item");
}

#[test]
fn insert_merges_a_mapping_and_keys_may_be_expressions() {
    let (env, messages) =
        read_env("  A: 1\n  ${{ insert }}: ${{ vars.map }}\n  ${{ vars.name }}-1: last\n");
    assert_eq!(messages, [] as [String; 0]);
    assert_eq!(json(&env), r#"{"A":"1","B":"b","N":null,"x-1":"last"}"#);
}

#[test]
fn inserted_keys_must_not_repeat_written_ones() {
    let (env, _) = read_env("  b: 1\n  ${{ insert }}: ${{ vars.map }}\n");
    assert_eq!(evaluate(&env).expect_err("twice"), "'B' is already defined");
    let (env, _) = read_env("  ${{ insert }}: ${{ vars.name }}\n");
    assert_eq!(evaluate(&env).expect_err("no mapping"), "Expected a mapping");
}

#[test]
fn texts_are_neither_booleans_nor_numbers() {
    let (contexts, status) = (Object::default(), StatusView::default());
    let environment = Environment { contexts: &contexts, status: &status, hash_files: None };
    let message = |result: Result<_, crate::expr::EvalError>| result.expect_err("refused").message;
    let boolean = variable("${{ 'tr' && 'true' }}").evaluate_boolean(&environment);
    assert_eq!(message(boolean.map(|_| ())), "Unexpected value 'true'");
    let number = variable("${{ true && '5' }}").evaluate_number(&environment);
    assert_eq!(message(number.map(|_| ())), "Unexpected value '5'");
    let text = variable("${{ fromJSON('[]') }}").evaluate_text(&environment);
    assert_eq!(message(text.map(|_| ())), "A sequence was not expected");
    assert_eq!(variable("${{ 5 }}").evaluate_text(&environment).as_deref(), Ok("5"));
    assert_eq!(variable("${{ !false }}").evaluate_boolean(&environment), Ok(true));
}

#[test]
fn a_stored_token_is_read_back_unchanged() {
    let (env, _) = read_env(
        "  A: x\n  ${{ insert }}: ${{ vars.map }}\n  ${{ vars.name }}: ${{ vars.list }}\n  B: a${{ 1 }}\n",
    );
    let stored = serde_json::to_string(&env).expect("it is stored");
    let again: Token = serde_json::from_str(&stored).expect("it is read back");
    assert_eq!(format!("{env:?}"), format!("{again:?}"));
}

#[test]
fn numbers_that_json_has_not_are_stored_too() {
    for number in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.1, -0.0, 1e300] {
        let token = Token::new(crate::Position::START, TokenKind::Number(number));
        let stored = serde_json::to_string(&token).expect("it is stored");
        let again: Token = serde_json::from_str(&stored).expect("it is read back");
        assert_eq!(format!("{token:?}"), format!("{again:?}"));
    }
}

#[test]
fn the_deepest_file_can_be_stored() {
    let depth = yaml::MAX_DEPTH - 5;
    let matrix = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let text =
        format!("on: push\njobs: {{a: {{runs-on: x, strategy: {{matrix: {{v: {matrix}}}}}}}}}\n");
    let (workflow, diagnostics) = crate::model::read_workflow("ci.yml", &text);
    assert_eq!(diagnostics, []);
    let stored = serde_json::to_string(&workflow.expect("it is valid")).expect("it is stored");
    let again: crate::model::Workflow = serde_json::from_str(&stored).expect("it is read back");
    assert!(again.jobs[0].strategy.is_some());
}

#[test]
fn broken_stored_tokens_are_refused() {
    for text in [
        "1",
        "[]",
        "[1,2]",
        "[1,2,\"what\"]",
        "[1,2,\"bool\"]",
        "[1,2,\"expression\",\"(\"]",
        "[-1,2,\"null\"]",
    ] {
        assert!(serde_json::from_str::<Token>(text).is_err(), "{text}");
    }
}
