//! The few GraphQL operations that `gh` cannot do without, by operation name.
//!
//! Not a GraphQL server: an operation that is not listed is refused with its name.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::graphql_text::{NamedRepository, named_repositories, operation_name};
use super::repositories::node_id;
use crate::App;
use crate::accounts::{Identity, Role};
use crate::http::error::ApiError;
use crate::http::extract::ApiJson;
use crate::http::guard::Account;
use crate::repositories::find_by_full_name;

/// A request.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Query {
    query: String,
    variables: Option<Variables>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
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
    let viewer = || json!({ "login": account.login });
    match operation_name(&request.query) {
        "UserCurrent" => Ok(Json(json!({ "data": { "viewer": viewer() } }))),
        "" if request.query.contains("viewer") => {
            Ok(Json(json!({ "data": { "viewer": viewer() } })))
        }
        "PullRequestForRun" => Ok(Json(json!({
            "data": { "repository": { "pullRequests": { "nodes": [] } } }
        }))),
        "RepositoryInfo" => {
            let variables = request.variables.unwrap_or_default();
            let repository = NamedRepository {
                alias: "repository".to_owned(),
                owner: variables.owner.unwrap_or_default(),
                name: variables.name.unwrap_or_default(),
            };
            answer(&app, &account, vec![repository], Map::new()).await
        }
        "MapRepositoryNames" => {
            answer(&app, &account, named_repositories(&request.query), Map::new()).await
        }
        "RepositoryNetwork" => {
            let data = Map::from_iter([("viewer".to_owned(), viewer())]);
            answer(&app, &account, named_repositories(&request.query), data).await
        }
        other => Ok(Json(json!({
            "errors": [{ "message": format!("the GraphQL operation `{other}` is not supported") }]
        }))),
    }
}

/// The repositories beside what `data` has already; one that there is not is null, with an error.
async fn answer(
    app: &App,
    account: &Identity,
    repositories: Vec<NamedRepository>,
    mut data: Map<String, Value>,
) -> Result<Json<Value>, ApiError> {
    let mut errors = Vec::new();
    for NamedRepository { alias, owner, name } in repositories {
        let found = repository_info(app, account, (&owner, &name)).await?;
        if found.is_null() {
            let message =
                format!("Could not resolve to a Repository with the name '{owner}/{name}'.");
            errors.push(json!({ "type": "NOT_FOUND", "path": [alias], "message": message }));
        }
        data.insert(alias, found);
    }
    let mut body = json!({ "data": data });
    if !errors.is_empty() {
        body["errors"] = Value::Array(errors);
    }
    Ok(Json(body))
}

/// Null when there is none, or none that the account may see.
async fn repository_info(
    app: &App,
    account: &Identity,
    (owner, name): (&str, &str),
) -> Result<Value, ApiError> {
    let mut db = app.db.acquire().await?;
    let Some(repository) = find_by_full_name(&mut db, owner, name).await? else {
        return Ok(Value::Null);
    };
    let permission = match account.rights.role_in(repository.id) {
        None => return Ok(Value::Null),
        Some(Role::Read) => "READ",
        Some(Role::Write) => "WRITE",
        Some(Role::Admin) => "ADMIN",
    };
    Ok(json!({
        "id": node_id("R", repository.id.0),
        "databaseId": repository.id,
        "name": repository.name,
        "owner": { "login": repository.owner },
        "isPrivate": true,
        "hasIssuesEnabled": false,
        "description": "",
        "hasWikiEnabled": false,
        "viewerPermission": permission,
        "defaultBranchRef": { "name": repository.default_branch },
        "parent": null,
        "mergeCommitAllowed": true,
        "rebaseMergeAllowed": true,
        "squashMergeAllowed": true,
    }))
}
