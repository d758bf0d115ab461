//! What expressions refer to.

use super::super::{Allowed, Expression};

fn parse(text: &str) -> Expression {
    Expression::parse(text, &Allowed::ANYTHING).unwrap()
}

#[test]
fn calls_of_status_functions_are_found_anywhere() {
    let with =
        ["always()", "x && FAILURE()", "true || format('{0}', !cancelled())", "x[success()]"];
    for text in with {
        assert!(parse(text).calls_status_function(), "{text}");
    }
    let without = ["github.ref != 'always()'", "github.success", "contains('failure()', x)"];
    for text in without {
        assert!(!parse(text).calls_status_function(), "{text}");
    }
}

#[test]
fn properties_are_found_by_name() {
    let names = |text| parse(text).referenced_properties("secrets");
    let some = |names: &[&str]| Some(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
    assert_eq!(names("secrets.A && Secrets['b'] && secrets.A"), some(&["A", "b"]));
    assert_eq!(names("github.secrets.A || 'secrets.B'"), some(&[]));
    assert_eq!(names("secrets.A.b[secrets.C]"), some(&["A", "C"]));
}

#[test]
fn any_property_may_be_read_when_the_name_is_not_fixed() {
    for text in [
        "secrets",
        "toJSON(secrets)",
        "secrets[github.x]",
        "secrets.*",
        "(secrets || 1).A",
        "secrets[1]",
    ] {
        assert_eq!(parse(text).referenced_properties("secrets"), None, "{text}");
    }
}

#[test]
fn results_of_needs_are_told_from_outputs() {
    let results = ["needs.a.result == 'success'", "needs['a'].RESULT", "needs.*.result", "x.needs"];
    for text in results {
        assert!(!parse(text).reads_outputs_of_needs(), "{text}");
    }
    let more = [
        "needs.a.outputs.x",
        "toJSON(needs)",
        "needs.a",
        "needs[needs.a.outputs.b].result",
        "needs.a.outputs.result",
        "needs.result",
    ];
    for text in more {
        assert!(parse(text).reads_outputs_of_needs(), "{text}");
    }
}
