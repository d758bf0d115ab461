//! The `github` context, as far as the server knows it (`semantics` 5.5).
//!
//! Lacks `token`, `job`, `workspace` and `action*`, which the job message and the runner add.

use crate::expr::Value;
use crate::trigger::Origin;

/// What the context is built from.
#[derive(Clone, Copy, Debug)]
pub struct GithubContext<'a> {
    pub event_name: &'a str,
    /// The webhook payload.
    pub event: &'a serde_json::Value,
    /// With its sha resolved.
    pub origin: &'a Origin,
    pub repository: RepositoryIdentity<'a>,
    /// Who caused the event; stays the same in re-runs.
    pub actor: Account<'a>,
    /// Who asked for this attempt.
    pub triggering_actor: &'a str,
    pub run_id: u64,
    /// Counts the runs of this workflow from 1.
    pub run_number: u64,
    pub run_attempt: u32,
    /// `name`, or the path when the file has none.
    pub workflow_name: &'a str,
    /// `.github/workflows/ci.yml`.
    pub workflow_path: &'a str,
    /// The commit the workflow file was read at.
    pub workflow_sha: &'a str,
    /// Whether branch protection covers the ref.
    pub ref_protected: bool,
    pub retention_days: u32,
    pub urls: ServerUrls<'a>,
}

/// A repository by its name and numbers.
#[derive(Clone, Copy, Debug)]
pub struct RepositoryIdentity<'a> {
    /// `owner/name`.
    pub full_name: &'a str,
    pub id: u64,
    pub owner_id: u64,
}

/// A GitHub account.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    pub login: &'a str,
    pub id: u64,
}

/// Base URLs without a trailing slash.
#[derive(Clone, Copy, Debug)]
pub struct ServerUrls<'a> {
    /// `https://github.com`: unmodified actions refuse to run elsewhere.
    pub server: &'a str,
    pub api: &'a str,
    pub graphql: &'a str,
}

impl ServerUrls<'static> {
    /// GitHub itself.
    pub const GITHUB: Self = Self {
        server: "https://github.com",
        api: "https://api.github.com",
        graphql: "https://api.github.com/graphql",
    };
}

impl GithubContext<'_> {
    /// The context's value. Numbers of runs and accounts are text, as on GitHub.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let origin = self.origin;
        let full_name = self.repository.full_name;
        let owner = full_name.split('/').next().unwrap_or_default();
        let (ref_name, ref_type) = name_and_type(&origin.git_ref);
        let workflow_ref = format!("{full_name}/{}@{}", self.workflow_path, origin.git_ref);
        Value::object([
            field("ref", Value::string(origin.git_ref.as_str())),
            field("sha", Value::string(origin.sha.as_str())),
            field("repository", Value::string(full_name)),
            field("repository_owner", Value::string(owner)),
            field("repository_owner_id", number(self.repository.owner_id)),
            field("repositoryUrl", Value::string(format!("git://github.com/{full_name}.git"))),
            field("run_id", number(self.run_id)),
            field("run_number", number(self.run_number)),
            field("retention_days", number(u64::from(self.retention_days))),
            field("run_attempt", number(u64::from(self.run_attempt))),
            field("repository_id", number(self.repository.id)),
            field("actor_id", number(self.actor.id)),
            field("actor", Value::string(self.actor.login)),
            field("triggering_actor", Value::string(self.triggering_actor)),
            field("workflow", Value::string(self.workflow_name)),
            field("head_ref", Value::string(origin.head_ref.as_str())),
            field("base_ref", Value::string(origin.base_ref.as_str())),
            field("event_name", Value::string(self.event_name)),
            field("event", Value::from_json(self.event)),
            field("server_url", Value::string(self.urls.server)),
            field("api_url", Value::string(self.urls.api)),
            field("graphql_url", Value::string(self.urls.graphql)),
            field("ref_name", Value::string(ref_name)),
            field("ref_protected", Value::Bool(self.ref_protected)),
            field("ref_type", Value::string(ref_type)),
            field("secret_source", Value::string("Actions")),
            field("workflow_ref", Value::string(workflow_ref)),
            field("workflow_sha", Value::string(self.workflow_sha)),
        ])
    }
}

fn field(name: &str, value: Value) -> (String, Value) {
    (name.to_owned(), value)
}

fn number(number: u64) -> Value {
    Value::string(number.to_string())
}

/// `main` and `branch`, `v1` and `tag`, `7/merge` and `branch`; both empty without a ref.
fn name_and_type(git_ref: &str) -> (&str, &'static str) {
    if let Some(tag) = git_ref.strip_prefix("refs/tags/") {
        return (tag, "tag");
    }
    let name = git_ref
        .strip_prefix("refs/heads/")
        .or_else(|| git_ref.strip_prefix("refs/pull/"))
        .unwrap_or(git_ref);
    (name, if name.is_empty() { "" } else { "branch" })
}
