//! A job asks for an identity token and gets one.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use serde_json::json;

use super::claims::{Request, claims};
use super::keys;
use crate::tokens::JobCaller;
use crate::{App, runs};

/// A signed token of the caller's job.
pub async fn issue(
    app: &App,
    caller: &JobCaller,
    audience: Option<String>,
) -> anyhow::Result<String> {
    let mut db = app.db.acquire().await?;
    let facts = runs::job_facts(&mut db, caller.job).await?;
    let key = keys::signing_key(&mut db, &app.vault).await?;
    drop(db);
    let claims = claims(Request {
        issuer: &app.config.public_url,
        facts: &facts,
        audience: audience.as_deref(),
        format: app.config.id_token_subject,
        now: Utc::now(),
    });
    let header = json!({ "typ": "JWT", "alg": "RS256", "kid": key.id });
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(&claims.into()));
    let signature = key.sign(message.as_bytes()).context("signing an identity token")?;
    tracing::info!(job.id = caller.job.0, "identity token issued");
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
