//! Names of artifacts and of files in them. Pure.
//!
//! Invariant: a name that is accepted is one component of a path on every system, and a path that is
//! accepted stays below the directory it is unpacked in.

use super::ArtifactError;

/// Longest name, in bytes; a client's file systems take no more.
const MAX_NAME_BYTES: usize = 255;

/// Longest path, in bytes.
const MAX_PATH_BYTES: usize = 4096;

/// GitHub's list, without the separators, which paths have.
const FORBIDDEN: [char; 7] = ['"', ':', '<', '>', '|', '*', '?'];

/// Refuses the names that GitHub refuses, and those that are no name of a file.
pub fn check_name(name: &str) -> Result<(), ArtifactError> {
    let is_dots = matches!(name, "." | "..");
    if name.trim().is_empty() || is_dots || name.len() > MAX_NAME_BYTES {
        return Err(ArtifactError::Invalid(format!("`{name}` is not a name of an artifact")));
    }
    match name.chars().find(|c| is_forbidden(*c) || matches!(c, '/' | '\\')) {
        None => Ok(()),
        Some(character) => Err(ArtifactError::Invalid(format!(
            "The artifact name is not valid: {name}. Contains the following character: {}",
            character.escape_default()
        ))),
    }
}

/// Refuses paths that lead out of the directory they are unpacked in.
pub(super) fn check_path(path: &str) -> Result<(), ArtifactError> {
    let is_component = |part: &str| {
        !matches!(part, "" | "." | "..") && !part.chars().any(|c| is_forbidden(c) || c == '\\')
    };
    if path.len() <= MAX_PATH_BYTES && path.split('/').all(is_component) {
        return Ok(());
    }
    Err(ArtifactError::Invalid(format!("`{path}` is not a path of a file in an artifact")))
}

fn is_forbidden(character: char) -> bool {
    FORBIDDEN.contains(&character) || character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_githubs_forbidden_characters_are_refused() {
        for name in ["dist", "a b", "résumé", "my.artifact", "...", "a..b"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        let wrong = ["", " ", ".", "..", "a/b", "a\\b", "a:b", "a\"b", "a<b", "a>b", "a|b", "a*b"];
        for name in wrong.into_iter().chain(["a?b", "a\rb", "a\nb", "a\0b"]) {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        assert!(check_name(&"x".repeat(256)).is_err());
    }

    #[test]
    fn paths_that_climb_or_begin_at_the_root_are_refused() {
        for path in ["a/b/c.txt", "a/..b", "a/b c"] {
            assert!(check_path(path).is_ok(), "{path}");
        }
        for path in ["", "/etc/passwd", "a/../../b", "..", "a//b", "a/./b", "a\\b", "c:/x", "a/"] {
            assert!(check_path(path).is_err(), "{path}");
        }
    }
}
