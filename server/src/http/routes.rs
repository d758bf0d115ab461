//! The routes of API clients, browsers and git, and who may call each.
//!
//! Decides nothing itself. Invariant: no route exists without an access.

use super::guard::Routes;
use super::rest::{
    annotations, artifacts, environments, graphql, jobs, meta, repositories, runs, secrets,
    variables, workflows,
};
use crate::App;
use crate::accounts::{Access, Role};

const READ: Access = Access::Account(Role::Read);
const WRITE: Access = Access::Account(Role::Write);
const ADMIN: Access = Access::Account(Role::Admin);

/// GitHub's own paths, and those of GitHub Enterprise Server.
const REST_PREFIXES: &[&str] = &["", "/api/v3"];

/// All of them.
#[must_use]
pub fn client_routes(app: App) -> Routes {
    rest(Routes::new(app))
}

fn rest(routes: Routes) -> Routes {
    let routes = routes
        .under(&["/api/v3"])
        .get("/", READ, meta::root)
        .under(&[""])
        .post("/graphql", READ, graphql::post)
        .post("/api/graphql", READ, graphql::post);
    let routes = rest_runs(routes.under(REST_PREFIXES));
    routes
        .get("/user", READ, meta::user)
        .get("/meta", READ, meta::meta)
        .get("/rate_limit", READ, meta::rate_limit)
        .get("/repos/{owner}/{repo}", READ, repositories::get)
        .get("/repos/{owner}/{repo}/environments", READ, environments::list)
        .get("/repos/{owner}/{repo}/environments/{environment}", READ, environments::get)
        .put("/repos/{owner}/{repo}/environments/{environment}", ADMIN, environments::put)
        .get("/repos/{owner}/{repo}/actions/variables", WRITE, variables::list)
        .post("/repos/{owner}/{repo}/actions/variables", ADMIN, variables::create)
        .get("/repos/{owner}/{repo}/actions/variables/{name}", WRITE, variables::get)
        .patch("/repos/{owner}/{repo}/actions/variables/{name}", ADMIN, variables::update)
        .delete("/repos/{owner}/{repo}/actions/variables/{name}", ADMIN, variables::delete)
        .get("/repos/{owner}/{repo}/actions/secrets", WRITE, secrets::list)
        .delete("/repos/{owner}/{repo}/actions/secrets/{name}", ADMIN, secrets::delete)
        .under(&[""])
}

fn rest_runs(routes: Routes) -> Routes {
    routes
        .get("/repos/{owner}/{repo}/actions/runs", READ, runs::list)
        .get("/repos/{owner}/{repo}/actions/runs/{run}", READ, runs::get)
        .get("/repos/{owner}/{repo}/actions/runs/{run}/attempts/{attempt}", READ, runs::get)
        .post("/repos/{owner}/{repo}/actions/runs/{run}/cancel", WRITE, runs::cancel)
        .get("/repos/{owner}/{repo}/actions/runs/{run}/jobs", READ, jobs::list)
        .get("/repos/{owner}/{repo}/actions/runs/{run}/attempts/{attempt}/jobs", READ, jobs::list)
        .get("/repos/{owner}/{repo}/actions/runs/{run}/artifacts", READ, artifacts::list_of_run)
        .get(
            "/repos/{owner}/{repo}/actions/runs/{run}/pending_deployments",
            READ,
            environments::pending,
        )
        .post(
            "/repos/{owner}/{repo}/actions/runs/{run}/pending_deployments",
            WRITE,
            environments::review,
        )
        .get("/repos/{owner}/{repo}/actions/jobs/{job}", READ, jobs::get)
        .get("/repos/{owner}/{repo}/actions/jobs/{job}/logs", READ, jobs::log)
        .get("/repos/{owner}/{repo}/check-runs/{job}/annotations", READ, annotations::list)
        .get("/repos/{owner}/{repo}/actions/workflows", READ, workflows::list)
        .get("/repos/{owner}/{repo}/actions/workflows/{workflow}", READ, workflows::get)
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
