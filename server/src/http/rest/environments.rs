//! Environments in GitHub's shape, and their rules.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::paging::Page;
use super::repositories::{account_id, account_json, node_id};
use crate::App;
use crate::accounts;
use crate::environments::view::{EnvironmentView, find_environment, list_environments};
use crate::environments::{self, Rules};
use crate::github::GitHubError;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, OptionalJson, Repo};
use crate::http::guard::Account;
use crate::http::links::Links;
use crate::members;
use crate::repositories::Repository;

/// GitHub's limits.
const MAX_REVIEWERS: usize = 6;
const MAX_WAIT_MINUTES: i32 = 43_200;

/// `GET .../environments`.
pub(crate) async fn list(
    State(app): State<App>,
    Repo(repository): Repo,
    (links, page): (Links, Page),
) -> Result<Response, ApiError> {
    let mut db = app.db.acquire().await?;
    let environments = list_environments(&mut db, repository.id).await?;
    let total = i64::try_from(environments.len()).unwrap_or(i64::MAX);
    let body: Vec<_> =
        page.cut(environments).iter().map(|it| environment_json(&links, &repository, it)).collect();
    Ok(page.answer(total, Json(json!({ "total_count": total, "environments": body }))))
}

/// `GET .../environments/{environment}`.
pub(crate) async fn get(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<EnvironmentPath>,
    links: Links,
) -> Result<Json<Value>, ApiError> {
    let found = find(&app, &repository, &path.environment).await?;
    Ok(Json(environment_json(&links, &repository, &found)))
}

/// The rules of an environment; what is absent is switched off, as on GitHub.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct EnvironmentBody {
    wait_timer: Option<i32>,
    prevent_self_review: Option<bool>,
    reviewers: Option<Vec<ReviewerBody>>,
    deployment_branch_policy: Option<BranchPolicyBody>,
    /// Ours: a deployment waits for a review although nobody is named; whoever may write reviews.
    review_required: Option<bool>,
    /// Ours: so many different reviewers have to approve; 1 when it is left out.
    required_approvals: Option<i32>,
}

/// GitHub's number of an account; we take a login as well.
#[derive(Debug, Deserialize, JsonSchema)]
struct ReviewerBody {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<i64>,
    login: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct BranchPolicyBody {
    protected_branches: bool,
    custom_branch_policies: bool,
}

/// `PUT .../environments/{environment}`.
pub(crate) async fn put(
    State(app): State<App>,
    Repo(repository): Repo,
    (ApiPath(path), links): (ApiPath<EnvironmentPath>, Links),
    OptionalJson(body): OptionalJson<EnvironmentBody>,
) -> Result<Json<Value>, ApiError> {
    let rules = body.rules(&app, &repository).await?;
    let mut db = app.db.acquire().await?;
    environments::set_rules(&mut db, (repository.id, &path.environment), &rules).await?;
    drop(db);
    // Jobs that wait for what nobody asks for any more may go on.
    crate::runs::reconsider(&app, repository.id).await?;
    get(State(app), Repo(repository), ApiPath(path), links).await
}

/// `DELETE .../environments/{environment}`.
pub(crate) async fn delete(
    State(app): State<App>,
    Account(account): Account,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<EnvironmentPath>,
) -> Result<StatusCode, ApiError> {
    let who = (path.environment.as_str(), account.login.as_str());
    match environments::delete(&app, repository.id, who).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found()),
    }
}

/// `{environment}` of a path.
#[derive(Debug, Deserialize)]
pub(crate) struct EnvironmentPath {
    pub(super) environment: String,
}

/// The environment of this repository that the path names.
pub(super) async fn find(
    app: &App,
    repository: &Repository,
    name: &str,
) -> Result<EnvironmentView, ApiError> {
    let mut db = app.db.acquire().await?;
    find_environment(&mut db, repository.id, name).await?.ok_or_else(ApiError::not_found)
}

impl EnvironmentBody {
    async fn rules(self, app: &App, repository: &Repository) -> Result<Rules, ApiError> {
        let wait_minutes = self.wait_timer.unwrap_or_default();
        if !(0..=MAX_WAIT_MINUTES).contains(&wait_minutes) {
            return Err(ApiError::unprocessable(format!(
                "Invalid request.\n\n`wait_timer` must be between 0 and {MAX_WAIT_MINUTES} minutes."
            )));
        }
        let reviewers = names(app, repository, self.reviewers.unwrap_or_default()).await?;
        let required_approvals = required_approvals(self.required_approvals, &reviewers)?;
        Ok(Rules {
            review_required: self.review_required.unwrap_or(false)
                || !reviewers.is_empty()
                || required_approvals > 1,
            required_approvals,
            reviewers,
            prevent_self_review: self.prevent_self_review.unwrap_or(false),
            wait_minutes,
            has_ref_policies: has_ref_policies(self.deployment_branch_policy.as_ref())?,
        })
    }
}

/// As many as there can be: more would wait for ever.
fn required_approvals(asked: Option<i32>, reviewers: &[String]) -> Result<i32, ApiError> {
    let most = match reviewers.len() {
        0 => MAX_REVIEWERS,
        n_named => n_named,
    };
    let asked = asked.unwrap_or(1);
    match usize::try_from(asked) {
        Ok(1) => Ok(1),
        Ok(n) if (1..=most).contains(&n) => Ok(asked),
        _ => Err(ApiError::unprocessable(format!(
            "Invalid request.\n\n`required_approvals` must be between 1 and {most}, the number of \
             reviewers."
        ))),
    }
}

fn has_ref_policies(policy: Option<&BranchPolicyBody>) -> Result<bool, ApiError> {
    let Some(policy) = policy else { return Ok(false) };
    match (policy.protected_branches, policy.custom_branch_policies) {
        (false, true) => Ok(true),
        (true, false) => Err(ApiError::unprocessable(
            "which branches are protected is not known here; set `custom_branch_policies` and name \
             them",
        )),
        (true, true) | (false, false) => Err(ApiError::unprocessable(
            "Invalid request.\n\n`protected_branches` and `custom_branch_policies` cannot have the \
             same value.",
        )),
    }
}

/// The logins and teams, in lower case, that a list of reviewers stands for.
async fn names(
    app: &App,
    repository: &Repository,
    reviewers: Vec<ReviewerBody>,
) -> Result<Vec<String>, ApiError> {
    if reviewers.len() > MAX_REVIEWERS {
        return Err(ApiError::unprocessable(format!(
            "Invalid request.\n\nNo more than {MAX_REVIEWERS} reviewers are allowed."
        )));
    }
    let mut db = app.db.acquire().await?;
    let known = accounts::known_logins(&mut db).await?;
    drop(db);
    let mut names = Vec::new();
    for reviewer in reviewers {
        let name = match reviewer.kind.as_deref() {
            Some("Team") => team_of(app, repository, &reviewer).await?,
            None | Some("User") => login_of(&reviewer, &known)?,
            Some(_) => {
                return Err(ApiError::unprocessable("a reviewer's `type` is `User` or `Team`"));
            }
        };
        let name = name.to_lowercase();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// A team of the repository's owner, by GitHub's number, or by its name: `acme/deployers`.
async fn team_of(
    app: &App,
    repository: &Repository,
    reviewer: &ReviewerBody,
) -> Result<String, ApiError> {
    if let Some(name) = &reviewer.login {
        return match name.split_once('/') {
            Some((owner, team)) if !team.is_empty() && !team.contains('/') && !owner.is_empty() => {
                Ok(name.clone())
            }
            _ => Err(ApiError::unprocessable("the `login` of a team is `organization/team`")),
        };
    }
    let number = reviewer.id.unwrap_or_default();
    let found = match members::team_of_number(app, &repository.owner, number).await {
        // There are no teams then.
        Err(GitHubError::NotConnected(_) | GitHubError::NotFound(_)) => None,
        found => found?,
    };
    found.ok_or_else(|| {
        ApiError::unprocessable(format!(
            "`{}` has no team with the id {number} at GitHub; name the team's `login`",
            repository.owner
        ))
    })
}

fn login_of(reviewer: &ReviewerBody, known: &[String]) -> Result<String, ApiError> {
    if let Some(login) = &reviewer.login {
        return match login.contains('/') {
            false => Ok(login.clone()),
            true => Err(ApiError::unprocessable("a team needs the `type` `Team`")),
        };
    }
    let id = reviewer.id.unwrap_or_default();
    known.iter().find(|login| account_id(login) == id).cloned().ok_or_else(|| {
        ApiError::unprocessable(format!("no account has the id {id}; name the reviewer's `login`"))
    })
}

fn environment_json(
    links: &Links,
    repository: &Repository,
    environment: &EnvironmentView,
) -> Value {
    let rules = &environment.rules;
    let mut body = short_json(links, repository, environment);
    body["created_at"] = json!(environment.created_at);
    body["updated_at"] = json!(environment.updated_at);
    body["can_admins_bypass"] = json!(false);
    body["deployment_branch_policy"] = match rules.has_ref_policies {
        true => json!({ "protected_branches": false, "custom_branch_policies": true }),
        false => Value::Null,
    };
    body["protection_rules"] = rules_json(links, environment);
    body
}

/// GitHub numbers rules; ours have the number of their environment, and a kind.
fn rules_json(links: &Links, environment: &EnvironmentView) -> Value {
    let rules = &environment.rules;
    let rule = |kind: &str| {
        json!({
            "id": environment.id,
            "node_id": node_id("GA", environment.id),
            "type": kind,
        })
    };
    let mut found = Vec::new();
    if rules.wait_minutes > 0 {
        let mut timer = rule("wait_timer");
        timer["wait_timer"] = json!(rules.wait_minutes);
        found.push(timer);
    }
    if rules.review_required {
        let mut review = rule("required_reviewers");
        review["prevent_self_review"] = json!(rules.prevent_self_review);
        review["reviewers"] = reviewers_json(links, rules);
        review["required_approvals"] = json!(rules.required_approvals);
        found.push(review);
    }
    if rules.has_ref_policies {
        found.push(rule("branch_policy"));
    }
    Value::Array(found)
}

/// Who may review; empty when whoever may write does.
pub(super) fn reviewers_json(links: &Links, rules: &Rules) -> Value {
    let reviewer = |name: &String| match name.split_once('/') {
        None => json!({ "type": "User", "reviewer": account_json(links, name) }),
        Some(team) => json!({ "type": "Team", "reviewer": team_json(links, team) }),
    };
    rules.reviewers.iter().map(reviewer).collect()
}

/// We keep names of teams, not numbers; the number is derived from the name.
fn team_json(links: &Links, (owner, slug): (&str, &str)) -> Value {
    let id = account_id(&format!("{owner}/{slug}"));
    let url = format!("{}/orgs/{owner}/teams/{slug}", links.api);
    json!({
        "id": id,
        "node_id": node_id("T", id),
        "name": slug,
        "slug": slug,
        "description": null,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "pull",
        "members_url": format!("{url}/members{{/member}}"),
        "repositories_url": format!("{url}/repos"),
        "url": url,
        "html_url": format!("{}/orgs/{owner}/teams/{slug}", links.pages),
        "parent": null,
    })
}

/// The short form, as part of other answers.
pub(super) fn short_json(
    links: &Links,
    repository: &Repository,
    environment: &EnvironmentView,
) -> Value {
    let api = links.repository(&repository.owner, &repository.name);
    json!({
        "id": environment.id,
        "node_id": node_id("EN", environment.id),
        "name": environment.name,
        "url": format!("{api}/environments/{}", environment.name),
        "html_url": format!("{}/{}/actions", links.pages, repository.full_name()),
    })
}
