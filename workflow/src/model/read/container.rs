//! Checks of `container:` and `services:`; they stay templates that the runner evaluates.

use super::keys::named;
use crate::diagnostic::Diagnostics;
use crate::template::{Token, TokenKind};

pub(super) fn check(diagnostics: &mut Diagnostics, container: &Token) {
    let image = container.get("image").unwrap_or(container);
    let is_only_scheme = image.literal_text().as_deref() == Some("docker://");
    if lacks_image(container) || is_only_scheme {
        let message = "Container image cannot be empty";
        diagnostics.error(Some(container.position), "container-image", message);
    }
}

pub(super) fn check_services(diagnostics: &mut Diagnostics, services: &Token) {
    for (_, _, service) in named(services.clone()) {
        check(diagnostics, &service);
    }
}

/// A mapping with a key that is computed may get its image from there.
fn lacks_image(container: &Token) -> bool {
    let is_computed = container.pairs().iter().any(|(key, _)| key.is_expression());
    matches!(container.kind, TokenKind::Mapping(_))
        && container.get("image").is_none()
        && !is_computed
}
