//! The form of the table: what a definition can say.
//!
//! Knows no key of any file. Invariant: definitions are `static` and refer to each other directly,
//! so a name that does not exist does not compile.

use crate::expr::Allowed;

/// What may stand at a place of a file.
#[derive(Debug)]
pub struct Definition {
    pub kind: Kind,
    /// What expressions here and below may name; `None` takes the surrounding definition's.
    pub allowed: Option<&'static Allowed>,
}

/// The shapes a value can have.
#[derive(Debug)]
pub enum Kind {
    Null,
    Boolean,
    Number,
    Text(Text),
    Sequence(&'static Definition),
    Mapping(Mapping),
    /// At most one of them is a sequence. Mappings are told apart by their keys.
    OneOf(&'static [&'static Definition]),
}

/// A string, or another scalar that becomes one.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    pub non_empty: bool,
    pub words: Words,
}

/// Which texts a [`Text`] takes.
#[derive(Clone, Copy, Debug)]
pub enum Words {
    Any,
    /// These; anything else is an error.
    Only(&'static [&'static str]),
    /// These; anything else is read and warned about.
    Known(&'static [&'static str]),
    /// The keys of this mapping; anything else is read and warned about.
    KeysOf(&'static Definition),
}

/// A mapping with known keys, other keys, or both.
#[derive(Clone, Copy, Debug)]
pub struct Mapping {
    pub properties: &'static [Property],
    pub other_keys: OtherKeys,
}

/// What a key means that is not among the properties.
#[derive(Clone, Copy, Debug)]
pub enum OtherKeys {
    /// An error.
    Refused,
    /// Its value is passed over, with a warning.
    Ignored,
    /// The user's own name for a value of this kind.
    Names(&'static Definition),
}

/// A known key. Keys are case-sensitive.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    pub key: &'static str,
    pub required: bool,
    pub value: &'static Definition,
    pub support: Support,
}

/// What a key does here that GitHub has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    Honoured,
    /// The file is read and the key passed over, with a warning that says why.
    Ignored(&'static str),
    /// The file is read, with a warning; a job that has the key fails, and says why.
    Fails(&'static str),
}

impl Property {
    /// The key has no effect; `why` completes "has no effect: ".
    pub(super) const fn ignored(mut self, why: &'static str) -> Self {
        self.support = Support::Ignored(why);
        self
    }

    /// A job with the key fails; `when` completes "the job fails ".
    pub(super) const fn fails(mut self, when: &'static str) -> Self {
        self.support = Support::Fails(when);
        self
    }
}

impl Mapping {
    #[must_use]
    pub fn property(&self, key: &str) -> Option<&'static Property> {
        self.properties.iter().find(|property| property.key == key)
    }
}

impl Words {
    /// Whether `word` is one of these.
    #[must_use]
    pub fn contain(&self, word: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(words) | Self::Known(words) => words.contains(&word),
            Self::KeysOf(Definition { kind: Kind::Mapping(mapping), .. }) => {
                mapping.property(word).is_some()
            }
            Self::KeysOf(_) => false,
        }
    }
}

impl Definition {
    pub(super) const fn new(kind: Kind) -> Self {
        Self { kind, allowed: None }
    }

    /// Expressions are allowed here and below, with these contexts and functions.
    pub(super) const fn with(mut self, allowed: &'static Allowed) -> Self {
        self.allowed = Some(allowed);
        self
    }
}

pub(super) const fn text() -> Definition {
    Definition::new(Kind::Text(Text { non_empty: false, words: Words::Any }))
}

pub(super) const fn non_empty() -> Definition {
    Definition::new(Kind::Text(Text { non_empty: true, words: Words::Any }))
}

pub(super) const fn words(words: &'static [&'static str]) -> Definition {
    Definition::new(Kind::Text(Text { non_empty: true, words: Words::Only(words) }))
}

pub(super) const fn known_words(words: &'static [&'static str]) -> Definition {
    Definition::new(Kind::Text(Text { non_empty: true, words: Words::Known(words) }))
}

pub(super) const fn keys_of(mapping: &'static Definition) -> Definition {
    Definition::new(Kind::Text(Text { non_empty: true, words: Words::KeysOf(mapping) }))
}

pub(super) const fn sequence(item: &'static Definition) -> Definition {
    Definition::new(Kind::Sequence(item))
}

pub(super) const fn one_of(choices: &'static [&'static Definition]) -> Definition {
    Definition::new(Kind::OneOf(choices))
}

/// A mapping of known keys only.
pub(super) const fn mapping(properties: &'static [Property]) -> Definition {
    Definition::new(Kind::Mapping(Mapping { properties, other_keys: OtherKeys::Refused }))
}

/// A mapping of known keys; others are passed over with a warning.
pub(super) const fn lenient_mapping(properties: &'static [Property]) -> Definition {
    Definition::new(Kind::Mapping(Mapping { properties, other_keys: OtherKeys::Ignored }))
}

/// A mapping whose keys the user chooses.
pub(super) const fn names(value: &'static Definition) -> Definition {
    Definition::new(Kind::Mapping(Mapping { properties: &[], other_keys: OtherKeys::Names(value) }))
}

/// A mapping of known keys and of keys the user chooses.
pub(super) const fn mapping_and_names(
    properties: &'static [Property],
    value: &'static Definition,
) -> Definition {
    Definition::new(Kind::Mapping(Mapping { properties, other_keys: OtherKeys::Names(value) }))
}

pub(super) const fn optional(key: &'static str, value: &'static Definition) -> Property {
    Property { key, required: false, value, support: Support::Honoured }
}

pub(super) const fn required(key: &'static str, value: &'static Definition) -> Property {
    Property { key, required: true, value, support: Support::Honoured }
}
