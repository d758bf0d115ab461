//! Reusable workflows: `on.workflow_call`, and the keys of a job that calls one.

use super::keys::{Keys, named};
use crate::diagnostic::{Diagnostics, Position};
use crate::model::{
    CallInput, CallJob, CallSecret, CallSecrets, CallUses, InputKind, WorkflowCall,
};
use crate::template::{Token, TokenKind};

/// The folder that holds every workflow.
const DIRECTORY: &str = ".github/workflows/";

/// What a file declares for its callers. `keys` are those of `on.workflow_call`.
pub(super) fn declaration(keys: &mut Keys) -> WorkflowCall {
    let named_in = |token: Option<Token>| token.into_iter().flat_map(named);
    WorkflowCall {
        inputs: named_in(keys.take("inputs")).map(|(name, _, body)| input(name, body)).collect(),
        secrets: named_in(keys.take("secrets")).map(|(name, _, body)| secret(name, body)).collect(),
        outputs: named_in(keys.take("outputs"))
            .filter_map(|(name, _, body)| Some((name, Keys::of(body).take("value")?)))
            .collect(),
    }
}

fn input(name: String, body: Token) -> CallInput {
    let mut keys = Keys::of(body);
    CallInput {
        name,
        description: keys.take_text("description"),
        kind: match keys.take_text("type").as_deref() {
            Some("boolean") => InputKind::Boolean,
            Some("number") => InputKind::Number,
            _ => InputKind::String,
        },
        required: keys.take_flag("required").unwrap_or(false),
        default: keys.take("default"),
    }
}

fn secret(name: String, body: Token) -> CallSecret {
    let mut keys = Keys::of(body);
    CallSecret {
        name,
        description: keys.take_text("description"),
        required: keys.take_flag("required").unwrap_or(false),
    }
}

/// The keys of a job that calls a reusable workflow. `None` after an error.
pub(super) fn job(
    diagnostics: &mut Diagnostics,
    id_position: Position,
    (uses, keys): (&Token, &mut Keys),
) -> Option<CallJob> {
    let text = uses.literal_text()?;
    let parsed = parse(&text).map_err(|message| {
        let message = format!("invalid value workflow reference: {message}");
        diagnostics.error(Some(uses.position), "workflow-reference", message);
    });
    let with = keys.take("with").into_iter().flat_map(named);
    let secrets = keys.take("secrets").map(secrets);
    Some(CallJob {
        uses: parsed.ok()?,
        uses_position: uses.position,
        id_position,
        with: with.map(|(name, _, value)| (name, value)).collect(),
        secrets: secrets.unwrap_or_default(),
    })
}

/// `inherit`, or a mapping of names.
fn secrets(token: Token) -> CallSecrets {
    match token.kind {
        TokenKind::Mapping(_) => {
            CallSecrets::Named(named(token).map(|(name, _, value)| (name, value)).collect())
        }
        _ => CallSecrets::Inherit,
    }
}

/// The grammar of a calling job's `uses` (`semantics` 1.8), or GitHub's words for what is none.
fn parse(text: &str) -> Result<CallUses, String> {
    if let Some(path) = text.strip_prefix("./").or_else(|| text.strip_prefix("$/")) {
        if path.contains('@') {
            return Err("cannot specify version when calling local workflows".to_owned());
        }
        return Ok(CallUses::Local { path: file(path)? });
    }
    let (name, git_ref) = text.split_once('@').ok_or("no version specified")?;
    if git_ref.is_empty() {
        return Err("no version specified".to_owned());
    }
    if git_ref.contains(char::is_whitespace) {
        return Err(format!("version cannot have whitespace: {git_ref}"));
    }
    let mut segments = name.splitn(3, '/');
    match (segments.next(), segments.next(), segments.next()) {
        (Some(owner), Some(repository), Some(path))
            if !owner.is_empty() && !repository.is_empty() =>
        {
            Ok(CallUses::Repository {
                repository: format!("{owner}/{repository}"),
                path: file(path)?,
                git_ref: git_ref.to_owned(),
            })
        }
        _ => Err("references to workflows must be prefixed with format 'owner/repository/' or \
                  './' for local workflows"
            .to_owned()),
    }
}

/// A YAML file right in the folder of workflows.
fn file(path: &str) -> Result<String, String> {
    let Some(name) = path.strip_prefix(DIRECTORY) else {
        return Err("references to workflows must be rooted in '.github/workflows'".to_owned());
    };
    if name.contains('/') {
        return Err("workflows must be defined at the top level of the .github/workflows/ \
                    directory"
            .to_owned());
    }
    if !name.ends_with(".yml") && !name.ends_with(".yaml") {
        return Err("references to workflows must have a .yml or .yaml extension".to_owned());
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::model::CallUses;

    #[test]
    fn a_call_names_a_file_of_a_repository_or_of_its_own_commit() {
        let local = CallUses::Local { path: ".github/workflows/f.yml".to_owned() };
        assert_eq!(parse("./.github/workflows/f.yml"), Ok(local.clone()));
        assert_eq!(parse("$/.github/workflows/f.yml"), Ok(local));
        let remote = CallUses::Repository {
            repository: "octo/ci".to_owned(),
            path: ".github/workflows/f.yaml".to_owned(),
            git_ref: "release/1".to_owned(),
        };
        assert_eq!(parse("octo/ci/.github/workflows/f.yaml@release/1"), Ok(remote));
    }

    #[test]
    fn what_is_no_reference_is_refused_in_githubs_words() {
        let cases = [
            ("octo/ci/.github/workflows/f.yml", "no version specified"),
            ("octo/ci/.github/workflows/f.yml@", "no version specified"),
            ("octo/ci/.github/workflows/f.yml@${{ x }}", "version cannot have whitespace"),
            ("f.yml@v1", "must be prefixed with format 'owner/repository/'"),
            ("octo/.github/workflows/f.yml@v1", "rooted in '.github/workflows'"),
            ("./f.yml", "rooted in '.github/workflows'"),
            ("./.github/workflows/f.yml@v1", "cannot specify version when calling local"),
            ("./.github/workflows/a/f.yml", "at the top level of the .github/workflows/"),
            ("./.github/workflows/f.json", ".yml or .yaml extension"),
        ];
        for (text, part) in cases {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
