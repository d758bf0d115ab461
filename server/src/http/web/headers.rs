//! Headers that every answer to a browser carries.
//!
//! Decides nothing about caching of the page's files; `assets` does.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::App;

/// Nothing but our own files runs, and nobody frames us. Text becomes HTML only in Svelte's templates,
/// which hold nothing from outside.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; font-src 'self'; frame-ancestors 'none'; \
     base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; \
     trusted-types svelte-trusted-html";

const FIXED: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Browsers that have seen us over TLS do not come without it for a year.
const STRICT_TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds them. What is private is not stored by caches unless the handler says otherwise.
pub(crate) async fn secure(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let is_tls = app.config.public_url.starts_with("https://");
    add(response.headers_mut(), is_tls);
    response
}

fn add(headers: &mut HeaderMap, is_tls: bool) {
    for (name, value) in FIXED {
        match name {
            // A page that sends a form elsewhere says so.
            header::CONTENT_SECURITY_POLICY => {
                headers.entry(name).or_insert(HeaderValue::from_static(value));
            }
            _ => {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
    }
    if is_tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
