//! Which names of artifacts, and of files in them, can be told apart everywhere. Pure.
//!
//! GitHub's list. Invariant: what is refused here is refused before anything is uploaded.

/// Characters that some file systems do not know, and how they are called.
const FORBIDDEN: [(char, &str); 9] = [
    ('"', "Double quote \""),
    (':', "Colon :"),
    ('<', "Less than <"),
    ('>', "Greater than >"),
    ('|', "Vertical bar |"),
    ('*', "Asterisk *"),
    ('?', "Question mark ?"),
    ('\r', "Carriage return \\r"),
    ('\n', "Line feed \\n"),
];

const SEPARATORS: [(char, &str); 2] = [('\\', "Backslash \\"), ('/', "Forward slash /")];

/// Refuses a name with a character that must not be in it.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    match find(name, FORBIDDEN.iter().chain(&SEPARATORS)) {
        None => Ok(()),
        Some(character) => Err(format!(
            "The artifact name is not valid: {name}. Contains the following character: {character}"
        )),
    }
}

/// Refuses a path of a file with a character that must not be in it.
pub(super) fn check_path(path: &str) -> Result<(), String> {
    match find(path, FORBIDDEN.iter()) {
        None => Ok(()),
        Some(character) => Err(format!(
            "The path for one of the files in artifact is not valid: {path}. Contains the following \
             character: {character}. Rename the file, or leave it out: not every file system has such \
             names."
        )),
    }
}

fn find<'a>(
    text: &str,
    mut forbidden: impl Iterator<Item = &'a (char, &'a str)>,
) -> Option<&'a str> {
    forbidden.find(|(character, _)| text.contains(*character)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_characters_are_named() {
        for name in ["a/b", "a\\b", "a:b", "a\nb", "a*", "a?", "<a", "a>", "a|b", "a\"", "\r"] {
            assert!(check_name(name).unwrap_err().contains("following character"), "{name:?}");
        }
        assert!(check_name("report (3.11) é").is_ok());
        assert!(check_path("a/b.txt").is_ok());
        assert!(check_path("a/b:c.txt").unwrap_err().contains("Colon"));
    }
}
