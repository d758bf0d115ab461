//! The few GraphQL operations that `gh` cannot do without, by operation name.
//!
//! Not a GraphQL server: an operation that is not listed is refused with its name.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::repositories::node_id;
use crate::App;
use crate::accounts::Role;
use crate::http::error::ApiError;
use crate::http::extract::ApiJson;
use crate::http::guard::Account;
use crate::repositories::find_by_full_name;

/// A request.
#[derive(Debug, Deserialize)]
pub(crate) struct Query {
    query: String,
    #[serde(default)]
    variables: Variables,
}

#[derive(Debug, Default, Deserialize)]
struct Variables {
    owner: Option<String>,
    name: Option<String>,
}

/// `POST /graphql`.
pub(crate) async fn post(
    State(app): State<App>,
    Account(account): Account,
    ApiJson(request): ApiJson<Query>,
) -> Result<Json<Value>, ApiError> {
    match operation_name(&request.query) {
        "UserCurrent" | "" if request.query.contains("viewer") => {
            Ok(Json(json!({ "data": { "viewer": { "login": account.login } } })))
        }
        "PullRequestForRun" => Ok(Json(json!({
            "data": { "repository": { "pullRequests": { "nodes": [] } } }
        }))),
        "RepositoryInfo" => repository_info(&app, account.role, request.variables).await,
        other => Ok(Json(json!({
            "errors": [{ "message": format!("the GraphQL operation `{other}` is not supported") }]
        }))),
    }
}

async fn repository_info(
    app: &App,
    role: Role,
    variables: Variables,
) -> Result<Json<Value>, ApiError> {
    let (owner, name) = (variables.owner.unwrap_or_default(), variables.name.unwrap_or_default());
    let mut db = app.db.acquire().await?;
    let Some(repository) = find_by_full_name(&mut db, &owner, &name).await? else {
        let message = format!("Could not resolve to a Repository with the name '{owner}/{name}'.");
        return Ok(Json(json!({
            "data": { "repository": null },
            "errors": [{ "type": "NOT_FOUND", "path": ["repository"], "message": message }],
        })));
    };
    let permission = match role {
        Role::Read => "READ",
        Role::Write => "WRITE",
        Role::Admin => "ADMIN",
    };
    Ok(Json(json!({ "data": { "repository": {
        "id": node_id("R", repository.id.0),
        "name": repository.name,
        "owner": { "login": repository.owner },
        "hasIssuesEnabled": false,
        "description": "",
        "hasWikiEnabled": false,
        "viewerPermission": permission,
        "defaultBranchRef": { "name": repository.default_branch },
        "parent": null,
        "mergeCommitAllowed": true,
        "rebaseMergeAllowed": true,
        "squashMergeAllowed": true,
    } } })))
}

/// The name after `query`; empty for an anonymous operation.
fn operation_name(query: &str) -> &str {
    let Some(rest) = query.trim_start().strip_prefix("query") else {
        return "";
    };
    let rest = rest.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    &rest[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operation_is_found_by_name() {
        assert_eq!(operation_name("query UserCurrent{viewer{login}}"), "UserCurrent");
        assert_eq!(operation_name("\n query  RepositoryInfo($owner: String!) {"), "RepositoryInfo");
        assert_eq!(operation_name("{viewer{login}}"), "");
        assert_eq!(operation_name("query{viewer{login}}"), "");
    }
}
