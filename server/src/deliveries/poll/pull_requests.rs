//! Pull requests that were opened, pushed to, closed or opened again.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::pass::{Found, Happened, MAX_AT_ONCE, Polled};
use super::payloads;
use super::state::{KnownPullRequest, Seen};
use crate::github::GitHubError;

/// Open pull requests noted when polling begins.
const MAX_OPEN: usize = 10_000;

/// Entry of GitHub's list.
#[derive(Clone, Debug, Deserialize)]
struct Listed {
    number: i64,
    state: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    head: Head,
}

#[derive(Clone, Debug, Deserialize)]
struct Head {
    sha: String,
}

impl Listed {
    fn as_known(&self) -> KnownPullRequest {
        KnownPullRequest {
            number: self.number,
            is_open: self.state == "open",
            head_sha: self.head.sha.clone(),
        }
    }
}

/// What has happened to a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// GitHub's word.
    pub(super) action: &'static str,
    pub(super) number: i64,
    /// The head before it was pushed to.
    pub(super) before: Option<String>,
    pub(super) after: String,
}

/// Reads what was changed since the last time, and makes a delivery of each difference.
pub(super) async fn look(
    polled: &Polled,
    known: &BTreeMap<i64, KnownPullRequest>,
) -> Result<Found, GitHubError> {
    let first = polled.path("/pulls?state=all&sort=updated&direction=desc&per_page=100");
    let etag = polled.position.pull_requests_etag.as_deref();
    let read = polled.client.get_if_changed::<Vec<Listed>>(&first, etag).await?;
    let pause = read.pause;
    let Some(mut list) = read.body else { return Ok(Found { pause, ..Found::default() }) };
    let newest = list.iter().map(|it| it.updated_at).max();
    let Some(read_to) = polled.position.pull_requests_read_to else {
        return begin(polled, list, (read.etag, newest)).await;
    };
    let mut next = read.next;
    while let Some(path) = next.filter(|_| list.last().is_some_and(|it| it.updated_at >= read_to)) {
        let (page, following): (Vec<Listed>, _) = polled.client.get_page(&path).await?;
        list.extend(page);
        next = following;
    }
    list.retain(|it| it.updated_at >= read_to);
    // As it happened.
    list.reverse();
    let is_cut = list.len() > MAX_AT_ONCE;
    list.truncate(MAX_AT_ONCE);
    let read_to = list.iter().map(|it| it.updated_at).max().unwrap_or(read_to);
    let mut happened = Vec::new();
    for one in &list {
        let Some(change) = change(polled.position.pull_requests_began_at, known, one) else {
            continue;
        };
        // One that is gone has nothing more to say.
        if let Some(payload) = payloads::pull_request(polled, &change).await? {
            happened.push(Happened { event: "pull_request", payload });
        }
    }
    let seen = Seen::PullRequests {
        changed: list.iter().map(Listed::as_known).collect(),
        etag: read.etag.filter(|_| !is_cut),
        read_to,
        began_at: None,
    };
    Ok(Found { happened, seen, pause })
}

/// Notes all that is open and the newest of all.
async fn begin(
    polled: &Polled,
    list: Vec<Listed>,
    (etag, newest): (Option<String>, Option<DateTime<Utc>>),
) -> Result<Found, GitHubError> {
    let open = polled.client.list(&polled.path("/pulls?state=open"), "", MAX_OPEN).await?;
    let open = open.into_iter().filter_map(|it| serde_json::from_value::<Listed>(it).ok());
    let changed = open.chain(list).map(|it| it.as_known()).collect();
    // By GitHub's clock; without any pull request each that comes is new.
    let began_at = newest.unwrap_or(DateTime::UNIX_EPOCH);
    let seen = Seen::PullRequests { changed, etag, read_to: began_at, began_at: Some(began_at) };
    Ok(Found { seen, ..Found::default() })
}

fn change(
    began_at: Option<DateTime<Utc>>,
    known: &BTreeMap<i64, KnownPullRequest>,
    now: &Listed,
) -> Option<Change> {
    let is_open = now.state == "open";
    let before = known.get(&now.number);
    let (action, before) = match before {
        None if !is_open => return None,
        None if began_at.is_none_or(|began_at| now.created_at >= began_at) => ("opened", None),
        // It was closed when polling began.
        None => ("reopened", None),
        Some(before) => match (before.is_open, is_open) {
            (true, false) => ("closed", None),
            (false, true) => ("reopened", None),
            (true, true) if before.head_sha != now.head.sha => {
                ("synchronize", Some(before.head_sha.clone()))
            }
            (true, true) | (false, false) => return None,
        },
    };
    Some(Change { action, number: now.number, before, after: now.head.sha.clone() })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{DateTime, TimeDelta, Utc};

    use super::{Head, KnownPullRequest, Listed, change};

    const BEGAN: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn action(known: Option<(bool, &str)>, (state, sha): (&str, &str), age: i64) -> &'static str {
        let known: BTreeMap<_, _> = known
            .map(|(is_open, sha)| KnownPullRequest { number: 1, is_open, head_sha: sha.to_owned() })
            .map(|it| (1, it))
            .into_iter()
            .collect();
        let listed = Listed {
            number: 1,
            state: state.to_owned(),
            created_at: BEGAN - TimeDelta::hours(age),
            updated_at: BEGAN,
            head: Head { sha: sha.to_owned() },
        };
        change(Some(BEGAN), &known, &listed).map_or("nothing", |it| it.action)
    }

    #[test]
    fn the_state_before_and_the_state_now_say_what_happened() {
        assert_eq!(action(None, ("open", "a"), 0), "opened");
        assert_eq!(action(None, ("open", "a"), 9), "reopened");
        assert_eq!(action(None, ("closed", "a"), 9), "nothing");
        assert_eq!(action(Some((true, "a")), ("open", "a"), 9), "nothing");
        assert_eq!(action(Some((true, "a")), ("open", "b"), 9), "synchronize");
        assert_eq!(action(Some((true, "a")), ("closed", "b"), 9), "closed");
        assert_eq!(action(Some((false, "a")), ("open", "a"), 9), "reopened");
        assert_eq!(action(Some((false, "a")), ("closed", "a"), 9), "nothing");
    }
}
