//! What a job reaches its repository with: a token of GitHub, or one of ours.
//!
//! Called while no connection to the database is held: GitHub may take its time.

use anyhow::Context as _;
use gantry_protocol::JobRepository;
use gantry_workflow::model::Access;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use crate::App;
use crate::accounts::{self, JobIdentity};
use crate::github::{self, GitHubError, IssuedToken, TokenScope};
use crate::repositories::{GitHubRepository, Repository};

/// Scopes that are not those of a token, but of other services.
const NOT_OF_TOKENS: [&str; 2] = ["id-token", "models"];

/// What a job clones with, and its `github.token`, which is the same.
pub(super) struct Credentials {
    pub(super) token: String,
    pub(super) repository: JobRepository,
}

/// Makes the token of a job, with the given permissions.
pub(super) async fn issue(
    app: &App,
    identity: JobIdentity,
    (repository, permissions): (&Repository, &[(String, Access)]),
) -> anyhow::Result<Credentials> {
    let full_name = repository.full_name();
    let (token, clone_url) = match repository.github() {
        None => {
            let token = accounts::job_token(app, identity);
            (token, format!("{}/git/{full_name}.git", app.config.public_url))
        }
        Some(github) => {
            let token = issue_at_github(app, identity, (github, permissions)).await?;
            let server = app.github.server_url().context("the server left its GitHub")?;
            (token.expose_secret().to_owned(), format!("{server}/{full_name}.git"))
        }
    };
    let repository = JobRepository { full_name, clone_url, clone_token: token.clone() };
    Ok(Credentials { token, repository })
}

/// A token of GitHub's, which is revoked when the job ends.
pub(super) async fn issue_at_github(
    app: &App,
    identity: JobIdentity,
    (repository, permissions): (GitHubRepository, &[(String, Access)]),
) -> anyhow::Result<SecretString> {
    let issued = of_github(app, repository, permissions).await?;
    github::store_token(app, (identity.job, identity.lease), &issued).await?;
    Ok(issued.token)
}

/// A token with what the job asks for, as far as the App has it.
async fn of_github(
    app: &App,
    repository: GitHubRepository,
    permissions: &[(String, Access)],
) -> anyhow::Result<IssuedToken> {
    let installation = repository.installation.context(
        "the GitHub App is not installed in the repository any more, so that the job has no token",
    )?;
    let mut scope =
        TokenScope { installation, repository: repository.id, permissions: of_app(permissions) };
    match app.github.issue_token(&scope).await {
        // GitHub gives nothing at all when one of them is missing.
        Err(GitHubError::Refused(reason)) => {
            tracing::info!(reason, "a job asks for more than the GitHub App has");
            let path = format!("/app/installations/{installation}");
            let found: Value = app.github.as_app()?.get(&path).await?;
            scope.permissions = at_most(&scope.permissions, &found["permissions"]);
            Ok(app.github.issue_token(&scope).await?)
        }
        other => Ok(other?),
    }
}

/// In GitHub's words for Apps.
fn of_app(permissions: &[(String, Access)]) -> Map<String, Value> {
    let granted = permissions.iter().filter(|(name, _)| !NOT_OF_TOKENS.contains(&name.as_str()));
    let granted = granted.filter_map(|(name, access)| {
        let access = match access {
            Access::None => return None,
            Access::Read => "read",
            Access::Write => "write",
        };
        Some((name.replace('-', "_"), json!(access)))
    });
    // Every token may see what it belongs to; an empty list would stand for everything.
    [("metadata".to_owned(), json!("read"))].into_iter().chain(granted).collect()
}

fn at_most(asked: &Map<String, Value>, has: &Value) -> Map<String, Value> {
    let limited = asked.iter().filter_map(|(name, access)| {
        let has = has.get(name)?.as_str()?;
        let access = if has == "read" { "read" } else { access.as_str()? };
        Some((name.clone(), json!(access)))
    });
    limited.collect()
}

#[cfg(test)]
mod tests {
    use gantry_workflow::model::Access;
    use serde_json::{Value, json};

    use super::{at_most, of_app};

    #[test]
    fn permissions_are_said_in_the_words_of_apps_and_never_exceed_those_of_ours() {
        let asked = [
            ("contents".to_owned(), Access::Write),
            ("pull-requests".to_owned(), Access::Write),
            ("packages".to_owned(), Access::Read),
            ("id-token".to_owned(), Access::Write),
        ];
        let asked = of_app(&asked);
        let expected = json!({
            "metadata": "read", "contents": "write", "pull_requests": "write", "packages": "read",
        });
        assert_eq!(Value::Object(asked.clone()), expected);
        let has = json!({ "metadata": "read", "contents": "write", "pull_requests": "read" });
        let limited = at_most(&asked, &has);
        let expected = json!({ "metadata": "read", "contents": "write", "pull_requests": "read" });
        assert_eq!(Value::Object(limited), expected);
    }

    #[test]
    fn a_job_without_permissions_does_not_get_all_of_them() {
        assert_eq!(Value::Object(of_app(&[])), json!({ "metadata": "read" }));
    }
}
