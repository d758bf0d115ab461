//! `&&`, `||`, `!` and the comparisons (`semantics` 2.4).

use super::{check, evaluate};

#[test]
fn and_and_or_give_an_operand() {
    check("1 && 'a'", "a");
    check("0 && 'a'", 0);
    check("'' || 'b'", "b");
    check("'a' || 'b'", "a");
    check("true && '' || 'fallback'", "fallback");
    check("null || 0 || ''", "");
    check("1 && 2 && 3", 3);
}

#[test]
fn operands_that_do_not_count_are_not_evaluated() {
    check("true || fromJSON('{')", true);
    check("false && fromJSON('{')", false);
    assert!(evaluate("false || fromJSON('{')").is_err());
}

#[test]
fn values_of_different_kinds_are_compared_as_numbers() {
    let equal = [
        "null == 0",
        "'' == 0",
        "null == false",
        "null == ''",
        "true == 1",
        "true == '1'",
        "false == ''",
    ];
    for text in equal {
        check(text, true);
    }
    let different = [
        "true == 'true'",
        "false == 'false'",
        "null == 'null'",
        "true == 2",
        "vars.a == ''",
        "vars.o == 0",
    ];
    for text in different {
        check(text, false);
        check(&text.replace("==", "!="), true);
    }
}

#[test]
fn nan_equals_nothing() {
    check("NaN == NaN", false);
    check("NaN != NaN", true);
    check("NaN <= NaN", false);
    check("'a' == 0 || 'a' < 0 || 'a' > 0", false);
}

#[test]
fn texts_are_equal_without_regard_to_case() {
    check("'Main' == 'mAIN'", true);
    check("'ÄÖ' == 'äö'", true);
    check("'ς' == 'Σ'", true);
    check("'straße' == 'STRASSE'", false);
    check("'ß' == 'SS'", false);
    check("'i' == 'İ'", false);
    check("'ı' == 'I'", false);
    check("'ſ' == 's'", false);
    check("'a' == 'a '", false);
    check("'1' == '1.0'", false);
}

#[test]
fn texts_are_ordered_without_regard_to_case() {
    check("'a' < 'B'", true);
    check("'A' < 'b'", true);
    check("'b' > 'A'", true);
    check("'a' <= 'A'", true);
    check("'a' >= 'A'", true);
    check("'a' < 'aa'", true);
    check("'10' < '9'", true);
    // As upper case, letters come before the underscore.
    check("'a' < '_'", true);
}

#[test]
fn other_kinds_are_ordered_as_numbers() {
    check("false < true", true);
    check("null < 1", true);
    check("'5' > 4", true);
    check("null >= null", true);
    check("null > null", false);
    for text in ["vars.a < 1", "vars.o >= 0", "vars.a <= vars.o", "vars.a > 'a'"] {
        check(text, false);
    }
}

#[test]
fn an_array_or_object_equals_only_itself() {
    check("vars.a == vars.a", true);
    check("vars.o == VARS.O", true);
    check("github.event >= github.event", true);
    check("vars.a == fromJSON('[]')", false);
    check("fromJSON('{}') == fromJSON('{}')", false);
    check("github.* == github.*", false);
}
