//! Properties that hold for any text and any value.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::super::{Allowed, Expression};
use super::{contexts, evaluate_in};

const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "*",
    "!",
    "==",
    "!=",
    "<",
    ">=",
    "&&",
    "||",
    " ",
    "github",
    "vars",
    "needs",
    "true",
    "null",
    "'a'",
    "''",
    "1",
    "-.5",
    "0x",
    "join(",
    "format(",
    "case(",
    "toJSON(",
    "contains(",
    "fromJSON(",
    "'{0}'",
    "result",
    "*.",
    "&",
    "=",
    "'",
    "é",
    "$",
];

/// Text made of pieces of expressions, which gets further into the parser than random text.
fn expression_like() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..30).prop_map(|pieces| pieces.concat())
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            prop::collection::hash_map("[a-z]{0,3}", inner, 0..5)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>()) {
        let _ = evaluate_in(&contexts(), &text);
    }

    #[test]
    fn any_sequence_of_tokens_is_evaluated_or_refused(text in expression_like()) {
        let _ = evaluate_in(&contexts(), &text);
    }

    #[test]
    fn positions_are_within_the_text(text in expression_like()) {
        if let Err(error) = Expression::parse(&text, &Allowed::ANYTHING) {
            prop_assert!((1..=text.chars().count().max(1)).contains(&error.offset));
        }
    }

    #[test]
    fn any_value_survives_writing_and_reading(value in any_json()) {
        let read = evaluate_in(&json!({ "x": value }), "fromJSON(toJSON(x))");
        prop_assert_eq!(read.map(|v| v.to_json()), Ok(value));
    }

    #[test]
    fn any_text_is_read_as_json_or_refused(text in "[\\[\\]{}:,'\"a1.\\-/* \n\\\\u]{0,30}") {
        let _ = evaluate_in(&json!({ "x": text }), "fromJSON(x)");
    }

    #[test]
    fn numbers_are_written_so_that_they_are_read_nearly_the_same(number in any::<f64>()) {
        prop_assume!(number.is_finite());
        let written = evaluate_in(&Json::Null, &format!("format('{{0}}', {number:e})"));
        let read: f64 = written.unwrap().to_text().parse().unwrap();
        prop_assert!(read.to_bits() == number.to_bits() || (read - number).abs() <= number.abs() * 1e-14);
    }

    #[test]
    fn case_never_decides_equality(text in "[a-zA-Z0-9 ]{0,12}") {
        let (upper, lower) = (text.to_uppercase(), text.to_lowercase());
        let equal = evaluate_in(&Json::Null, &format!("'{upper}' == '{lower}' && '{upper}' <= '{lower}'"));
        prop_assert!(equal.unwrap().truthy());
    }
}
