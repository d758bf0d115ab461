//! What a job needs to be admitted to a route: a scope of its token, as on GitHub.
//!
//! Deny by default: a route that is not found here is none for jobs. Nothing that a job could free itself
//! with is: secrets, approvals, settings.

use axum::http::Method;
use gantry_workflow::model::Access;

/// The account that acts for jobs, as on GitHub.
pub(super) const BOT: &str = "github-actions[bot]";

const REPOSITORY: &str = "/repos/{owner}/{repo}";

/// The scope, and how much of it.
pub(super) type Need = (&'static str, Access);

/// `path` is the pattern of a route, without prefix.
pub(super) fn needed(method: &Method, path: &str) -> Option<Need> {
    let rest = path.strip_prefix(REPOSITORY)?;
    let access = if method == Method::GET { Access::Read } else { Access::Write };
    if let Some(rest) = rest.strip_prefix("/actions/") {
        let area = rest.split('/').next().unwrap_or_default();
        let is_for_jobs =
            matches!(area, "runs" | "jobs" | "workflows" | "artifacts" | "caches" | "cache");
        let is_approval = access == Access::Write
            && (rest.ends_with("/pending_deployments") || rest.ends_with("/approve"));
        return (is_for_jobs && !is_approval).then_some(("actions", access));
    }
    match (access, rest) {
        (Access::Read, "") => Some(("metadata", Access::Read)),
        (Access::Read, "/contents/{*path}") | (Access::Write, "/dispatches") => {
            Some(("contents", access))
        }
        (Access::Read, "/check-runs/{job}/annotations") => Some(("checks", access)),
        (Access::Read, "/environments" | "/environments/{environment}") => {
            Some(("actions", access))
        }
        _ => None,
    }
}

/// Whether the permissions of a job are enough.
pub(super) fn is_granted(permissions: &[(String, Access)], (scope, access): Need) -> bool {
    // Every token may see what it belongs to.
    scope == "metadata"
        || permissions.iter().any(|(name, has)| {
            name == scope
                && (*has == Access::Write || (*has == Access::Read && access == Access::Read))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_reach_runs_and_never_secrets_or_approvals() {
        let run = "/repos/{owner}/{repo}/actions/runs/{run}";
        assert_eq!(needed(&Method::GET, run), Some(("actions", Access::Read)));
        let cancel = format!("{run}/cancel");
        assert_eq!(needed(&Method::POST, &cancel), Some(("actions", Access::Write)));
        for (method, path) in [
            (Method::POST, format!("{run}/pending_deployments")),
            (Method::POST, format!("{run}/approve")),
            (Method::GET, "/repos/{owner}/{repo}/actions/secrets".to_owned()),
            (Method::PUT, "/repos/{owner}/{repo}/actions/variables/{name}".to_owned()),
            (Method::PUT, "/repos/{owner}/{repo}/environments/{environment}".to_owned()),
            (Method::GET, "/orgs/{org}/actions/variables".to_owned()),
            (Method::GET, "/api/gantry/runs/{run}".to_owned()),
        ] {
            assert_eq!(needed(&method, &path), None, "{method} {path}");
        }
    }

    #[test]
    fn write_includes_read_and_one_scope_is_no_other() {
        let has = [("actions".to_owned(), Access::Write), ("contents".to_owned(), Access::Read)];
        assert!(is_granted(&has, ("actions", Access::Read)));
        assert!(is_granted(&has, ("contents", Access::Read)));
        assert!(!is_granted(&has, ("contents", Access::Write)));
        assert!(!is_granted(&has, ("checks", Access::Read)));
        assert!(is_granted(&[], ("metadata", Access::Read)));
    }
}
