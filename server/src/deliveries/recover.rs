//! Deliveries that GitHub made and we do not have: it is asked for them again.
//!
//! GitHub delivers once. While the server was down, or restored from a backup, deliveries went by.
//! Invariant: a delivery that we have is never asked for; what fails again and again is given up.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use sqlx::PgConnection;

use crate::App;
use crate::github::{Client, GitHubError};

/// GitHub keeps its list for so long.
const KEPT: TimeDelta = TimeDelta::days(3);

/// A younger delivery may still be on its way.
const ON_ITS_WAY: TimeDelta = TimeDelta::minutes(2);

/// So many deliveries of one guid, all in vain, are enough.
const MAX_TRIES: usize = 5;

/// Deliveries asked for in one pass; more come with the next.
const MAX_AT_ONCE: usize = 50;

/// Entries read in one pass.
const MAX_ENTRIES: usize = 20_000;

/// One entry of GitHub's list: one attempt to deliver.
#[derive(Clone, Debug, Deserialize)]
struct Entry {
    id: i64,
    guid: String,
    delivered_at: DateTime<Utc>,
    event: String,
}

/// All attempts of one delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Missing {
    guid: String,
    /// The newest attempt, which is the one to repeat.
    entry: i64,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    n_tries: usize,
}

/// Compares GitHub's list with ours and asks for what is missing.
pub async fn recover_deliveries(app: &App) -> anyhow::Result<u64> {
    let Ok(client) = app.github.as_app() else { return Ok(0) };
    let now = Utc::now();
    let mut db = app.db.acquire().await?;
    let read_to = read_to(&mut db).await?.unwrap_or(now - KEPT).max(now - KEPT);
    drop(db);
    let entries = match list(&client, read_to).await {
        Ok(entries) => entries,
        // Not every GitHub has the list.
        Err(GitHubError::NotFound(_)) => return Ok(0),
        Err(error) => return Err(anyhow::Error::from(error).context("reading GitHub's deliveries")),
    };
    let mut db = app.db.acquire().await?;
    let known = known(&mut db, &entries).await?;
    drop(db);
    let missing = missing(&entries, &known);
    let (wanted, given_up): (Vec<_>, Vec<_>) =
        missing.into_iter().partition(|it| it.n_tries < MAX_TRIES);
    metrics::gauge!("gantry_deliveries_given_up").set(count(given_up.len()));
    metrics::gauge!("gantry_deliveries_missing").set(count(wanted.len()));
    let mut n_asked = 0;
    for one in wanted.iter().filter(|it| it.last_at < now - ON_ITS_WAY).take(MAX_AT_ONCE) {
        n_asked += u64::from(ask_again(&client, one).await?);
    }
    let next = wanted.iter().map(|it| it.first_at).min().unwrap_or(now).min(now - ON_ITS_WAY);
    let mut db = app.db.acquire().await?;
    note_read(&mut db, next).await.context("remembering how far GitHub's deliveries were read")?;
    Ok(n_asked)
}

#[expect(clippy::cast_precision_loss, reason = "a list is short")]
fn count(n: usize) -> f64 {
    n as f64
}

/// False when GitHub does not have it any more.
async fn ask_again(client: &Client, missing: &Missing) -> anyhow::Result<bool> {
    client.wait_for_turn().await;
    let path = format!("/app/hook/deliveries/{}/attempts", missing.entry);
    match client.post_only(&path, &serde_json::json!({})).await {
        Ok(()) => {
            tracing::info!(delivery.guid = missing.guid, "asked GitHub for a missed delivery");
            metrics::counter!("gantry_deliveries_recovered_total").increment(1);
            Ok(true)
        }
        Err(GitHubError::NotFound(reason) | GitHubError::Refused(reason)) => {
            tracing::warn!(delivery.guid = missing.guid, reason, "a missed delivery is lost");
            Ok(false)
        }
        Err(error) => Err(anyhow::Error::from(error).context("asking for a missed delivery")),
    }
}

/// The entries since `read_to`, newest first.
async fn list(client: &Client, read_to: DateTime<Utc>) -> Result<Vec<Entry>, GitHubError> {
    let mut entries = Vec::new();
    let mut next = Some("/app/hook/deliveries?per_page=100".to_owned());
    while let Some(path) = next {
        let (page, following): (Vec<Entry>, _) = client.get_page(&path).await?;
        let is_last = page.last().is_none_or(|entry| entry.delivered_at < read_to);
        entries.extend(page.into_iter().filter(|entry| entry.delivered_at >= read_to));
        next = following.filter(|_| !is_last && entries.len() < MAX_ENTRIES);
    }
    Ok(entries)
}

fn missing(entries: &[Entry], known: &BTreeSet<String>) -> Vec<Missing> {
    let mut missing = BTreeMap::<&str, Missing>::new();
    // A ping is answered and not kept.
    let wanted = entries.iter().filter(|it| it.event != "ping" && !known.contains(&it.guid));
    for entry in wanted {
        let one = missing.entry(&entry.guid).or_insert_with(|| Missing {
            guid: entry.guid.clone(),
            entry: entry.id,
            first_at: entry.delivered_at,
            last_at: entry.delivered_at,
            n_tries: 0,
        });
        one.n_tries += 1;
        one.first_at = one.first_at.min(entry.delivered_at);
        if entry.delivered_at > one.last_at {
            (one.last_at, one.entry) = (entry.delivered_at, entry.id);
        }
    }
    let mut missing: Vec<_> = missing.into_values().collect();
    // As they happened.
    missing.sort_by_key(|it| it.first_at);
    missing
}

async fn known(db: &mut PgConnection, entries: &[Entry]) -> sqlx::Result<BTreeSet<String>> {
    let guids: Vec<String> = entries.iter().map(|entry| entry.guid.clone()).collect();
    let known = sqlx::query_scalar!("select guid from deliveries where guid = any($1)", &guids)
        .fetch_all(db)
        .await?;
    Ok(known.into_iter().collect())
}

async fn read_to(db: &mut PgConnection) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("select read_to from hook_positions").fetch_optional(db).await
}

async fn note_read(db: &mut PgConnection, read_to: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into hook_positions (read_to)
         values ($1)
         on conflict (is_only) do update
         set read_to = excluded.read_to",
        read_to,
    )
    .execute(db)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{Entry, missing};

    fn entry(id: i64, guid: &str, event: &str) -> Entry {
        let delivered_at = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(id);
        Entry { id, guid: guid.to_owned(), delivered_at, event: event.to_owned() }
    }

    #[test]
    fn what_we_do_not_have_is_asked_for_by_its_newest_attempt_in_the_order_of_the_first() {
        let entries = [
            entry(9, "a", "push"),
            entry(8, "ours", "push"),
            entry(7, "b", "push"),
            entry(6, "c", "ping"),
            entry(5, "a", "push"),
        ];
        let missing = missing(&entries, &["ours".to_owned()].into());
        let short: Vec<_> =
            missing.iter().map(|it| (it.guid.as_str(), it.entry, it.n_tries)).collect();
        assert_eq!(short, [("a", 9, 2), ("b", 7, 1)]);
    }
}
