//! Repositories that a job may look at too, with its own `github.token`.
//!
//! Invariant: a job sees the repository it runs for, while it runs, and no other.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::App;
use crate::accounts::Caller;
use crate::http::described::Argument;
use crate::http::error::ApiError;
use crate::http::extract::Repo;
use crate::jobs::view::leased_repository;
use crate::repositories::Repository;

/// The repository that the path names, if the caller may read it.
#[derive(Clone, Debug)]
pub(crate) struct Readable(pub(crate) Repository);

impl FromRequestParts<App> for Readable {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Repo(repository) = Repo::from_request_parts(parts, app).await?;
        match parts.extensions.get::<Caller>() {
            Some(Caller::Account(_)) => Ok(Self(repository)),
            Some(Caller::Job(identity)) => {
                let mut db = app.db.acquire().await?;
                let own = leased_repository(&mut db, identity.job, identity.lease).await?;
                match own == Some(repository.id) {
                    true => Ok(Self(repository)),
                    false => Err(ApiError::not_found()),
                }
            }
            Some(Caller::Anonymous) | None => Err(ApiError::not_found()),
        }
    }
}

impl Argument for Readable {}
