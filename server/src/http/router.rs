//! The whole server as one router: GitHub, runners, and (in `routes.rs`) everybody else.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, Request, Response};
use axum::response::IntoResponse as _;
use axum::routing::{post, put};
use gantry_protocol::log::MAX_CHUNK_BYTES;
use gantry_protocol::routes::{LEASE, REGISTER};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;

use super::{ApiError, routes, runner, toolkit, webhook};
use crate::App;

/// Largest body of a small message of a runner, in bytes.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// Largest completion: all outputs (1 MiB by GitHub's limit) and annotations, escaped as JSON.
const MAX_COMPLETION_BYTES: usize = 16 * 1024 * 1024;

/// Largest chunk, summary or report of steps as JSON; an escape sequence of one byte becomes six.
const MAX_CHUNK_BODY_BYTES: usize = 8 * MAX_CHUNK_BYTES;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Every route, with its state and the layers around all of them.
pub fn router(app: App) -> Router {
    github()
        .merge(runners())
        .merge(toolkit::routes())
        .merge(routes::client_router(&app))
        .with_state(app)
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(CatchPanicLayer::custom(answer_to_panic))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
}

/// GitHub, authorized by signature.
fn github() -> Router<App> {
    Router::new()
        .route("/webhooks/github", post(webhook::receive))
        .route("/webhook", post(webhook::receive))
        .layer(DefaultBodyLimit::max(webhook::MAX_BODY_BYTES))
}

/// Runners, authorized by their tokens.
fn runners() -> Router<App> {
    Router::new()
        .route(REGISTER, post(runner::register))
        .route(LEASE, post(runner::lease))
        .route("/runner/v1/jobs/{job}/renew", post(runner::renew))
        .layer(DefaultBodyLimit::max(MAX_MESSAGE_BYTES))
        .merge(
            Router::new()
                .route("/runner/v1/jobs/{job}/log", put(runner::append_log))
                .route("/runner/v1/jobs/{job}/steps", put(runner::update_steps))
                .route("/runner/v1/jobs/{job}/summary", put(runner::store_summary))
                .layer(DefaultBodyLimit::max(MAX_CHUNK_BODY_BYTES)),
        )
        .merge(
            Router::new()
                .route("/runner/v1/jobs/{job}/complete", post(runner::complete))
                .layer(DefaultBodyLimit::max(MAX_COMPLETION_BYTES)),
        )
}

/// One span per request. The query is left out: it may hold what nobody should read in a log.
fn span<B>(request: &Request<B>) -> tracing::Span {
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    tracing::debug_span!(
        "request",
        request.id = id,
        method = %request.method(),
        path = request.uri().path()
    )
}

fn answer_to_panic(cause: Box<dyn std::any::Any + Send>) -> Response<axum::body::Body> {
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    ApiError::from(anyhow::anyhow!("the handler panicked: {text}")).into_response()
}
