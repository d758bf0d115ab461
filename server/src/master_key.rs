//! A new master key, and everything that is under an older one put under it.
//!
//! Does not know what each domain keeps. Invariant: nothing is forgotten before all of it opens with the
//! newest key, so whatever a crash leaves over the next pass goes on with.

use anyhow::Context as _;
use chrono::{TimeDelta, Utc};

use crate::{App, environments, github, oidc, secrets};

/// How long a replaced key still verifies, beyond the longest life of a run: what is signed for a job ends
/// with it.
const EXTRA_DAYS: i64 = 1;

/// Makes a new master key; how many stored keys are under it now.
pub async fn rotate_master_key(app: &App) -> anyhow::Result<usize> {
    app.vault.rotate_master(Utc::now()).context("making a new master key")?;
    seal_all_anew(app).await
}

/// Finishes what a rotation began, and forgets master keys that nothing can be under any more.
pub async fn finish_rotation(app: &App) -> anyhow::Result<u64> {
    if !app.vault.has_old_masters() {
        return Ok(0);
    }
    let n_changed = seal_all_anew(app).await?;
    let life = app.config.limits.run + TimeDelta::days(EXTRA_DAYS);
    app.vault.forget_masters(Utc::now() - life)?;
    Ok(n_changed.try_into().unwrap_or(u64::MAX))
}

async fn seal_all_anew(app: &App) -> anyhow::Result<usize> {
    let of_secrets = {
        let mut db = app.db.acquire().await?;
        secrets::wrap_keys_anew(&mut db, &app.vault).await?
    };
    let of_tokens = oidc::seal_keys_anew(app).await?;
    let of_gates = environments::seal_gates_anew(app).await?;
    Ok(of_secrets + of_tokens + of_gates + github::seal_app_anew(app).await?)
}
