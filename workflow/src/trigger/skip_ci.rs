//! Commit messages that ask for no runs (`semantics` 3.3).
//!
//! Applies to `push` and `pull_request` only, and to the head commit only; the caller knows which.

/// Texts that skip, anywhere in the message.
const INSTRUCTIONS: [&str; 5] =
    ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"];

/// Last lines that skip, after two empty lines and at most other trailers.
const TRAILERS: [&str; 2] = ["skip-checks:true", "skip-checks: true"];

/// The text in a head commit's message that asks for no runs.
#[must_use]
pub fn skips_ci(message: &str) -> Option<&'static str> {
    INSTRUCTIONS
        .into_iter()
        .find(|instruction| message.contains(instruction))
        .or_else(|| trailer(message))
}

fn trailer(message: &str) -> Option<&'static str> {
    let lines: Vec<&str> = message.trim_end().lines().collect();
    let (last, before) = lines.split_last()?;
    let found = TRAILERS.into_iter().find(|trailer| trailer == last)?;
    let mut above = before.iter().rev().skip_while(|line| is_trailer(line));
    let separated = above.next().is_some_and(|line| line.trim().is_empty())
        && above.next().is_some_and(|line| line.trim().is_empty());
    separated.then_some(found)
}

/// `Token: value`, as git writes trailers.
fn is_trailer(line: &str) -> bool {
    line.split_once(':').is_some_and(|(token, _)| {
        !token.is_empty() && token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}

#[cfg(test)]
mod tests {
    use super::skips_ci;

    #[test]
    fn an_instruction_skips_wherever_it_stands() {
        assert_eq!(skips_ci("docs: typo [skip ci]"), Some("[skip ci]"));
        assert_eq!(skips_ci("x\n\nbody [actions skip] more"), Some("[actions skip]"));
        assert_eq!(skips_ci("x [no ci]"), Some("[no ci]"));
        assert_eq!(skips_ci("skip ci"), None);
        assert_eq!(skips_ci(""), None);
    }

    #[test]
    fn a_trailer_skips_after_two_empty_lines_as_the_last_one() {
        assert!(skips_ci("x\n\n\nskip-checks: true").is_some());
        assert!(skips_ci("x\n\n\nskip-checks:true\n").is_some());
        assert!(skips_ci("x\n\n\nSigned-off-by: A <a@example.com>\nskip-checks: true").is_some());
        assert!(skips_ci("x\n\nskip-checks: true").is_none());
        assert!(skips_ci("x\n\n\nskip-checks: true\nSigned-off-by: A").is_none());
        assert!(skips_ci("skip-checks: true").is_none());
    }
}
