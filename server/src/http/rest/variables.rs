//! Variables in GitHub's shape.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::paging::Page;
use crate::App;
use crate::http::error::{ApiError, FieldError};
use crate::http::extract::{ApiJson, ApiPath, Repo};
use crate::secrets::{self, NameError, PutVariable, Variable, check_entry};

/// `GET .../actions/variables`.
pub(crate) async fn list(
    State(app): State<App>,
    Repo(repository): Repo,
    page: Page,
) -> Result<Response, ApiError> {
    let mut db = app.db.acquire().await?;
    let variables = secrets::list_variables(&mut db, repository.id, None).await?;
    let total = i64::try_from(variables.len()).unwrap_or(i64::MAX);
    let variables: Vec<_> = page.cut(variables).iter().map(variable_json).collect();
    Ok(page.answer(total, Json(json!({ "total_count": total, "variables": variables }))))
}

/// `GET .../actions/variables/{name}`.
pub(crate) async fn get(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<NamePath>,
) -> Result<Json<Value>, ApiError> {
    let mut db = app.db.acquire().await?;
    let variable = secrets::find_variable(&mut db, repository.id, &path.name)
        .await?
        .ok_or_else(ApiError::not_found)?;
    Ok(Json(variable_json(&variable)))
}

/// The body of a new variable.
#[derive(Debug, Deserialize)]
pub(crate) struct CreateBody {
    name: String,
    value: String,
}

/// `POST .../actions/variables`: 201, or 409 when there is one of this name.
pub(crate) async fn create(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiJson(body): ApiJson<CreateBody>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let name = check_entry(&body.name, &body.value).map_err(invalid("Variable"))?;
    let variable =
        PutVariable { repository: repository.id, environment: None, name, value: body.value };
    let mut db = app.db.acquire().await?;
    secrets::create_variable(&mut db, &variable).await?;
    Ok((StatusCode::CREATED, Json(json!({}))))
}

/// The body of a change. GitHub allows to rename as well; we do not yet, and say so.
#[derive(Debug, Deserialize)]
pub(crate) struct UpdateBody {
    name: Option<String>,
    value: Option<String>,
}

/// `PATCH .../actions/variables/{name}`.
pub(crate) async fn update(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<NamePath>,
    ApiJson(body): ApiJson<UpdateBody>,
) -> Result<StatusCode, ApiError> {
    if body.name.is_some_and(|name| !name.eq_ignore_ascii_case(&path.name)) {
        return Err(ApiError::unprocessable(
            "a variable cannot be renamed; delete it and create another",
        ));
    }
    let value = body.value.unwrap_or_default();
    let name = check_entry(&path.name, &value).map_err(invalid("Variable"))?;
    let mut db = app.db.acquire().await?;
    secrets::find_variable(&mut db, repository.id, &name).await?.ok_or_else(ApiError::not_found)?;
    let variable = PutVariable { repository: repository.id, environment: None, name, value };
    secrets::put_variable(&mut db, &variable).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE .../actions/variables/{name}`.
pub(crate) async fn delete(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<NamePath>,
) -> Result<StatusCode, ApiError> {
    let mut db = app.db.acquire().await?;
    match secrets::delete_variable(&mut db, repository.id, &path.name).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found()),
    }
}

/// `{name}` of a path.
#[derive(Debug, Deserialize)]
pub(crate) struct NamePath {
    pub(crate) name: String,
}

/// GitHub's answer to a name or a value that it does not accept.
pub(crate) fn invalid(resource: &'static str) -> impl Fn(NameError) -> ApiError {
    move |error| {
        ApiError::unprocessable(format!("Validation Failed: {resource} {error}")).with_errors(vec![
            FieldError {
                resource,
                field: "name".into(),
                code: "invalid",
                message: error.to_string(),
            },
        ])
    }
}

fn variable_json(variable: &Variable) -> Value {
    json!({
        "name": variable.name,
        "value": variable.value,
        "created_at": variable.created_at,
        "updated_at": variable.updated_at,
    })
}
