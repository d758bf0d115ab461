//! The grammar of a step's `uses:` (`semantics` 1.8).

use crate::model::Uses;

/// Parses a step's `uses`.
///
/// # Errors
/// GitHub's message for what is no action.
pub(super) fn parse(text: &str) -> Result<Uses, String> {
    if let Some(image) = text.strip_prefix("docker://") {
        return match image {
            "" => Err("Container image cannot be empty".to_owned()),
            _ => Ok(Uses::Docker { image: image.to_owned() }),
        };
    }
    if let Some(path) = text.strip_prefix("$/").filter(|path| !path.is_empty()) {
        return Ok(Uses::SelfRepository { path: path.to_owned() });
    }
    if text.starts_with("./") || text.starts_with(".\\") {
        return Ok(Uses::Local { path: text.to_owned() });
    }
    repository(text)
        .ok_or_else(|| format!("Expected format {{org}}/{{repo}}[/path]@ref. Actual '{text}'"))
}

fn repository(text: &str) -> Option<Uses> {
    let (name, git_ref) = text.split_once('@')?;
    if git_ref.is_empty() || git_ref.contains('@') {
        return None;
    }
    let mut segments = name.split(['/', '\\']).filter(|segment| !segment.is_empty());
    let (owner, repository) = (segments.next()?, segments.next()?);
    let path = segments.collect::<Vec<_>>().join("/");
    Some(Uses::Repository {
        owner: owner.to_owned(),
        repository: repository.to_owned(),
        path: (!path.is_empty()).then_some(path),
        git_ref: git_ref.to_owned(),
    })
}
