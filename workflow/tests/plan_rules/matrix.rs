//! Expansion of matrices (`semantics` 4.1), by tables and against a model written the slow way.

use gantry_workflow::expr::Value;
use gantry_workflow::plan::job_name::with_values;
use gantry_workflow::plan::matrix::{Combination, expand};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

fn expanded(matrix: &Json) -> Vec<Combination> {
    expand(&Value::from_json(matrix)).unwrap()
}

fn contexts(matrix: &Json) -> Vec<Json> {
    expanded(matrix).iter().map(|combination| combination.matrix.to_json()).collect()
}

fn names(matrix: &Json) -> Vec<String> {
    expanded(matrix).iter().map(|c| with_values("test", &c.name_values)).collect()
}

fn refusal(matrix: &Json) -> (Option<String>, String) {
    let error = expand(&Value::from_json(matrix)).unwrap_err();
    (error.key, error.message)
}

#[test]
fn the_first_key_varies_slowest() {
    let matrix = json!({"os": ["linux", "windows"], "py": [3.11, 3.12]});
    assert_eq!(
        names(&matrix),
        [
            "test (linux, 3.11)",
            "test (linux, 3.12)",
            "test (windows, 3.11)",
            "test (windows, 3.12)"
        ]
    );
}

#[test]
fn behaviour_40_include_merges_into_every_match_and_never_into_what_it_added() {
    // The example of GitHub's documentation.
    let matrix = json!({
        "fruit": ["apple", "pear"],
        "animal": ["cat", "dog"],
        "include": [
            {"color": "green"},
            {"color": "pink", "animal": "cat"},
            {"fruit": "apple", "shape": "circle"},
            {"fruit": "banana"},
            {"fruit": "banana", "animal": "cat"},
        ],
    });
    assert_eq!(
        contexts(&matrix),
        [
            json!({"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"}),
            json!({"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"}),
            json!({"fruit": "pear", "animal": "cat", "color": "pink"}),
            json!({"fruit": "pear", "animal": "dog", "color": "green"}),
            json!({"fruit": "banana"}),
            json!({"fruit": "banana", "animal": "cat"}),
        ]
    );
}

#[test]
fn behaviour_43_names_show_vectors_and_whole_appended_items_but_no_extras() {
    let matrix = json!({
        "os": ["linux"],
        "include": [{"os": "linux", "extra": "x"}, {"os": "mac", "extra": "y"}],
    });
    assert_eq!(names(&matrix), ["test (linux)", "test (mac, y)"]);
    let nested = json!({"box": [{"os": "linux", "tags": ["a", "", 1, true, null]}]});
    assert_eq!(names(&nested), ["test (linux, a, 1, true)"]);
    assert_eq!(names(&json!({"x": [null, ""]})), ["test", "test"]);
}

#[test]
fn behaviour_43_names_are_cut_to_100_characters() {
    let name = with_values("test", &["x".repeat(200)]);
    assert_eq!(name.chars().count(), 100);
    assert!(name.ends_with("xxx..."), "{name}");
    assert_eq!(with_values(&"y".repeat(100), &[]).len(), 100);
    assert!(with_values(&"y".repeat(101), &[]).ends_with("y..."));
}

#[test]
fn behaviour_41_filters_compare_as_expressions_do() {
    let matrix = |exclude: Json| {
        contexts(&json!({"os": ["Linux", "mac"], "v": [1, 2], "exclude": [exclude]})).len()
    };
    assert_eq!(matrix(json!({"os": "LINUX"})), 2);
    assert_eq!(matrix(json!({"os": "linux", "v": "1"})), 3);
    assert_eq!(matrix(json!({"v": true})), 2);
    assert_eq!(matrix(json!({"v": 3})), 4);
    assert_eq!(matrix(json!({"OS": "linux"})), 2);
}

#[test]
fn a_nested_filter_names_only_some_leaves_and_a_missing_leaf_is_null() {
    let matrix = |exclude: Json| {
        let boxes = json!([{"os": "linux", "arch": "x64"}, {"os": "linux"}, "plain"]);
        contexts(&json!({"box": boxes, "exclude": [{"box": exclude}]})).len()
    };
    assert_eq!(matrix(json!({"os": "linux"})), 1);
    assert_eq!(matrix(json!({"os": "linux", "arch": "x64"})), 2);
    assert_eq!(matrix(json!({"arch": ""})), 1);
    assert_eq!(matrix(json!({"arch": null})), 1);
    assert_eq!(matrix(json!([["x64"]])), 3);
}

#[test]
fn include_beats_exclude() {
    let matrix = json!({
        "os": ["linux", "mac"],
        "exclude": [{"os": "mac"}],
        "include": [{"os": "mac", "fast": true}, {"slow": false}],
    });
    assert_eq!(
        contexts(&matrix),
        [json!({"os": "linux", "slow": false}), json!({"os": "mac", "fast": true})]
    );
}

#[test]
fn include_alone_makes_one_leg_per_item() {
    let matrix = json!({"include": [{"a": 1}, {"a": 1, "b": 2}]});
    assert_eq!(contexts(&matrix), [json!({"a": 1}), json!({"a": 1, "b": 2})]);
    assert_eq!(names(&matrix), ["test (1)", "test (1, 2)"]);
}

#[test]
fn excluding_everything_leaves_no_combination() {
    assert!(expanded(&json!({"a": [1, 2], "exclude": [{"a": 1}, {"a": 2}]})).is_empty());
}

#[test]
fn what_is_not_a_matrix_is_refused_in_githubs_words() {
    for (matrix, key, message) in [
        (json!({"os": []}), Some("os"), "Matrix vector 'os' does not contain any values"),
        (json!({}), None, "Matrix must define at least one vector"),
        (json!({"include": []}), None, "Matrix must define at least one vector"),
        (
            json!({"a": [1], "include": [{}]}),
            Some("include"),
            "Matrix include mapping does not contain any values",
        ),
        (
            json!({"a": [1], "exclude": [{}]}),
            Some("exclude"),
            "Matrix exclude filter must not be empty",
        ),
        (
            json!({"a": [1], "exclude": [{"b": 1}]}),
            Some("exclude"),
            "Matrix exclude key 'b' does not match any key within the matrix",
        ),
        (json!({"a": "x"}), Some("a"), "Unexpected value 'x'"),
        (json!({"a": {"b": 1}}), Some("a"), "A mapping was not expected"),
        (json!({"a": [1], "include": [1]}), Some("include"), "Unexpected value '1'"),
        (json!(""), None, "Unexpected value ''"),
        (json!([1]), None, "A sequence was not expected"),
    ] {
        assert_eq!(refusal(&matrix), (key.map(str::to_owned), message.to_owned()), "{matrix}");
    }
}

#[test]
fn at_most_256_legs() {
    let numbers = |count: usize| (0..count).collect::<Vec<_>>();
    assert_eq!(expanded(&json!({"a": numbers(256)})).len(), 256);
    let (_, message) = refusal(&json!({"a": numbers(257)}));
    assert!(message.contains("at most 256 jobs"), "{message}");
    let excluded = json!({"a": numbers(257), "exclude": [{"a": 0}]});
    assert_eq!(expanded(&excluded).len(), 256);
    let huge = json!({"a": numbers(1000), "b": numbers(1000), "exclude": [{"a": 0}]});
    assert!(refusal(&huge).1.contains("before `exclude`"));
}

/// The algorithm again over flat text values, by recursion and without sharing code.
fn model(vectors: &[(String, Vec<String>)], include: &[Item], exclude: &[Item]) -> Vec<Item> {
    fn product(vectors: &[(String, Vec<String>)]) -> Vec<Item> {
        let Some(((name, values), rest)) = vectors.split_first() else { return vec![Vec::new()] };
        let mut all = Vec::new();
        for value in values {
            for tail in product(rest) {
                let mut item = vec![(name.clone(), value.clone())];
                item.extend(tail);
                all.push(item);
            }
        }
        all
    }
    let is_vector = |key: &str| vectors.iter().any(|(name, _)| name == key);
    let agrees = |combination: &Item, item: &Item| {
        item.iter().filter(|(key, _)| is_vector(key)).all(|pair| combination.contains(pair))
    };
    let mut all = if vectors.is_empty() { Vec::new() } else { product(vectors) };
    all.retain(|combination| !exclude.iter().any(|item| agrees(combination, item)));
    let survivors = all.clone();
    for item in include {
        if !survivors.iter().any(|combination| agrees(combination, item)) {
            let (mut own, extra): (Item, Item) =
                item.clone().into_iter().partition(|(key, _)| is_vector(key));
            own.extend(extra);
            all.push(own);
            continue;
        }
        for (combination, survivor) in all.iter_mut().zip(&survivors) {
            if !agrees(survivor, item) {
                continue;
            }
            for (key, value) in item.iter().filter(|(key, _)| !is_vector(key)) {
                match combination.iter_mut().find(|(present, _)| present == key) {
                    Some(entry) => entry.1.clone_from(value),
                    None => combination.push((key.clone(), value.clone())),
                }
            }
        }
    }
    all
}

type Item = Vec<(String, String)>;

fn to_json(item: &Item) -> Json {
    Json::Object(item.iter().map(|(k, v)| (k.clone(), json!(v))).collect::<Map<_, _>>())
}

fn item_of(keys: &'static [&'static str]) -> impl Strategy<Value = Item> {
    proptest::sample::subsequence(keys, 1..=keys.len()).prop_flat_map(|keys| {
        let values = proptest::collection::vec("[xyz]", keys.len());
        values.prop_map(move |values| {
            keys.iter().map(|key| (*key).to_owned()).zip(values).collect::<Item>()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn expansion_equals_the_model(
        vectors in proptest::collection::vec(proptest::sample::subsequence(vec!["x", "y", "z"], 1..=3), 0..=3),
        include in proptest::collection::vec(item_of(&["a", "b", "c", "e", "f"]), 0..5),
        exclude in proptest::collection::vec(item_of(&["a", "b", "c"]), 0..3),
    ) {
        let vectors: Vec<(String, Vec<String>)> = ["a", "b", "c"]
            .iter()
            .zip(vectors)
            .map(|(name, values)| ((*name).to_owned(), values.iter().map(|v| (*v).to_owned()).collect()))
            .collect();
        prop_assume!(!vectors.is_empty() || !include.is_empty());
        let known = |item: &Item| item.iter().all(|(key, _)| vectors.iter().any(|(name, _)| name == key));
        let exclude: Vec<Item> = exclude.into_iter().filter(|item| known(item)).collect();
        let mut matrix: Map<String, Json> =
            vectors.iter().map(|(name, values)| (name.clone(), json!(values))).collect();
        matrix.insert("include".into(), include.iter().map(to_json).collect());
        matrix.insert("exclude".into(), exclude.iter().map(to_json).collect());

        let expected: Vec<Json> = model(&vectors, &include, &exclude).iter().map(to_json).collect();
        let found = contexts(&Json::Object(matrix));
        prop_assert_eq!(&found, &expected);
        // Key order is part of the answer: it is the order of `toJSON(matrix)`.
        let text = |all: &[Json]| all.iter().map(Json::to_string).collect::<Vec<_>>();
        prop_assert_eq!(text(&found), text(&expected));
    }
}
