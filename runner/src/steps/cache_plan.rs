//! What a cache is called and what it must not be called. Pure.
//!
//! Follows GitHub's `@actions/cache`, so that the built-in action and the real one find each other's
//! caches. Invariant: the version depends on the paths as they were written, and on nothing else.

use sha2::{Digest as _, Sha256};

/// How the archives are compressed, in GitHub's name for it.
const COMPRESSION: &str = "zstd-without-long";

/// GitHub's number of the format.
const FORMAT: &str = "1.0";

/// Characters of a key.
const LONGEST_KEY: usize = 512;

/// GitHub's most keys of one question.
const MOST_KEYS: usize = 10;

/// Caches of other paths, or compressed in another way, are other caches.
pub(super) fn version(paths: &[String]) -> String {
    let parts = paths.iter().map(String::as_str).chain([COMPRESSION, FORMAT]);
    hex::encode(Sha256::digest(parts.collect::<Vec<_>>().join("|")))
}

/// Refuses keys that nothing can be saved under.
pub(super) fn check_keys(keys: &[String]) -> Result<(), String> {
    if keys.len() > MOST_KEYS {
        return Err(format!("Key Validation Error: Keys are limited to a maximum of {MOST_KEYS}."));
    }
    for key in keys {
        if key.chars().count() > LONGEST_KEY {
            return Err(format!(
                "Key Validation Error: {key} cannot be larger than {LONGEST_KEY} characters."
            ));
        }
        if key.contains(',') {
            return Err(format!("Key Validation Error: {key} cannot contain commas."));
        }
    }
    Ok(())
}

/// A path as seen from a directory; both are absolute.
pub(super) fn relative(directory: &str, path: &str) -> String {
    let parts = |path: &str| -> Vec<String> {
        path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let (from, to) = (parts(directory), parts(path));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - common);
    let whole: Vec<&str> = up.chain(to[common..].iter().map(String::as_str)).collect();
    if whole.is_empty() { ".".to_owned() } else { whole.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_workspace() {
        assert_eq!(relative("/__w/a/a", "/__w/a/a/node_modules"), "node_modules");
        assert_eq!(relative("/__w/a/a", "/github/home/.npm"), "../../../github/home/.npm");
        assert_eq!(relative("/__w/a/a", "/__w/a/a"), ".");
    }

    #[test]
    fn keys_have_githubs_limits() {
        let keys = |keys: &[&str]| {
            check_keys(&keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>())
        };
        assert!(keys(&["a-b", "a-"]).is_ok());
        assert!(keys(&["a,b"]).unwrap_err().contains("commas"));
        assert!(keys(&[&"x".repeat(513)]).unwrap_err().contains("512"));
        assert!(keys(&["k"; 11]).unwrap_err().contains("maximum of 10"));
    }

    #[test]
    fn a_version_is_that_of_the_paths_as_they_are_written() {
        let of =
            |paths: &[&str]| version(&paths.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        let expected = hex::encode(Sha256::digest("a|b|zstd-without-long|1.0"));
        assert_eq!(of(&["a", "b"]), expected);
        assert_ne!(of(&["b", "a"]), expected);
    }
}
