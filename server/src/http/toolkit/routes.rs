//! The routes of the toolkit, all of them guarded by the extractors of their handlers.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post, put};

use super::{artifacts, caches, downloads, id_tokens, legacy_artifacts, legacy_caches, uploads};
use crate::App;
use crate::tokens::URL_PREFIX;

/// Largest question, in bytes.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// Everything that a job's actions call.
pub(in crate::http) fn routes() -> Router<App> {
    let at = |path: &str| format!("{URL_PREFIX}{path}");
    let messages = Router::new()
        .route(
            "/twirp/github.actions.results.api.v1.ArtifactService/{method}",
            post(artifacts::call),
        )
        .route("/twirp/github.actions.results.api.v1.CacheService/{method}", post(caches::call))
        .route(
            &at("/_apis/pipelines/workflows/{run}/artifacts"),
            post(legacy_artifacts::create)
                .patch(legacy_artifacts::finish)
                .get(legacy_artifacts::list),
        )
        .route(&at("/_apis/artifactcache/cache"), get(legacy_caches::find))
        .route(&at("/_apis/artifactcache/caches"), post(legacy_caches::reserve))
        .route(&at("/id-token"), get(id_tokens::issue))
        .route("/.well-known/openid-configuration", get(id_tokens::discovery))
        .route("/.well-known/jwks", get(id_tokens::key_set))
        .layer(DefaultBodyLimit::max(MAX_MESSAGE_BYTES));
    // Bodies of any size, which are streamed and never held.
    let bytes = Router::new()
        .route(
            &at("/_apis/resources/Containers/{artifact}"),
            put(legacy_artifacts::put_file).get(legacy_artifacts::list_files),
        )
        .route(&at("/_apis/resources/Containers/{artifact}/file"), get(legacy_artifacts::get_file))
        .route(
            &at("/_apis/artifactcache/caches/{cache}"),
            post(legacy_caches::commit).patch(legacy_caches::put_range),
        )
        .route(&at("/v1/uploads/{blob}"), put(uploads::put))
        .route(&at("/v1/downloads/blobs/{blob}"), get(downloads::of_blob))
        .route(&at("/v1/downloads/artifacts/{artifact}"), get(downloads::of_artifact))
        .layer(DefaultBodyLimit::disable());
    messages.merge(bytes)
}
