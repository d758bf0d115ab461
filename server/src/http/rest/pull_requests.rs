//! The pull requests of a run in GitHub's shape, from the delivery that caused it.
//!
//! Does not ask GitHub: a run of a push shows none.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::links::Links;
use crate::runs::view::RunView;

#[derive(Deserialize)]
struct Payload {
    pull_request: Option<PullRequest>,
}

#[derive(Deserialize)]
struct PullRequest {
    id: i64,
    number: i64,
    head: Side,
    base: Side,
}

#[derive(Deserialize)]
struct Side {
    r#ref: String,
    sha: String,
    /// A deleted fork has no repository.
    repo: Option<SideRepository>,
}

#[derive(Deserialize)]
struct SideRepository {
    id: i64,
    name: String,
}

/// As GitHub does, without those of forks.
pub(super) fn pull_requests_json(links: &Links, run: &RunView) -> Value {
    if !run.event.starts_with("pull_request") {
        return json!([]);
    }
    let payload = serde_json::from_slice::<Payload>(&run.payload).ok();
    let Some(pull_request) = payload.and_then(|payload| payload.pull_request) else {
        return json!([]);
    };
    let (Some(head), Some(base)) =
        (pull_request.head.json(links, run), pull_request.base.json(links, run))
    else {
        return json!([]);
    };
    if head["repo"]["id"] != base["repo"]["id"] {
        return json!([]);
    }
    let api = links.repository(&run.owner, &run.repository);
    json!([{
        "id": pull_request.id,
        "number": pull_request.number,
        "url": format!("{api}/pulls/{}", pull_request.number),
        "head": head,
        "base": base,
    }])
}

impl Side {
    fn json(&self, links: &Links, run: &RunView) -> Option<Value> {
        let repository = self.repo.as_ref()?;
        Some(json!({
            "ref": self.r#ref,
            "sha": self.sha,
            "repo": {
                "id": repository.id,
                "url": links.repository(&run.owner, &repository.name),
                "name": repository.name,
            },
        }))
    }
}
