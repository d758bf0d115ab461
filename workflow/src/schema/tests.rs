//! The table holds together: every mapping a reader must tell apart can be told apart.

use std::collections::HashSet;
use std::ptr;

use super::{ACTION, Definition, Kind, OtherKeys, Property, WORKFLOW};

/// Every definition that can be reached from the roots.
fn definitions() -> Vec<&'static Definition> {
    let mut seen: Vec<&'static Definition> = Vec::new();
    let mut pending: Vec<&'static Definition> = vec![&WORKFLOW, &ACTION];
    while let Some(definition) = pending.pop() {
        if seen.iter().any(|known| ptr::eq(*known, definition)) {
            continue;
        }
        seen.push(definition);
        match &definition.kind {
            Kind::Null | Kind::Boolean | Kind::Number | Kind::Text(_) => {}
            Kind::Sequence(item) => pending.push(item),
            Kind::OneOf(choices) => pending.extend(choices.iter().copied()),
            Kind::Mapping(mapping) => {
                pending.extend(mapping.properties.iter().map(|property| property.value));
                if let OtherKeys::Names(value) = mapping.other_keys {
                    pending.push(value);
                }
            }
        }
    }
    seen
}

#[test]
fn keys_of_a_mapping_are_distinct() {
    for definition in definitions() {
        if let Kind::Mapping(mapping) = &definition.kind {
            let keys: HashSet<_> = mapping.properties.iter().map(|property| property.key).collect();
            assert_eq!(keys.len(), mapping.properties.len(), "{keys:?}");
        }
    }
}

#[test]
fn choices_hold_one_sequence_and_mappings_with_keys_of_their_own() {
    for definition in definitions() {
        let Kind::OneOf(choices) = &definition.kind else { continue };
        let sequences = choices.iter().filter(|choice| matches!(choice.kind, Kind::Sequence(_)));
        assert!(sequences.count() <= 1);
        let mappings: Vec<_> = choices
            .iter()
            .filter_map(|choice| match &choice.kind {
                Kind::Mapping(mapping) => Some(mapping),
                _ => None,
            })
            .collect();
        if mappings.len() > 1 {
            for mapping in &mappings {
                let others =
                    |key: &str| mappings.iter().filter(|m| m.property(key).is_some()).count();
                let own = |property: &&Property| others(property.key) == 1;
                assert!(mapping.properties.iter().any(|property| own(&property)));
            }
        }
    }
}

/// The reader takes the contexts of the place, not of the choice.
#[test]
fn choices_are_plain_shapes_without_contexts_of_their_own() {
    for definition in definitions() {
        let Kind::OneOf(choices) = &definition.kind else { continue };
        for choice in *choices {
            assert!(choice.allowed.is_none(), "{choice:?}");
            assert!(!matches!(choice.kind, Kind::OneOf(_)), "{choice:?}");
        }
    }
}

#[test]
fn contexts_are_written_in_lower_case() {
    for definition in definitions() {
        let contexts = definition.allowed.map_or(&[] as &[&str], |allowed| allowed.contexts);
        assert!(contexts.iter().all(|context| *context == context.to_lowercase()));
    }
}
