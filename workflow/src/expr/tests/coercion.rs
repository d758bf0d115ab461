//! Truth, numbers and texts of values (`semantics` 2.3).

use super::{check, check_text};

#[test]
fn numbers_are_written_with_fifteen_digits() {
    let cases = [
        ("3.10", "3.1"),
        ("1.0", "1"),
        ("-2.0", "-2"),
        ("1.2e2", "120"),
        ("0xff", "255"),
        ("0o10", "8"),
        ("0.84551240822557006", "0.84551240822557"),
        ("0.1", "0.1"),
        ("100000000000000", "100000000000000"),
        ("999999999999999", "999999999999999"),
        ("1e15", "1E+15"),
        ("-1e15", "-1E+15"),
        ("123456789012345678", "1.23456789012346E+17"),
        ("1345678912345678912", "1.34567891234568E+18"),
        ("0.0001", "0.0001"),
        ("0.00001", "1E-05"),
        ("0.000012345", "1.2345E-05"),
        ("1234.5678", "1234.5678"),
        ("1e-7", "1E-07"),
        ("1.5e300", "1.5E+300"),
        ("1e-300", "1E-300"),
        ("0.30000000000000004", "0.3"),
        ("99999.99999999999999", "100000"),
        ("1e400", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("+infinity", "Infinity"),
        ("NaN", "NaN"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("-1e-400", "0"),
    ];
    for (number, text) in cases {
        check_text(number, text);
    }
}

#[test]
fn values_are_written_as_text() {
    check_text("null", "");
    check_text("true", "true");
    check_text("false", "false");
    check_text("github.event", "Object");
    check_text("matrix.py", "Array");
    check("format('{0}x', github.event)", "Objectx");
    check("format('[{0}]', null)", "[]");
    check("format('{0}', matrix.version)", "3.1");
}

#[test]
fn falsy_values_are_few() {
    for falsy in ["null", "false", "0", "-0", "0.0", "NaN", "''", "vars.none", "vars.empty"] {
        check(&format!("!({falsy})"), true);
    }
    for truthy in ["'0'", "'false'", "' '", "vars.a", "vars.o", "-1", "Infinity", "'NaN'"] {
        check(&format!("!({truthy})"), false);
    }
}

#[test]
fn text_becomes_a_number_when_it_meets_one() {
    for text in ["'1'", "' 1 '", "'1.0'", "'0x1'", "'0o1'", "'10e-1'", "'+1'", "'01'"] {
        check(&format!("1 == {text}"), true);
    }
    check("0 == ''", true);
    check("0 == '  '", true);
    check("Infinity == 'infinity'", true);
    check("-Infinity == ' -Infinity '", true);
    check("'0xffffffff' == -1", true);
    for text in
        ["'a'", "'1a'", "'-0x1'", "'0X1'", "'0b1'", "'1_0'", "'1,0'", "'- 1'", "'inf'", "'nan'"]
    {
        check(&format!("1 == {text}"), false);
        check(&format!("0 >= {text} || 0 < {text}"), false);
    }
}
