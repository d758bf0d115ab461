//! Runs for pull requests from forks wait until a maintainer has looked at the very commit.
//!
//! Such a run is completed with `action_required`, as on GitHub, and has a plan but no jobs. Invariant:
//! nothing but [`approve`] gives it jobs. A new push is a new run, which waits anew; a commit that was
//! approved once does not wait again.

use gantry_protocol::RunId;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

use super::create::{self, CreateRun};
use super::{queries, stored_plan};
use crate::App;
use crate::background::Topic;
use crate::repositories::{ForkApproval, Repository};

/// Who belongs to the repository, in GitHub's words.
const INSIDERS: [&str; 3] = ["OWNER", "MEMBER", "COLLABORATOR"];

/// Of whom a commit has been accepted before.
const CONTRIBUTOR: &str = "CONTRIBUTOR";

/// Why a run is not approved.
#[derive(Debug, thiserror::Error)]
pub enum ApproveError {
    #[error("there is no such run")]
    NotFound,
    #[error("This workflow run does not wait for an approval")]
    NotWaiting,
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<sqlx::Error> for ApproveError {
    fn from(error: sqlx::Error) -> Self {
        Self::Other(error.into())
    }
}

/// Lets a run that waits begin. `login` has been checked.
pub async fn approve(app: &App, run: RunId, login: &str) -> Result<(), ApproveError> {
    let mut connection = app.db.acquire().await?;
    let mut transaction = connection.begin().await?;
    let Some(repository) = queries::approve(&mut transaction, run, login).await? else {
        return Err(match queries::is_known(&mut transaction, run).await? {
            true => ApproveError::NotWaiting,
            false => ApproveError::NotFound,
        });
    };
    let plan = stored_plan::read(&mut transaction, run).await?;
    create::begin(&mut transaction, (repository, run), &plan).await?;
    transaction.commit().await?;
    tracing::info!(run.id = run.0, login, "run of a fork approved");
    for topic in [Topic::Runs, Topic::Events, Topic::Outbox] {
        app.wakeups.wake(topic);
    }
    Ok(())
}

/// Whether the run has to wait.
pub(super) async fn must_wait(db: &mut PgConnection, request: &CreateRun) -> sqlx::Result<bool> {
    if !needs_approval(&request.repository, &request.event, &request.payload) {
        return Ok(false);
    }
    let head = text(&request.payload, "/pull_request/head/sha");
    Ok(!queries::was_approved(db, request.repository.id, head).await?)
}

fn needs_approval(repository: &Repository, event: &str, payload: &Value) -> bool {
    let is_covered = match event {
        "pull_request_target" => repository.holds_targets,
        other => other.starts_with("pull_request"),
    };
    let head = text(payload, "/pull_request/head/repo/full_name");
    if !is_covered || head.eq_ignore_ascii_case(&repository.full_name()) {
        return false;
    }
    // Who pushes to somebody else's fork is known by nothing but a name.
    let author = text(payload, "/pull_request/user/login");
    let is_of_another =
        text(payload, "/action") == "synchronize" && text(payload, "/sender/login") != author;
    let association = text(payload, "/pull_request/author_association");
    let is_trusted = !is_of_another
        && match repository.fork_approval {
            ForkApproval::Never => true,
            ForkApproval::FirstTime => {
                INSIDERS.contains(&association) || association == CONTRIBUTOR
            }
            ForkApproval::Outside => INSIDERS.contains(&association),
        };
    !is_trusted && repository.fork_approval != ForkApproval::Never
}

fn text<'a>(payload: &'a Value, pointer: &str) -> &'a str {
    payload.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use gantry_protocol::RepositoryId;
    use serde_json::json;

    use super::*;
    use crate::repositories::RepositorySource;

    fn waits(policy: ForkApproval, association: &str) -> bool {
        waits_for(("pull_request", false), policy, payload(association, "mallory/app", "mallory"))
    }

    fn payload(association: &str, head: &str, sender: &str) -> Value {
        json!({
            "action": "synchronize",
            "pull_request": {
                "author_association": association,
                "head": { "repo": { "full_name": head } },
                "user": { "login": "mallory" },
            },
            "sender": { "login": sender },
        })
    }

    fn waits_for(
        (event, holds_targets): (&str, bool),
        fork_approval: ForkApproval,
        payload: Value,
    ) -> bool {
        let repository = Repository {
            id: RepositoryId(1),
            owner: "octo".to_owned(),
            name: "app".to_owned(),
            default_branch: "main".to_owned(),
            source: RepositorySource::Local { path: String::new() },
            workflow_directory: String::new(),
            docker_socket: false,
            is_enabled: true,
            is_shadow: false,
            reports_statuses: false,
            reports_skipped: false,
            fork_approval,
            holds_targets,
            created_at: Utc::now(),
            updated_at: Utc::now(),
        };
        needs_approval(&repository, event, &payload)
    }

    #[test]
    fn strangers_wait_as_the_policy_says() {
        use ForkApproval::{FirstTime, Never, Outside};
        for (association, expected) in [
            ("OWNER", [false, false, false]),
            ("COLLABORATOR", [false, false, false]),
            ("CONTRIBUTOR", [false, false, true]),
            ("FIRST_TIME_CONTRIBUTOR", [false, true, true]),
            ("FIRST_TIMER", [false, true, true]),
            ("NONE", [false, true, true]),
            ("", [false, true, true]),
        ] {
            let got = [Never, FirstTime, Outside].map(|policy| waits(policy, association));
            assert_eq!(got, expected, "{association}");
        }
    }

    #[test]
    fn the_repositorys_own_branches_and_targets_wait_only_by_choice() {
        let first = ForkApproval::FirstTime;
        let own = payload("NONE", "Octo/App", "mallory");
        assert!(!waits_for(("pull_request", true), first, own));
        let fork = || payload("NONE", "mallory/app", "mallory");
        assert!(waits_for(("pull_request_review", false), first, fork()));
        assert!(!waits_for(("pull_request_target", false), first, fork()));
        assert!(waits_for(("pull_request_target", true), first, fork()));
        assert!(!waits_for(("push", true), first, fork()));
        // A push by somebody else to the fork of a member.
        let by_another = payload("MEMBER", "mallory/app", "eve");
        assert!(waits_for(("pull_request", false), first, by_another));
    }
}
