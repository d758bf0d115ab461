//! The routes of API clients, browsers and git, and who may call each.
//!
//! Decides nothing itself. Invariant: no route exists without an access.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Response;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_http::decompression::RequestDecompressionLayer;

use super::conditional;
use super::error::ApiError;
use super::git;
use super::guard::Routes;
use super::openapi;
use super::rest::{
    annotations, artifacts, branch_policies, caches, contents, deployments, dispatches, downloads,
    environments, gates, graphql, jobs, log_zip, meta, proxy, repositories, reruns, run_removal,
    runners as rest_runners, runs, secrets, selected_repositories, usage, variables, workflows,
};
use super::web::{
    access_tokens, assets, audit, badge, deliveries, dispatch_form, environment_history, events,
    github_login, headers, insights, log_search, login, logs, operations, preview, reports,
    repositories as own_repositories, run_changes, runners, runs as own_runs, schedules,
    secrets as own_secrets, sessions, setup, summaries,
};
use crate::App;
use crate::accounts::{Access, Role};

const READ: Access = Access::Account(Role::Read);
const WRITE: Access = Access::Account(Role::Write);
const ADMIN: Access = Access::Account(Role::Admin);

/// GitHub's own paths, and those of GitHub Enterprise Server.
const REST_PREFIXES: &[&str] = &["", "/api/v3"];

/// Largest body of a request to the API, in bytes; a larger one is refused with 413.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Everything that clients, browsers and git call, with the page for every other path.
pub fn client_router(app: &App) -> Router<App> {
    let api = client_routes(app.clone())
        .into_router()
        .fallback(assets::fallback)
        // GitHub knows no method that it does not document.
        .method_not_allowed_fallback(async || ApiError::not_found())
        .layer(from_fn(conditional::answer))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        // A request that a browser makes for another site's page changes nothing.
        .layer(CsrfLayer::new().with_rejection_response(refuse_foreign))
        .layer(CompressionLayer::new().compress_when(is_worth_compressing()))
        .layer(from_fn_with_state(app.clone(), proxy::divert));
    api.merge(git_routes(app.clone()).into_router().layer(RequestDecompressionLayer::new()))
        .layer(from_fn_with_state(app.clone(), headers::secure))
}

/// Logs of runs are packed already.
fn is_worth_compressing() -> impl Predicate {
    DefaultPredicate::new().and(NotForContentType::const_new("application/zip"))
}

fn refuse_foreign(_: ProtectionError) -> Response<axum::body::Body> {
    ApiError::forbidden("this request came from the page of another site").into_response()
}

/// Those of API clients and browsers.
#[must_use]
pub fn client_routes(app: App) -> Routes {
    web(rest(Routes::new(app)))
}

/// Those of git.
#[must_use]
pub fn git_routes(app: App) -> Routes {
    Routes::new(app).get("/git/{owner}/{repo}/info/refs", Access::Clone, git::info_refs).post(
        "/git/{owner}/{repo}/git-upload-pack",
        Access::Clone,
        git::serve_pack,
    )
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn web(routes: Routes) -> Routes {
    routes
        .get("/healthz", Access::Public, operations::healthz)
        .get("/readyz", Access::Public, operations::readyz)
        .get("/metrics", READ, operations::metrics_page)
        .get("/login/{code}", Access::Public, login::redeem)
        .get("/login/github", Access::Public, github_login::begin)
        .get("/login/github/callback", Access::Public, github_login::finish)
        .get("/api/gantry/sign-in", Access::Public, github_login::ways)
        .get("/api/gantry/sessions", Access::Known, sessions::list)
        .delete("/api/gantry/sessions/{session}", Access::Known, sessions::revoke)
        .post("/api/gantry/logout", Access::Public, login::logout)
        .get("/setup/github", ADMIN, setup::page)
        .get("/setup/github/callback", Access::Public, setup::callback)
        .get("/api/gantry/openapi.json", Access::Known, openapi::get)
        .get("/api/gantry/session", Access::Known, login::session)
        .post("/api/gantry/login-links", Access::Known, login::create_link)
        .get("/api/gantry/repositories", Access::Known, own_repositories::list)
        .post("/api/gantry/repositories", ADMIN, own_repositories::register)
        .get("/api/gantry/repositories/{owner}/{repo}/refs", READ, dispatch_form::refs)
        .get(
            "/api/gantry/repositories/{owner}/{repo}/workflow-files",
            READ,
            dispatch_form::workflow_files,
        )
        .get(
            "/api/gantry/repositories/{owner}/{repo}/workflows/{workflow}/dispatch",
            READ,
            dispatch_form::get,
        )
        .get(
            "/api/gantry/repositories/{owner}/{repo}/workflows/{workflow}/badge-link",
            WRITE,
            badge::link,
        )
        .get("/api/gantry/repositories/{owner}/{repo}/schedules", READ, schedules::list)
        .get("/api/gantry/repositories/{owner}/{repo}/insights", READ, insights::get)
        .get("/api/gantry/repositories/{owner}/{repo}/preview", READ, preview::get)
        .get(
            "/api/gantry/repositories/{owner}/{repo}/environments/{environment}/deployments",
            READ,
            environment_history::list,
        )
        .get("/{owner}/{repo}/actions/workflows/{workflow}/badge.svg", READ, badge::get)
        .get("/api/gantry/badges/{owner}/{repo}/{workflow}/badge.svg", Access::Link, badge::get)
        .patch("/api/gantry/repositories/{owner}/{repo}", ADMIN, own_repositories::change)
        .post("/api/gantry/github/repositories", ADMIN, own_repositories::connect)
        .put("/api/gantry/repositories/{owner}/{repo}/secrets/{name}", ADMIN, own_secrets::put)
        .post("/api/gantry/secrets/rotate-key", ADMIN, own_secrets::rotate_key)
        .post("/api/gantry/secrets/rotate-master-key", ADMIN, own_secrets::rotate_master_key)
        .get("/api/gantry/runs", Access::Known, own_runs::list)
        .get("/api/gantry/runs/{run}", READ, own_runs::get)
        .get("/api/gantry/runs/{run}/attempts/{attempt}", READ, own_runs::get)
        .get("/api/gantry/runs/{run}/attempts/{attempt}/summaries", READ, summaries::of_run)
        .get("/api/gantry/runs/{run}/attempts/{attempt}/reports", READ, reports::of_run)
        .get("/api/gantry/runs/{run}/attempts/{attempt}/log-search", READ, log_search::get)
        .get("/api/gantry/runs/{run}/payload", READ, own_runs::payload)
        .get("/api/gantry/jobs/{job}/log", READ, logs::get)
        .get("/api/gantry/jobs/{job}/log-outline", READ, logs::get_outline)
        .get("/api/gantry/jobs/{job}/log-search", READ, logs::get_places)
        .get("/api/gantry/downloads/jobs/{job}/log.txt", Access::Link, downloads::job_log)
        .get(
            "/api/gantry/downloads/runs/{run}/attempts/{attempt}/logs.zip",
            Access::Link,
            log_zip::download,
        )
        .get("/api/gantry/jobs/{job}/summaries", READ, summaries::get)
        .get("/api/gantry/events", Access::Known, events::stream_events)
        .get("/api/gantry/events/runs", Access::Known, run_changes::stream_changes)
        .get("/api/gantry/reconcilers", ADMIN, operations::reconcilers)
        .get("/api/gantry/deliveries", ADMIN, deliveries::list)
        .get("/api/gantry/audit-log", ADMIN, audit::list)
        .get("/api/gantry/deliveries/{guid}", ADMIN, deliveries::get)
        .post("/api/gantry/deliveries/{guid}/redeliver", ADMIN, deliveries::redeliver)
        .get("/api/gantry/runners", READ, runners::list)
        .put("/api/gantry/runners/{runner}/drain", ADMIN, runners::drain)
        .delete("/api/gantry/runners/{runner}/drain", ADMIN, runners::resume)
        .get("/api/gantry/queue", READ, runners::queue)
        .post("/api/gantry/runners/registration-token", ADMIN, operations::registration_token)
        .get("/api/gantry/access-tokens", Access::Known, access_tokens::list)
        .post("/api/gantry/access-tokens", Access::Known, access_tokens::create)
        .delete("/api/gantry/access-tokens/{token}", Access::Known, access_tokens::revoke)
}

fn rest(routes: Routes) -> Routes {
    let routes = routes
        .under(&["/api/v3"])
        .get("/", Access::Known, meta::root)
        .under(&[""])
        .post("/graphql", Access::Known, graphql::post)
        .post("/api/graphql", Access::Known, graphql::post);
    let routes = rest_runs(routes.under(REST_PREFIXES));
    let routes = rest_kept(rest_branch_policies(rest_secrets(rest_of_runners(routes))));
    routes
        .get("/user", Access::Known, meta::user)
        .get("/meta", Access::Known, meta::meta)
        .get("/rate_limit", Access::Known, meta::rate_limit)
        .get("/repos/{owner}/{repo}", READ, repositories::get)
        .get("/repos/{owner}/{repo}/contents/{*path}", READ, contents::get)
        .post("/repos/{owner}/{repo}/dispatches", WRITE, dispatches::create)
        .get("/repos/{owner}/{repo}/environments", READ, environments::list)
        .get("/repos/{owner}/{repo}/environments/{environment}", READ, environments::get)
        .put("/repos/{owner}/{repo}/environments/{environment}", ADMIN, environments::put)
        .delete("/repos/{owner}/{repo}/environments/{environment}", ADMIN, environments::delete)
        .under(&[""])
}

/// The places that have secrets and variables.
const PLACES: [&str; 4] = [
    "/repos/{owner}/{repo}/actions",
    "/repos/{owner}/{repo}/environments/{environment}",
    "/repositories/{repository}/environments/{environment}",
    "/orgs/{org}/actions",
];

fn rest_secrets(routes: Routes) -> Routes {
    let routes = PLACES.into_iter().fold(routes, |routes, place| {
        let at = |rest: &str| format!("{place}{rest}");
        routes
            .get(&at("/secrets"), WRITE, secrets::list)
            .get(&at("/secrets/public-key"), READ, secrets::public_key)
            .get(&at("/secrets/{name}"), WRITE, secrets::get)
            .put(&at("/secrets/{name}"), ADMIN, secrets::put)
            .delete(&at("/secrets/{name}"), ADMIN, secrets::delete)
            .get(&at("/variables"), WRITE, variables::list)
            .post(&at("/variables"), ADMIN, variables::create)
            .get(&at("/variables/{name}"), WRITE, variables::get)
            .patch(&at("/variables/{name}"), ADMIN, variables::update)
            .delete(&at("/variables/{name}"), ADMIN, variables::delete)
    });
    let routes = ["secrets", "variables"].into_iter().fold(routes, |routes, kind| {
        let list = format!("/orgs/{{org}}/actions/{kind}/{{name}}/repositories");
        let one = format!("{list}/{{repository_id}}");
        routes
            .get(&list, ADMIN, selected_repositories::list)
            .put(&list, ADMIN, selected_repositories::replace)
            .put(&one, ADMIN, selected_repositories::add)
            .delete(&one, ADMIN, selected_repositories::remove)
    });
    let owners = "/repos/{owner}/{repo}/actions/organization";
    routes.get(&format!("{owners}-secrets"), WRITE, secrets::list_of_owner).get(
        &format!("{owners}-variables"),
        WRITE,
        variables::list_of_owner,
    )
}

/// What jobs leave.
fn rest_kept(routes: Routes) -> Routes {
    let artifacts = "/repos/{owner}/{repo}/actions/artifacts";
    let one = format!("{artifacts}/{{artifact}}");
    let caches = "/repos/{owner}/{repo}/actions/caches";
    routes
        .get(
            "/repos/{owner}/{repo}/actions/runs/{run}/artifacts",
            Access::Reader,
            artifacts::list_of_run,
        )
        .get(artifacts, Access::Reader, artifacts::list)
        .get(&one, Access::Reader, artifacts::get)
        .get(&format!("{one}/zip"), Access::Reader, artifacts::zip)
        .delete(&one, WRITE, artifacts::delete)
        .get(caches, READ, caches::list)
        .get("/repos/{owner}/{repo}/actions/cache/usage", READ, caches::usage)
        .delete(caches, WRITE, caches::delete_by_key)
        .delete(&format!("{caches}/{{cache}}"), WRITE, caches::delete)
}

fn rest_branch_policies(routes: Routes) -> Routes {
    let list = "/repos/{owner}/{repo}/environments/{environment}/deployment-branch-policies";
    let one = format!("{list}/{{policy}}");
    let all_gates = "/repos/{owner}/{repo}/environments/{environment}/deployment_protection_rules";
    let gate = format!("{all_gates}/{{rule}}");
    routes
        .get(all_gates, READ, gates::list)
        .post(all_gates, ADMIN, gates::create)
        .get(&gate, READ, gates::get)
        .delete(&gate, ADMIN, gates::delete)
        .get(list, READ, branch_policies::list)
        .post(list, ADMIN, branch_policies::create)
        .get(&one, READ, branch_policies::get)
        .put(&one, ADMIN, branch_policies::update)
        .delete(&one, ADMIN, branch_policies::delete)
}

fn rest_of_runners(routes: Routes) -> Routes {
    let list = "/repos/{owner}/{repo}/actions/runners";
    let one = format!("{list}/{{runner}}");
    let labels = format!("{one}/labels");
    routes
        .get(list, ADMIN, rest_runners::list)
        .post(&format!("{list}/registration-token"), ADMIN, rest_runners::registration_token)
        .get(&one, ADMIN, rest_runners::get)
        .delete(&one, ADMIN, rest_runners::delete)
        .get(&labels, ADMIN, rest_runners::labels)
        .post(&labels, ADMIN, rest_runners::add_labels)
        .put(&labels, ADMIN, rest_runners::set_labels)
        .delete(&labels, ADMIN, rest_runners::remove_labels)
        .delete(&format!("{labels}/{{name}}"), ADMIN, rest_runners::remove_labels)
}

fn rest_runs(routes: Routes) -> Routes {
    routes
        .get("/repos/{owner}/{repo}/actions/runs", READ, runs::list)
        .get("/repos/{owner}/{repo}/actions/runs/{run}", READ, runs::get)
        .delete("/repos/{owner}/{repo}/actions/runs/{run}", ADMIN, run_removal::delete_run)
        .delete("/repos/{owner}/{repo}/actions/runs/{run}/logs", ADMIN, run_removal::delete_logs)
        .get("/repos/{owner}/{repo}/actions/runs/{run}/timing", READ, usage::of_run)
        .get("/repos/{owner}/{repo}/actions/runs/{run}/attempts/{attempt}", READ, runs::get)
        .post("/repos/{owner}/{repo}/actions/runs/{run}/cancel", WRITE, runs::cancel)
        .post("/repos/{owner}/{repo}/actions/runs/{run}/force-cancel", WRITE, reruns::force_cancel)
        .post("/repos/{owner}/{repo}/actions/runs/{run}/approve", WRITE, reruns::approve)
        .post("/repos/{owner}/{repo}/actions/runs/{run}/rerun", WRITE, reruns::all)
        .post("/repos/{owner}/{repo}/actions/runs/{run}/rerun-failed-jobs", WRITE, reruns::failed)
        .post("/repos/{owner}/{repo}/actions/jobs/{job}/rerun", WRITE, reruns::job)
        .get("/repos/{owner}/{repo}/actions/runs/{run}/jobs", READ, jobs::list)
        .get("/repos/{owner}/{repo}/actions/runs/{run}/attempts/{attempt}/jobs", READ, jobs::list)
        .get("/repos/{owner}/{repo}/actions/runs/{run}/logs", READ, log_zip::get)
        .get("/repos/{owner}/{repo}/actions/runs/{run}/attempts/{attempt}/logs", READ, log_zip::get)
        .get(
            "/repos/{owner}/{repo}/actions/runs/{run}/pending_deployments",
            READ,
            deployments::pending,
        )
        .post(
            "/repos/{owner}/{repo}/actions/runs/{run}/pending_deployments",
            WRITE,
            deployments::review,
        )
        .get("/repos/{owner}/{repo}/actions/runs/{run}/approvals", READ, deployments::approvals)
        .post(
            "/repos/{owner}/{repo}/actions/runs/{run}/deployment_protection_rule",
            WRITE,
            deployments::answer_gate,
        )
        .get("/repos/{owner}/{repo}/actions/jobs/{job}", READ, jobs::get)
        .get("/repos/{owner}/{repo}/actions/jobs/{job}/logs", READ, jobs::log)
        .get("/repos/{owner}/{repo}/check-runs/{job}/annotations", READ, annotations::list)
        .get("/repos/{owner}/{repo}/actions/workflows", READ, workflows::list)
        .get("/repos/{owner}/{repo}/actions/workflows/{workflow}", READ, workflows::get)
        .get("/repos/{owner}/{repo}/actions/workflows/{workflow}/timing", READ, usage::of_workflow)
        .put("/repos/{owner}/{repo}/actions/workflows/{workflow}/enable", WRITE, workflows::enable)
        .put(
            "/repos/{owner}/{repo}/actions/workflows/{workflow}/disable",
            WRITE,
            workflows::disable,
        )
        .get(
            "/repos/{owner}/{repo}/actions/workflows/{workflow}/runs",
            READ,
            runs::list_of_workflow,
        )
        .post(
            "/repos/{owner}/{repo}/actions/workflows/{workflow}/dispatches",
            WRITE,
            workflows::dispatch,
        )
}
