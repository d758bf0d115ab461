//! Branches and tags that have moved, come or gone.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::pass::{Found, Happened, MAX_AT_ONCE, Polled};
use super::payloads;
use super::state::Seen;
use crate::deliveries::github_payload::ZERO_SHA;
use crate::github::GitHubError;

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Branches,
    Tags,
}

impl Kind {
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Branches => "refs/heads/",
            Self::Tags => "refs/tags/",
        }
    }
}

#[derive(Deserialize)]
struct GitRef {
    #[serde(rename = "ref")]
    name: String,
    object: GitObject,
}

#[derive(Deserialize)]
struct GitObject {
    sha: String,
}

/// A ref that is elsewhere than it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) git_ref: String,
    /// [`ZERO_SHA`] for a new ref.
    pub(super) before: String,
    /// [`ZERO_SHA`] for a deleted ref.
    pub(super) after: String,
}

/// Reads the list if it has changed, and makes a push of each difference.
pub(super) async fn look(
    polled: &Polled,
    kind: Kind,
    known: BTreeMap<String, String>,
) -> Result<Found, GitHubError> {
    let etag = match kind {
        Kind::Branches => polled.position.branches_etag.as_deref(),
        Kind::Tags => polled.position.tags_etag.as_deref(),
    };
    let path = polled.path(&format!("/git/matching-{}", kind.prefix()));
    let read = polled.client.get_if_changed::<Vec<GitRef>>(&path, etag).await?;
    let pause = read.pause;
    let Some(mut list) = read.body else { return Ok(Found { pause, ..Found::default() }) };
    // The mark is that of the first page alone.
    let is_whole = read.next.is_none();
    let mut next = read.next;
    while let Some(path) = next {
        let (page, following): (Vec<GitRef>, _) = polled.client.get_page(&path).await?;
        list.extend(page);
        next = following;
    }
    let now: BTreeMap<_, _> = list.into_iter().map(|it| (it.name, it.object.sha)).collect();
    let mut moves = moves(&known, &now);
    let is_first = polled.position.is_first(kind);
    let is_cut = !is_first && moves.len() > MAX_AT_ONCE;
    if is_cut {
        moves.truncate(MAX_AT_ONCE);
    }
    let mut happened = Vec::new();
    for one in moves.iter().filter(|_| !is_first) {
        let payload = payloads::push(polled, one).await?;
        happened.push(Happened { event: "push", payload });
    }
    // An empty mark says that the list was read and is to be read again.
    let etag = read.etag.filter(|_| is_whole && !is_cut).unwrap_or_default();
    let seen = Seen::Refs { kind, moves, etag };
    Ok(Found { happened, seen, pause })
}

fn moves(known: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<Move> {
    let changed = now.iter().filter(|(name, sha)| known.get(*name) != Some(*sha));
    let changed = changed.map(|(name, sha)| Move {
        git_ref: name.clone(),
        before: known.get(name).map_or(ZERO_SHA, String::as_str).to_owned(),
        after: sha.clone(),
    });
    let gone = known.iter().filter(|(name, _)| !now.contains_key(*name));
    let gone = gone.map(|(name, sha)| Move {
        git_ref: name.clone(),
        before: sha.clone(),
        after: ZERO_SHA.to_owned(),
    });
    changed.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{ZERO_SHA, moves};

    #[test]
    fn what_moved_came_or_went_is_a_move_and_what_stayed_is_none() {
        let refs = |list: &[(&str, &str)]| -> BTreeMap<String, String> {
            list.iter().map(|(name, sha)| ((*name).to_owned(), (*sha).to_owned())).collect()
        };
        let known = refs(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let now = refs(&[("a", "1"), ("b", "9"), ("d", "4")]);
        let found: Vec<_> = moves(&known, &now)
            .into_iter()
            .map(|it| format!("{} {} {}", it.git_ref, it.before, it.after))
            .collect();
        assert_eq!(found, ["b 2 9", &format!("d {ZERO_SHA} 4"), &format!("c 3 {ZERO_SHA}")]);
    }
}
