//! Which requests the audit log tells of, and the writing of its events around the handlers.
//!
//! Does not look into bodies: what an action adds, its handler says with [`AuditDetail`]. Invariant: a
//! request that changes something is carried out only after its event has been stored.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::error::ApiError;
use crate::App;
use crate::accounts::{Caller, Identity};
use crate::audit::{self, Actor, NewEvent, Outcome};

/// What a handler adds to the event of its request. Put it into the answer as an extension. Holds
/// nothing that may not be read by every administrator.
#[derive(Clone, Debug)]
pub(crate) struct AuditDetail(pub(crate) Value);

/// Who signed in with the request; until then it came from nobody.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn(pub(crate) Identity);

/// Nobody signed in with the request: the GitHub account of this login tried, or somebody of whom we know
/// no more.
#[derive(Clone, Debug)]
pub(crate) struct NotSignedIn(pub(crate) Option<String>);

/// Requests that change nothing although their method says so.
const READING: [&str; 3] = ["/graphql", "/api/graphql", "/git/{owner}/{repo}/git-upload-pack"];

/// The end of a route's path, as far as it tells routes of one method apart, and the name of what is
/// done there. The first that fits counts.
const ACTIONS: &[(&str, &str, &str)] = &[
    ("GET", "/login/{code}", "session.create"),
    ("GET", "/login/github/callback", "session.create"),
    ("DELETE", "/sessions/{session}", "session.revoke"),
    ("GET", "/setup/github/callback", "github_app.create"),
    ("POST", "/logout", "session.delete"),
    ("POST", "/login-links", "login_link.create"),
    ("POST", "/access-tokens", "access_token.create"),
    ("DELETE", "/access-tokens/{token}", "access_token.delete"),
    ("POST", "/api/gantry/repositories", "repository.register"),
    ("POST", "/api/gantry/github/repositories", "repository.connect"),
    ("PATCH", "/api/gantry/repositories/{owner}/{repo}", "repository.change"),
    ("POST", "/deployment_protection_rules", "deployment_gate.create"),
    ("DELETE", "/deployment_protection_rules/{rule}", "deployment_gate.delete"),
    ("POST", "/deployment_protection_rule", "deployment.review"),
    ("POST", "/redeliver", "delivery.redeliver"),
    ("PUT", "/drain", "runner.drain"),
    ("DELETE", "/drain", "runner.resume"),
    ("POST", "/registration-token", "registration_token.create"),
    ("DELETE", "/actions/runners/{runner}", "runner.delete"),
    ("POST", "/runners/{runner}/labels", "runner.add_labels"),
    ("PUT", "/runners/{runner}/labels", "runner.set_labels"),
    ("DELETE", "/runners/{runner}/labels", "runner.remove_labels"),
    ("DELETE", "/runners/{runner}/labels/{name}", "runner.remove_label"),
    ("POST", "/rotate-key", "secret.rotate_key"),
    ("POST", "/secrets/rotate-master-key", "master_key.rotate"),
    ("POST", "/workflows/{workflow}/dispatches", "workflow.dispatch"),
    ("POST", "/dispatches", "repository.dispatch"),
    ("PUT", "/enable", "workflow.enable"),
    ("PUT", "/disable", "workflow.disable"),
    ("POST", "/cancel", "run.cancel"),
    ("POST", "/force-cancel", "run.force_cancel"),
    ("POST", "/runs/{run}/approve", "run.approve"),
    ("POST", "/runs/{run}/rerun", "run.rerun"),
    ("POST", "/rerun-failed-jobs", "run.rerun_failed_jobs"),
    ("POST", "/jobs/{job}/rerun", "job.rerun"),
    ("DELETE", "/runs/{run}/logs", "run.delete_logs"),
    ("DELETE", "/runs/{run}", "run.delete"),
    ("DELETE", "/artifacts/{artifact}", "artifact.delete"),
    ("DELETE", "/caches/{cache}", "cache.delete"),
    ("DELETE", "/caches", "cache.delete_by_key"),
    ("POST", "/pending_deployments", "deployment.review"),
    ("PUT", "/environments/{environment}", "environment.write"),
    ("DELETE", "/environments/{environment}", "environment.delete"),
    ("POST", "/deployment-branch-policies", "environment.create_branch_policy"),
    ("PUT", "/deployment-branch-policies/{policy}", "environment.write_branch_policy"),
    ("DELETE", "/deployment-branch-policies/{policy}", "environment.delete_branch_policy"),
    ("PUT", "/secrets/{name}/repositories", "secret.select_repositories"),
    ("PUT", "/secrets/{name}/repositories/{repository_id}", "secret.add_repository"),
    ("DELETE", "/secrets/{name}/repositories/{repository_id}", "secret.remove_repository"),
    ("PUT", "/secrets/{name}", "secret.write"),
    ("DELETE", "/secrets/{name}", "secret.delete"),
    ("PUT", "/variables/{name}/repositories", "variable.select_repositories"),
    ("PUT", "/variables/{name}/repositories/{repository_id}", "variable.add_repository"),
    ("DELETE", "/variables/{name}/repositories/{repository_id}", "variable.remove_repository"),
    ("POST", "/variables", "variable.create"),
    ("PATCH", "/variables/{name}", "variable.update"),
    ("DELETE", "/variables/{name}", "variable.delete"),
];

/// The name of what a route does; `None` for one that only reads. A route that changes something and
/// is not in the table is called by its own path, so that no event is ever missing.
pub(super) fn action(method: &Method, path: &str) -> Option<&'static str> {
    let named = ACTIONS.iter().find(|(m, end, _)| method == m && path.ends_with(end));
    match named {
        Some((.., name)) => Some(name),
        None if method == Method::GET || READING.contains(&path) => None,
        None => Some(UNNAMED),
    }
}

/// The action of a route that the table does not name; a test finds such routes.
pub(crate) const UNNAMED: &str = "request.other";

/// An event about a request, before it is known how it ends.
pub(super) fn event(parts: &EventParts<'_>) -> NewEvent {
    let EventParts { action, caller, head, parameters } = parts;
    let value =
        |wanted: &str| parameters.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    let target = parameters
        .iter()
        .filter(|(name, _)| !["owner", "repo", "code"].contains(name))
        .map(|(name, value)| format!("{name}={value}"));
    let target = target.collect::<Vec<_>>().join(" ");
    NewEvent {
        actor: actor(caller),
        address: address(head),
        action,
        repository: value("owner")
            .zip(value("repo"))
            .map(|(owner, repo)| format!("{owner}/{repo}")),
        target: Some(target).filter(|target| !target.is_empty()),
    }
}

/// What an event is made from.
pub(super) struct EventParts<'a> {
    pub(super) action: &'static str,
    pub(super) caller: &'a Caller,
    pub(super) head: &'a Parts,
    pub(super) parameters: &'a RawPathParams,
}

fn actor(caller: &Caller) -> Actor {
    match caller {
        Caller::Anonymous => Actor::Anonymous,
        Caller::Account(identity) => Actor::Account(identity.login.clone()),
        Caller::Job(identity) => Actor::Job(identity.job),
    }
}

/// Where the connection comes from: the proxy's address, where there is a proxy.
pub(crate) fn address(head: &Parts) -> Option<String> {
    let info = head.extensions.get::<ConnectInfo<SocketAddr>>();
    info.map(|ConnectInfo(address)| address.ip().to_string())
}

/// Carries the request of an admitted caller out, between the two halves of its event.
pub(super) async fn around(app: &App, event: &NewEvent, request: Request, next: Next) -> Response {
    let begun = async { audit::begin(&mut *app.db.acquire().await?, event).await };
    let id = match begun.await {
        Ok(id) => id,
        Err(error) => return ApiError::from(error).into_response(),
    };
    let response = next.run(request).await;
    let finished = audit::finish(app, id, outcome(response.status()), &detail(&response)).await;
    if let Err(error) = finished {
        // The event is there and becomes `unknown`.
        tracing::error!(%error, action = event.action, "the outcome of an action is not recorded");
    }
    response
}

/// A request that begins or ends a session: it is nobody's until it has succeeded, and what failed
/// is only counted, so that nobody can fill the log from outside.
pub(super) async fn after(app: &App, event: NewEvent, response: Response) -> Response {
    if response.status().is_client_error() || response.status().is_server_error() {
        metrics::counter!("gantry_http_refused_total").increment(1);
        return response;
    }
    if let Some(NotSignedIn(login)) = response.extensions().get::<NotSignedIn>() {
        metrics::counter!("gantry_http_refused_total").increment(1);
        if let Some(login) = login {
            let actor = Actor::Account(login.clone());
            refused(app, &NewEvent { actor, ..event }).await;
        }
        return response;
    }
    let signed_in = response.extensions().get::<SignedIn>();
    let actor = signed_in.map_or(event.actor, |it| Actor::Account(it.0.login.clone()));
    let event = NewEvent { actor, ..event };
    let recorded = record(app, &event, Outcome::Done, &detail(&response)).await;
    match recorded {
        Ok(()) => response,
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// Stores that a known caller was refused.
pub(super) async fn refused(app: &App, event: &NewEvent) {
    if let Err(error) =
        record(app, event, Outcome::Refused, &Value::Object(Default::default())).await
    {
        tracing::error!(%error, action = event.action, "a refusal is not recorded");
    }
}

async fn record(app: &App, event: &NewEvent, how: Outcome, detail: &Value) -> sqlx::Result<()> {
    let mut db = app.db.acquire().await?;
    audit::record(&mut db, event, how, detail).await?;
    app.wakeups.wake(crate::background::Topic::Audit);
    Ok(())
}

fn detail(response: &Response) -> Value {
    let detail = response.extensions().get::<AuditDetail>();
    detail.map_or_else(|| Value::Object(Default::default()), |detail| detail.0.clone())
}

fn outcome(status: StatusCode) -> Outcome {
    match status {
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => Outcome::Refused,
        status if status.is_client_error() || status.is_server_error() => Outcome::Failed,
        _ => Outcome::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_has_a_name() {
        let secret = "/repos/{owner}/{repo}/environments/{environment}/secrets/{name}";
        assert_eq!(action(&Method::PUT, secret), Some("secret.write"));
        assert_eq!(action(&Method::GET, secret), None);
        let rerun = "/api/v3/repos/{owner}/{repo}/actions/runs/{run}/rerun";
        assert_eq!(action(&Method::POST, rerun), Some("run.rerun"));
        assert_eq!(action(&Method::POST, "/something/new"), Some(UNNAMED));
        assert_eq!(action(&Method::POST, "/api/graphql"), None);
    }
}
