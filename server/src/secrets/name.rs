//! What a secret or a variable may be called, by GitHub's rules.
//!
//! Does not look whether one exists. Invariant: an accepted name is a shell identifier.

/// Largest value of a secret or a variable, GitHub's limit; a longer one is refused.
pub const MAX_VALUE_BYTES: usize = 48 * 1024;

/// Why a name or a value is refused, in GitHub's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error(
        "names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). \
         Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_)."
    )]
    Characters,
    #[error("names must not start with GITHUB_.")]
    Reserved,
    #[error("values must not be longer than 48 KB.")]
    TooLong,
}

impl NameError {
    /// The field of a request that is wrong.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::Characters | Self::Reserved => "name",
            Self::TooLong => "value",
        }
    }
}

/// Both halves of an entry; see [`check_name`] and [`check_value`].
pub fn check_entry(name: &str, value: &str) -> Result<String, NameError> {
    let name = check_name(name)?;
    check_value(value)?;
    Ok(name)
}

/// GitHub's limit of a value.
pub fn check_value(value: &str) -> Result<(), NameError> {
    if value.len() > MAX_VALUE_BYTES { Err(NameError::TooLong) } else { Ok(()) }
}

/// The name in the form it is stored in, upper case.
pub fn check_name(name: &str) -> Result<String, NameError> {
    let mut characters = name.chars();
    let starts_well = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if !starts_well || !characters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(NameError::Characters);
    }
    let name = name.to_ascii_uppercase();
    if name.starts_with("GITHUB_") {
        return Err(NameError::Reserved);
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_githubs_rules() {
        assert_eq!(check_entry("npm_token", "x"), Ok("NPM_TOKEN".into()));
        for name in ["", "1A", "A-B", "A B", "É"] {
            assert_eq!(check_entry(name, "x"), Err(NameError::Characters), "{name}");
        }
        assert_eq!(check_entry("github_x", "x"), Err(NameError::Reserved));
        assert_eq!(check_entry("A", &"x".repeat(MAX_VALUE_BYTES + 1)), Err(NameError::TooLong));
    }
}
