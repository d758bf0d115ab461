//! What the log of "Set up job" says about the job's token and the file that declares the job.
//!
//! Decides nothing. The words are those of GitHub's runner.

use gantry_protocol::JobMessage;
use gantry_workflow::expr::Value;
use gantry_workflow::model::Access;

/// A group of what the token may do.
pub(super) fn token_permissions(message: &JobMessage) -> Vec<String> {
    let mut lines = vec!["##[group]GITHUB_TOKEN Permissions".to_owned()];
    lines.extend(message.permissions.iter().filter_map(|(scope, access)| {
        let access = match access {
            Access::None => return None,
            Access::Read => "read",
            Access::Write => "write",
        };
        Some(format!("{}: {access}", title(scope)))
    }));
    lines.push("##[endgroup]".to_owned());
    lines
}

/// The called file and a group of its inputs; nothing for a job of the run's own file.
pub(super) fn called_file(message: &JobMessage) -> Vec<String> {
    let Some(source) = message.workflow.source.as_ref().filter(|_| message.workflow.is_called)
    else {
        return Vec::new();
    };
    let mut lines = vec![format!("Uses: {} ({})", source.to_ref(), source.sha)];
    if let Value::Object(inputs) = &message.contexts.inputs
        && !inputs.entries.is_empty()
    {
        lines.push("##[group] Inputs".to_owned());
        lines.extend(
            inputs.entries.iter().map(|(name, value)| format!("  {name}: {}", value.to_text())),
        );
        lines.push("##[endgroup]".to_owned());
    }
    lines
}

/// `PullRequests` for `pull-requests`.
fn title(scope: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    };
    scope.split('-').filter_map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn scopes_are_written_in_one_word() {
        assert_eq!(title("contents"), "Contents");
        assert_eq!(title("pull-requests"), "PullRequests");
        assert_eq!(title("id-token"), "IdToken");
    }
}
