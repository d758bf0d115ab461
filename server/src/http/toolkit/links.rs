//! Links under which the bytes of one blob go, and requests that come by them.
//!
//! Invariant: a link that lets write does not let read, and the other way round, because their paths
//! differ; what clients append to it changes nothing (`protocols` 0.4).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::{DateTime, TimeDelta, Utc};

use super::twirp::TwirpError;
use crate::storage::BlobId;
use crate::tokens::URL_PREFIX;
use crate::{App, accounts};

/// A slow upload of many gigabytes takes hours; the link still ends with the day.
const UPLOAD_LIFETIME: TimeDelta = TimeDelta::hours(6);

/// As GitHub's: `BuildKit` reads a part now and then during a build.
const DOWNLOAD_LIFETIME: TimeDelta = TimeDelta::hours(1);

/// Where a blob is uploaded to.
pub(super) fn upload(app: &App, origin: &str, blob: BlobId) -> String {
    sign(app, origin, (&format!("{URL_PREFIX}/v1/uploads/{blob}"), UPLOAD_LIFETIME))
}

/// Where a path is downloaded from.
pub(super) fn download(app: &App, origin: &str, path: &str) -> String {
    sign(app, origin, (path, DOWNLOAD_LIFETIME))
}

fn sign(app: &App, origin: &str, (path, lifetime): (&str, TimeDelta)) -> String {
    let end: DateTime<Utc> = Utc::now() + lifetime;
    format!("{origin}{}", accounts::sign_link_until(&app.vault, path, end))
}

/// Proof that the request came by a link that we have signed for its path.
#[derive(Debug)]
pub(super) struct Signed;

impl FromRequestParts<App> for Signed {
    type Rejection = TwirpError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, TwirpError> {
        let place = (parts.uri.path(), parts.uri.query().unwrap_or_default());
        match accounts::opens(&app.vault, place, Utc::now()) {
            true => Ok(Self),
            false => Err(TwirpError::denied("this link is not valid or too old")),
        }
    }
}
