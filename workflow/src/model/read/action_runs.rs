//! `runs:` of an `action.yml`, by its `using`.

use super::keys::Keys;
use super::steps;
use crate::diagnostic::Diagnostics;
use crate::expr::Expression;
use crate::model::{ActionImage, ActionRuns, DockerAction, NodeAction};
use crate::schema::STEP_IF;
use crate::template::{Token, TokenKind};

const CODE: &str = "action-runs";

const DOCKER_SCHEME: &str = "docker://";

const NODE_VERSIONS: [&str; 4] = ["node12", "node16", "node20", "node24"];

/// Reads `runs:`; `path` is named in messages. `None` after an error.
pub(super) fn read(diagnostics: &mut Diagnostics, token: Token, path: &str) -> Option<ActionRuns> {
    let position = token.position;
    let mut keys = Keys::of(token);
    let Some(using) = keys.take("using") else {
        let message = "Missing 'using' value. 'using' requires 'composite', 'docker', 'node12', \
                       'node16', 'node20' or 'node24'.";
        diagnostics.error(Some(position), CODE, message);
        return None;
    };
    let kind = using.literal_text().unwrap_or_default().to_lowercase();
    let (read, missing) = match kind.as_str() {
        "docker" => {
            let missing = "You are using a Container Action but an image is not provided";
            (docker(diagnostics, &mut keys).map(ActionRuns::Docker), missing)
        }
        "composite" => {
            let missing = "You are using a composite action but there are no steps provided";
            let steps = keys.take("steps").map(|list| steps::read(diagnostics, list));
            (steps.map(ActionRuns::Composite), missing)
        }
        node if NODE_VERSIONS.contains(&node) => {
            let missing = "You are using a JavaScript Action but there is not an entry JavaScript \
                           file provided";
            (self::node(diagnostics, &mut keys, &kind).map(ActionRuns::Node), missing)
        }
        _ => {
            diagnostics.error(Some(using.position), CODE, not_supported(&using));
            return None;
        }
    };
    if read.is_none() && !diagnostics.has_errors() {
        diagnostics.error(Some(position), CODE, format!("{missing} in {path}."));
    }
    read
}

fn not_supported(using: &Token) -> String {
    let using = using.literal_text().unwrap_or_default();
    format!(
        "'using: {using}' is not supported, use 'docker', 'node12', 'node16', 'node20' or \
         'node24' instead."
    )
}

/// `None` without `main`, or after an error.
fn node(diagnostics: &mut Diagnostics, keys: &mut Keys, using: &str) -> Option<NodeAction> {
    let pre_if = condition(diagnostics, keys.take("pre-if"));
    let post_if = condition(diagnostics, keys.take("post-if"));
    Some(NodeAction {
        using: using.to_owned(),
        main: keys.take_text("main")?,
        pre: keys.take_text("pre"),
        pre_if: pre_if?,
        post: keys.take_text("post"),
        post_if: post_if?,
    })
}

/// `None` without `image`, or after an error.
fn docker(diagnostics: &mut Diagnostics, keys: &mut Keys) -> Option<DockerAction> {
    let pre_if = condition(diagnostics, keys.take("pre-if"));
    let post_if = condition(diagnostics, keys.take("post-if"));
    let image = image(diagnostics, &keys.take("image")?);
    let args = keys.take("args").map(|token| match token.kind {
        TokenKind::Sequence(items) => items,
        _ => vec![token],
    });
    Some(DockerAction {
        image: image?,
        entrypoint: keys.take_text("entrypoint"),
        args,
        env: keys.take("env"),
        pre_entrypoint: keys.take_text("pre-entrypoint"),
        pre_if: pre_if?,
        post_entrypoint: keys.take_text("post-entrypoint"),
        post_if: post_if?,
    })
}

/// A path to a `Dockerfile`, or an image after `docker://`.
fn image(diagnostics: &mut Diagnostics, token: &Token) -> Option<ActionImage> {
    let text = token.literal_text()?.into_owned();
    match text.split_at_checked(DOCKER_SCHEME.len()) {
        Some((start, image)) if start.eq_ignore_ascii_case(DOCKER_SCHEME) => {
            Some(ActionImage::Image(image.to_owned())).filter(|_| !image.is_empty())
        }
        _ if is_dockerfile(&text) => Some(ActionImage::Dockerfile(text.clone())),
        _ => None,
    }
    .or_else(|| {
        let message =
            format!("'{text}' should be either '[path]/Dockerfile' or 'docker://image[:tag]'.");
        diagnostics.error(Some(token.position), "action-image", message);
        None
    })
}

/// `Dockerfile`, `test.Dockerfile`, `Dockerfile.test`, in any case, in any directory.
fn is_dockerfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
    name.starts_with("dockerfile.") || name.ends_with("dockerfile")
}

/// `pre-if` and `post-if` are taken as they are; without them, always.
fn condition(diagnostics: &mut Diagnostics, token: Option<Token>) -> Option<Expression> {
    let Some(token) = token else { return Expression::parse("always()", &STEP_IF).ok() };
    let text = token.literal_text().unwrap_or_default();
    Expression::parse(text.trim(), &STEP_IF)
        .map_err(|error| diagnostics.error(Some(token.position), "expression", error.message))
        .ok()
}
