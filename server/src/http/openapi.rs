//! `/api/gantry/openapi.json`: what this server answers, in the words of `OpenAPI` 3.1.
//!
//! Made from the table of routes and the signatures of their handlers, so it cannot fall behind them.
//! Does not repeat the shapes of GitHub's answers, which GitHub describes.

use std::sync::OnceLock;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use super::guard::Route;
use super::routes::client_routes;
use crate::App;
use crate::accounts::Access;

/// Parameters of paths that are numbers; all others are text.
const NUMBERS: [&str; 11] = [
    "artifact",
    "attempt",
    "cache",
    "job",
    "policy",
    "repository",
    "repository_id",
    "run",
    "runner",
    "token",
    "reviewer",
];

/// `GET /api/gantry/openapi.json`.
pub(crate) async fn get(State(app): State<App>) -> Json<&'static Value> {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    Json(DOCUMENT.get_or_init(|| document(client_routes(app).table())))
}

/// The routes below `/api`. GitHub's own are also reachable without `/api/v3`, which is said once.
#[must_use]
pub fn document(table: &[Route]) -> Value {
    let mut paths = Map::new();
    for route in table.iter().filter(|route| route.path.starts_with("/api/")) {
        let path = route.path.replace("{*", "{");
        let methods = paths.entry(path).or_insert_with(|| json!({}));
        methods[route.method.as_str().to_lowercase()] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Gantry",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Paths below `/api/v3` are GitHub's and answer in its shapes; they are \
                            reachable without that prefix, too. Those below `/api/gantry` are ours.",
        },
        "paths": paths,
        "components": {
            "schemas": { "Error": error_schema() },
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "an access token" },
                "session": { "type": "apiKey", "in": "cookie", "name": crate::accounts::SESSION_COOKIE },
            },
        },
    })
}

fn operation(route: &Route) -> Value {
    let tag = if route.path.starts_with("/api/gantry/") { "gantry" } else { "github" };
    let parameters: Vec<_> =
        path_parameters(&route.path).chain(route.described.query.iter().cloned()).collect();
    let mut operation = json!({
        "operationId": operation_id(route),
        "tags": [tag],
        "description": needs(route.access),
        "parameters": parameters,
        "responses": {
            "2XX": { "description": "It is done, or this is what was asked for." },
            "3XX": { "description": "What was asked for is elsewhere, or has not changed." },
            "4XX": {
                "description": "Refused; nothing has changed.",
                "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/Error" } },
                },
            },
        },
    });
    if let Some((schema, is_required)) = &route.described.body {
        operation["requestBody"] = json!({
            "required": is_required,
            "content": { "application/json": { "schema": schema } },
        });
    }
    if !matches!(route.access, Access::Public | Access::Link) {
        operation["security"] = json!([{ "token": [] }, { "session": [] }]);
    }
    operation
}

fn path_parameters(path: &str) -> impl Iterator<Item = Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| {
        let kind = if NUMBERS.contains(&name) { "integer" } else { "string" };
        json!({
            "name": name.trim_start_matches('*'),
            "in": "path",
            "required": true,
            "schema": { "type": kind },
        })
    })
}

/// `get_api_v3_repos_owner_repo`: unique, and the same in every version.
fn operation_id(route: &Route) -> String {
    let words = route.path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
    let method = route.method.as_str().to_lowercase();
    std::iter::once(method.as_str()).chain(words).collect::<Vec<_>>().join("_")
}

fn needs(access: Access) -> String {
    match access {
        Access::Public => "Open to everybody.".to_owned(),
        Access::Link => "Opened by a signed link that another answer gives.".to_owned(),
        Access::Known => "For every account; shows what the account may see.".to_owned(),
        Access::Clone | Access::Reader => {
            "For accounts that may read, and for jobs in their own repository.".to_owned()
        }
        Access::Account(role) => format!("For accounts with the role `{}`.", role.as_str()),
    }
}

fn error_schema() -> Value {
    json!({
        "type": "object",
        "required": ["message", "documentation_url", "status"],
        "properties": {
            "message": { "type": "string" },
            "documentation_url": { "type": "string" },
            "status": { "type": "string", "pattern": "^[45][0-9]{2}$" },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["resource", "field", "code", "message"],
                },
            },
        },
    })
}
