//! Filter patterns and lists against slow references that share no code with them
//! (`semantics` 3.2).

use gantry_workflow::model::Filters;
use gantry_workflow::trigger::{Event, Pattern, Selection, select};
use proptest::prelude::*;
use serde_json::json;

use crate::build::{trigger, workflow_on};

/// A piece of a pattern.
#[derive(Clone, Debug)]
enum Piece {
    One(char),
    Class(char, char),
    /// `?` after a character or a class.
    Maybe(Box<Piece>),
    /// `+` after a character or a class.
    Many(Box<Piece>),
    Star,
    Stars,
    StarsSlash,
}

/// A pattern's pieces and a value that was made from them.
type Sample = (Vec<Piece>, String);

fn character() -> impl Strategy<Value = char> {
    prop_oneof![Just('a'), Just('b'), Just('c'), Just('/'), Just('.'), Just('-')]
}

fn single() -> impl Strategy<Value = Piece> {
    let class = (prop_oneof![Just('a'), Just('b')], prop_oneof![Just('b'), Just('c')]);
    prop_oneof![
        4 => character().prop_map(Piece::One),
        1 => class.prop_map(|(low, high)| Piece::Class(low, high)),
    ]
}

/// A piece, and what it stands for in one value.
fn piece() -> impl Strategy<Value = (Piece, String)> {
    let text = "[abc.-]{0,3}";
    let path = "[abc/.-]{0,4}";
    prop_oneof![
        6 => (single(), "[abc]").prop_map(|(piece, other)| {
            let text = match &piece {
                Piece::One(c) => c.to_string(),
                _ => other,
            };
            (piece, text)
        }),
        1 => (single(), "[abc]?").prop_map(|(piece, text)| (Piece::Maybe(Box::new(piece)), text)),
        1 => (single(), "[abc]{1,2}").prop_map(|(piece, text)| (Piece::Many(Box::new(piece)), text)),
        1 => text.prop_map(|text| (Piece::Star, text)),
        1 => path.prop_map(|text| (Piece::Stars, text)),
        1 => path.prop_map(|text| {
            let text = if text.is_empty() { text } else { format!("{text}/") };
            (Piece::StarsSlash, text)
        }),
    ]
}

/// Pieces that mean the same when they are written one after the other: no star beside a star, no
/// slash behind two, and nothing at the start that would negate the pattern.
fn sample() -> impl Strategy<Value = Sample> {
    prop::collection::vec(piece(), 1..7).prop_map(|made| {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut value = String::new();
        for (piece, text) in made {
            let after_star =
                matches!(pieces.last(), Some(Piece::Star | Piece::Stars | Piece::StarsSlash));
            let is_unclear = match &piece {
                Piece::Star | Piece::Stars | Piece::StarsSlash => after_star,
                Piece::One('/') => matches!(pieces.last(), Some(Piece::Stars)),
                Piece::Maybe(inner) | Piece::Many(inner) => {
                    after_star && matches!(**inner, Piece::One('/'))
                }
                Piece::One(_) | Piece::Class(..) => false,
            };
            if !is_unclear {
                pieces.push(piece);
                value.push_str(&text);
            }
        }
        (pieces, value)
    })
}

fn written(piece: &Piece) -> String {
    match piece {
        Piece::One(c) => c.to_string(),
        Piece::Class(low, high) => format!("[{low}-{high}]"),
        Piece::Maybe(inner) => format!("{}?", written(inner)),
        Piece::Many(inner) => format!("{}+", written(inner)),
        Piece::Star => "*".to_owned(),
        Piece::Stars => "**".to_owned(),
        Piece::StarsSlash => "**/".to_owned(),
    }
}

/// Whether the pieces stand for the whole of a value, by trying everything.
fn matches(pieces: &[Piece], value: &[char]) -> bool {
    let Some((piece, rest)) = pieces.split_first() else { return value.is_empty() };
    let is_one = |piece: &Piece, c: char| match piece {
        Piece::One(own) => *own == c,
        Piece::Class(low, high) => (*low..=*high).contains(&c),
        _ => false,
    };
    let starts = |n: usize, fits: &dyn Fn(char) -> bool| value[..n].iter().all(|c| fits(*c));
    let mut lengths = 0..=value.len();
    match piece {
        Piece::One(_) | Piece::Class(..) => {
            value.first().is_some_and(|c| is_one(piece, *c)) && matches(rest, &value[1..])
        }
        Piece::Maybe(inner) => {
            lengths.take(2).any(|n| starts(n, &|c| is_one(inner, c)) && matches(rest, &value[n..]))
        }
        Piece::Many(inner) => {
            lengths.skip(1).any(|n| starts(n, &|c| is_one(inner, c)) && matches(rest, &value[n..]))
        }
        Piece::Star => lengths.any(|n| starts(n, &|c| c != '/') && matches(rest, &value[n..])),
        Piece::Stars => lengths.any(|n| matches(rest, &value[n..])),
        Piece::StarsSlash => {
            lengths.any(|n| n != 1 && (n == 0 || value[n - 1] == '/') && matches(rest, &value[n..]))
        }
    }
}

/// What a list of patterns says of a value: the last one that matches decides, and a negative one
/// only takes away.
fn listed(patterns: &[String], value: &str) -> bool {
    let mut is_in = false;
    for pattern in patterns {
        let (negative, body) = match pattern.strip_prefix('!') {
            Some(body) => (true, body),
            None => (false, pattern.as_str()),
        };
        if Pattern::parse(body).unwrap().matches(value) {
            is_in = !negative;
        }
    }
    is_in
}

fn starts(set: impl FnOnce(&mut Filters), git_ref: &str, files: &[String]) -> bool {
    let mut on = trigger("push");
    set(&mut on.filters);
    let payload = json!({"ref": git_ref, "after": "abc", "head_commit": {"message": "change"}});
    let event = Event { name: "push", payload: &payload, changed_files: Some(files) };
    select(&workflow_on(vec![on]), &event) == Selection::Starts
}

fn patterns() -> impl Strategy<Value = Vec<String>> {
    let pattern = prop_oneof![
        Just("main"),
        Just("!main"),
        Just("a/**"),
        Just("!a/b"),
        Just("*"),
        Just("!**"),
        Just("**"),
        Just("a/*"),
        Just("**/b"),
        Just("!a/*")
    ];
    prop::collection::vec(pattern.prop_map(str::to_owned), 1..5)
}

fn names() -> impl Strategy<Value = Vec<String>> {
    let name = prop_oneof![Just("main"), Just("a/b"), Just("a/c"), Just("b"), Just("a/b/b")];
    prop::collection::vec(name.prop_map(str::to_owned), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_pattern_matches_what_its_pieces_stand_for(
        (pieces, own) in sample(),
        other in "[abc/.-]{0,6}",
    ) {
        let text: String = pieces.iter().map(written).collect();
        let pattern = Pattern::parse(&text).unwrap();
        for value in [own, other] {
            let characters: Vec<char> = value.chars().collect();
            prop_assert_eq!(
                pattern.matches(&value), matches(&pieces, &characters), "`{}` and `{}`", text, value
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn lists_decide_as_a_walk_through_them(patterns in patterns(), names in names()) {
        let name = &names[0];
        let branch = format!("refs/heads/{name}");
        let is_listed = listed(&patterns, name);
        let on_branches = starts(|f| f.branches = Some(patterns.clone()), &branch, &names);
        prop_assert_eq!(on_branches, is_listed, "branches {:?} {}", &patterns, name);
        let ignoring = starts(|f| f.branches_ignore = Some(patterns.clone()), &branch, &names);
        prop_assert_eq!(ignoring, !is_listed, "branches-ignore {:?} {}", &patterns, name);
        let on_paths = starts(|f| f.paths = Some(patterns.clone()), &branch, &names);
        let any = names.iter().any(|file| listed(&patterns, file));
        prop_assert_eq!(on_paths, any, "paths {:?} {:?}", &patterns, &names);
        let not_ignored = starts(|f| f.paths_ignore = Some(patterns.clone()), &branch, &names);
        let all = names.iter().all(|file| listed(&patterns, file));
        prop_assert_eq!(not_ignored, !all, "paths-ignore {:?} {:?}", &patterns, &names);
    }
}
