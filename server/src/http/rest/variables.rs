//! Variables in GitHub's shape, of owners, repositories and environments.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::paging::Page;
use super::place::{At, VisibilityBody};
use crate::App;
use crate::http::error::{ApiError, FieldError};
use crate::http::extract::{ApiJson, ApiPath, Repo};
use crate::secrets::{
    self, NameError, NewVariable, Reader, Variable, VariableChange, check_entry, check_name,
    check_value,
};

/// `GET .../variables`.
pub(crate) async fn list(State(app): State<App>, at: At, page: Page) -> Result<Response, ApiError> {
    let mut db = app.db.acquire().await?;
    let found = secrets::list_variables(&mut db, &at.place).await?;
    Ok(answer_list(&page, &at, found))
}

/// `GET .../actions/organization-variables`: those of the owner that the repository sees.
pub(crate) async fn list_of_owner(
    State(app): State<App>,
    Repo(repository): Repo,
    (at, page): (At, Page),
) -> Result<Response, ApiError> {
    let mut db = app.db.acquire().await?;
    let reader = Reader { repository: repository.id, owner: &repository.owner };
    let found = secrets::owners_variables(&mut db, reader).await?;
    Ok(answer_list(&page, &at, found))
}

/// `GET .../variables/{name}`.
pub(crate) async fn get(
    State(app): State<App>,
    at: At,
    ApiPath(path): ApiPath<NamePath>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(variable_json(&at, &find(&app, &at, &path.name).await?)))
}

/// The body of a new variable.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct CreateBody {
    name: String,
    value: String,
    visibility: Option<String>,
    selected_repository_ids: Option<Vec<i64>>,
}

/// `POST .../variables`: 201, or 409 when there is one of this name.
pub(crate) async fn create(
    State(app): State<App>,
    at: At,
    ApiJson(body): ApiJson<CreateBody>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let name = check_entry(&body.name, &body.value).map_err(invalid("Variable"))?;
    let visibility = VisibilityBody {
        visibility: body.visibility,
        selected_repository_ids: body.selected_repository_ids,
    };
    let visibility = visibility.required(&app, &at).await?;
    let variable = NewVariable { place: at.place, name, value: body.value, visibility };
    let mut db = app.db.acquire().await?;
    secrets::create_variable(&mut db, &variable).await?;
    Ok((StatusCode::CREATED, Json(json!({}))))
}

/// The body of a change; what is absent stays.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct UpdateBody {
    name: Option<String>,
    value: Option<String>,
    visibility: Option<String>,
    selected_repository_ids: Option<Vec<i64>>,
}

/// `PATCH .../variables/{name}`.
pub(crate) async fn update(
    State(app): State<App>,
    at: At,
    ApiPath(path): ApiPath<NamePath>,
    ApiJson(body): ApiJson<UpdateBody>,
) -> Result<StatusCode, ApiError> {
    let name = body.name.as_deref().map(check_name).transpose().map_err(invalid("Variable"))?;
    if let Some(value) = &body.value {
        check_value(value).map_err(invalid("Variable"))?;
    }
    let visibility = VisibilityBody {
        visibility: body.visibility,
        selected_repository_ids: body.selected_repository_ids,
    };
    let visibility = visibility.read(&app, &at).await?;
    let change = VariableChange { name, value: body.value, visibility };
    let mut db = app.db.acquire().await?;
    match secrets::update_variable(&mut db, (&at.place, &path.name), &change).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found()),
    }
}

/// `DELETE .../variables/{name}`.
pub(crate) async fn delete(
    State(app): State<App>,
    at: At,
    ApiPath(path): ApiPath<NamePath>,
) -> Result<StatusCode, ApiError> {
    let mut db = app.db.acquire().await?;
    match secrets::delete_variable(&mut db, &at.place, &path.name).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found()),
    }
}

/// `{name}` of a path.
#[derive(Debug, Deserialize)]
pub(crate) struct NamePath {
    pub(crate) name: String,
}

/// The variable of this place.
pub(super) async fn find(app: &App, at: &At, name: &str) -> Result<Variable, ApiError> {
    let mut db = app.db.acquire().await?;
    secrets::find_variable(&mut db, &at.place, name).await?.ok_or_else(ApiError::not_found)
}

/// GitHub's answer to a name or a value that it does not accept.
pub(crate) fn invalid(resource: &'static str) -> impl Fn(NameError) -> ApiError {
    move |error| {
        ApiError::unprocessable(format!("Validation Failed: {resource} {error}")).with_errors(vec![
            FieldError {
                resource,
                field: error.field().into(),
                code: "invalid",
                message: error.to_string(),
            },
        ])
    }
}

fn answer_list(page: &Page, at: &At, variables: Vec<Variable>) -> Response {
    let total = i64::try_from(variables.len()).unwrap_or(i64::MAX);
    let variables: Vec<_> = page.cut(variables).iter().map(|it| variable_json(at, it)).collect();
    page.answer(total, Json(json!({ "total_count": total, "variables": variables })))
}

fn variable_json(at: &At, variable: &Variable) -> Value {
    let mut body = json!({
        "name": variable.name,
        "value": variable.value,
        "created_at": variable.created_at,
        "updated_at": variable.updated_at,
    });
    at.add_visibility(&mut body, ("variables", &variable.name), &variable.visibility);
    body
}
