//! Properties, indexes and `*` (`semantics` 2.5).

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::super::{Allowed, Environment, Expression, Object, StatusView, Value};
use super::{check, evaluate_in};

#[track_caller]
fn check_in(contexts: &Json, text: &str, expected: Json) {
    assert_eq!(evaluate_in(contexts, text).map(|v| v.to_json()), Ok(expected), "{text}");
}

#[test]
fn names_of_properties_ignore_case() {
    check("github.sha", "abc123");
    check("github['SHA']", "abc123");
}

#[test]
fn the_env_context_is_case_sensitive_where_it_says_so() {
    let mut env = Object::from_iter([("FOO".to_owned(), Value::string("x"))]);
    env.case_sensitive = true;
    let contexts = Object::from_iter([("env".to_owned(), Value::Object(Arc::new(env)))]);
    let status = StatusView::default();
    let environment = Environment { contexts: &contexts, status: &status, hash_files: None };
    let text = |text| {
        let expression = Expression::parse(text, &Allowed::ANYTHING).unwrap();
        expression.evaluate(&environment).unwrap().to_text().into_owned()
    };
    assert_eq!(text("env.FOO"), "x");
    assert_eq!(text("env.foo"), "");
    assert_eq!(text("ENV['FOO']"), "x");
}

#[test]
fn what_is_not_there_is_null() {
    for text in
        ["github.a.b.c", "github.sha.x", "nowhere.x", "matrix.py.a", "vars.a[0]", "vars.o['x']"]
    {
        check(text, Json::Null);
    }
}

#[test]
fn positions_in_arrays_are_coerced() {
    check("matrix.py[1]", 3.9);
    check("matrix.py['1']", 3.9);
    check("matrix.py[' 0x01 ']", 3.9);
    check("matrix.py[1.9]", 3.9);
    check("matrix.py[true]", 3.9);
    check("matrix.py[null]", 3.8);
    check("matrix.py[false]", 3.8);
    check("matrix.py['']", 3.8);
    for index in ["2", "-1", "-0.5", "NaN", "Infinity", "'x'", "vars.a", "1e10"] {
        check(&format!("matrix.py[{index}]"), Json::Null);
    }
}

#[test]
fn names_in_objects_are_coerced_to_text() {
    check("vars[1]", "one");
    check("vars[1.0]", "one");
    check("vars['1']", "one");
    check("vars[vars.a]", Json::Null);
    check("vars[format('{0}', 1)]", "one");
}

#[test]
fn results_of_calls_and_groups_can_be_indexed() {
    check("fromJSON('[1, {\"a\": 2}]')[1].A", 2);
    check("(github).ref", "refs/heads/main");
    check("(github || vars)['ref']", "refs/heads/main");
}

#[test]
fn a_star_gives_items_or_values_in_order() {
    check("needs.*.result", json!(["success", "failure"]));
    check("needs[*]['result']", json!(["success", "failure"]));
    check("matrix.py.*", json!([3.8, 3.9]));
    check("github.sha.*", json!([]));
    check("nowhere.*", json!([]));
    check("vars['*']", Json::Null);
}

#[test]
fn items_without_the_property_are_dropped_and_nulls_are_kept() {
    check("github.event.labels.*.name", json!(["bug", null]));
    check("github.event.labels.*.name.x", json!([]));
    check("needs.*.outputs.tag", json!(["v1"]));
}

#[test]
fn a_star_after_a_star_flattens_one_level() {
    let contexts = json!({ "x": [1, "a", null, [2, [3]], { "p": { "q": 4 }, "r": 5 }] });
    check_in(&contexts, "x.*.*", json!([2, [3], { "q": 4 }, 5]));
    check_in(&contexts, "x.*.*.q", json!([4]));
    check_in(&contexts, "x.*.*.*", json!([3, 4]));
    check_in(&contexts, "x[*][1]", json!([[3]]));
    check_in(&contexts, "x[*][1][0]", json!([3]));
    check_in(&contexts, "x.*[-1]", json!([]));
    check_in(&contexts, "x.*[x]", json!([]));
}

#[test]
fn selected_items_stay_selected_within_operators() {
    check("(needs.*)[0]", json!([]));
    check("(needs.* || 1).result", json!(["success", "failure"]));
    check("case(true, needs.*, 1).result", json!(["success", "failure"]));
    check("fromJSON(toJSON(needs.*))[0].result", "success");
}
