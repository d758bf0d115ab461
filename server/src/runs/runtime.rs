//! Where the clients within a job's actions find this server's services, and what they show there.

use anyhow::Context as _;
use chrono::{TimeDelta, Utc};
use gantry_protocol::{ActionsRuntime, IdTokenRequest};
use gantry_workflow::model::Access;
use gantry_workflow::plan::RunPlan;

use crate::App;
use crate::jobs::LeasedJob;
use crate::repositories::Repository;
use crate::tokens::{self, CacheSource, Purpose, RuntimeGrant, URL_PREFIX};

/// Of a job that has just been leased, with these permissions.
pub(super) fn of_job(
    app: &App,
    leased: &LeasedJob,
    (repository, plan, permissions): (&Repository, &RunPlan, &[(String, Access)]),
) -> anyhow::Result<ActionsRuntime> {
    let github = plan.contexts.github.to_json();
    let text = |name: &str| github[name].as_str().unwrap_or_default();
    let minutes = i64::from(leased.timeout_minutes) + i64::from(leased.cancel_timeout_minutes);
    let grant = RuntimeGrant {
        run: leased.attempt.run,
        job: leased.id,
        lease: leased.lease,
        lifetime: TimeDelta::try_minutes(minutes).context("the job may take too long")?,
        caches: tokens::cache_access(CacheSource {
            event: text("event_name"),
            git_ref: text("ref"),
            base_ref: text("base_ref"),
            default_branch: &repository.default_branch,
        }),
    };
    let issue = |purpose| tokens::issue(&app.vault, purpose, &grant, Utc::now());
    let public_url = &app.config.public_url;
    // Clients append `_apis/...` to it (`protocols` 0.2).
    let url = format!("{public_url}{URL_PREFIX}/");
    let may_identify =
        permissions.iter().any(|(scope, access)| scope == "id-token" && *access == Access::Write);
    let id_token = may_identify.then(|| -> anyhow::Result<_> {
        Ok(IdTokenRequest {
            // Clients append `&audience=` (`protocols` 0.9).
            url: format!("{public_url}{URL_PREFIX}/id-token?api-version=2.0"),
            token: issue(Purpose::IdTokenRequest)?,
        })
    });
    Ok(ActionsRuntime {
        cache_url: Some(url.clone()),
        url,
        token: issue(Purpose::Runtime)?,
        // Clients drop any path of it (`protocols` 0.2).
        results_url: format!("{}/", origin(public_url)),
        id_token: id_token.transpose()?,
    })
}

/// The scheme and the host of a URL.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find('/').map_or(url.len(), |at| host + at);
    &url[..end]
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn trap_2_the_results_url_is_an_origin_without_path() {
        assert_eq!(origin("https://ci.example/gantry"), "https://ci.example");
        assert_eq!(origin("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
    }
}
