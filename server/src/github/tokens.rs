//! Tokens for jobs: of one repository, with no more than the job's permissions.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::GitHubError;
use super::connection::GitHub;

/// What a token shall be good for.
#[derive(Clone, Debug)]
pub struct TokenScope {
    pub installation: i64,
    /// GitHub's number.
    pub repository: i64,
    /// In GitHub's words for Apps: `pull_requests`, `contents`; values `read` and `write`.
    pub permissions: Map<String, Value>,
}

/// A token that was made for somebody else than us.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    pub token: SecretString,
    pub expires_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Answer {
    token: SecretString,
    expires_at: DateTime<Utc>,
}

impl GitHub {
    /// Makes a token that can do what `scope` says and nothing else.
    pub async fn issue_token(&self, scope: &TokenScope) -> Result<IssuedToken, GitHubError> {
        let path = format!("/app/installations/{}/access_tokens", scope.installation);
        let body =
            json!({ "repository_ids": [scope.repository], "permissions": scope.permissions });
        let answer: Answer = self.as_app()?.post(&path, &body).await?;
        Ok(IssuedToken { token: answer.token, expires_at: answer.expires_at })
    }

    /// Ends a token before its time. One that has ended already is fine.
    pub async fn revoke_token(&self, token: &str) -> Result<(), GitHubError> {
        match self.bare_client(token)?.delete("/installation/token").await {
            // What GitHub does not know any more is revoked.
            Err(GitHubError::Later { reason, .. }) if reason.contains("401") => Ok(()),
            other => other,
        }
    }
}
