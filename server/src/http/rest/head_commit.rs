//! The commit of a run in GitHub's shape, from the delivery that caused the run.
//!
//! Does not read git: a run shows what its event said.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::runs::view::RunView;

#[derive(Deserialize)]
struct Payload {
    head_commit: Option<HeadCommit>,
}

#[derive(Deserialize)]
struct HeadCommit {
    id: String,
    tree_id: Option<String>,
    message: Option<String>,
    timestamp: Option<DateTime<Utc>>,
    author: Option<Person>,
    committer: Option<Person>,
}

#[derive(Clone, Deserialize)]
struct Person {
    name: Option<String>,
    email: Option<String>,
}

/// Events without a commit (a schedule, a dispatch) show the run's title in place of its message.
pub(super) fn head_commit_json(run: &RunView) -> Value {
    let payload = serde_json::from_slice::<Payload>(&run.payload).ok();
    let commit = payload
        .and_then(|payload| payload.head_commit)
        .filter(|commit| commit.id == run.head_sha)
        .unwrap_or_else(|| HeadCommit {
            id: run.head_sha.clone(),
            tree_id: None,
            message: Some(run.display_title.clone()),
            timestamp: None,
            author: None,
            committer: None,
        });
    json!({
        "id": commit.id,
        "tree_id": commit.tree_id.unwrap_or_else(|| commit.id.clone()),
        "message": commit.message.unwrap_or_default(),
        "timestamp": commit.timestamp.unwrap_or(run.created_at),
        "author": person_json(commit.author.clone(), &run.actor),
        "committer": person_json(commit.committer.or(commit.author), &run.actor),
    })
}

fn person_json(person: Option<Person>, actor: &str) -> Value {
    let (name, email) = person.map_or((None, None), |person| (person.name, person.email));
    json!({
        "name": name.unwrap_or_else(|| actor.to_owned()),
        "email": email.unwrap_or_default(),
    })
}
