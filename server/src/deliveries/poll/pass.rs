//! One round through the repositories that are due.

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sqlx::Connection as _;
use uuid::Uuid;

use super::{pull_requests, refs, state};
use crate::App;
use crate::background::Topic;
use crate::deliveries::{NewDelivery, Source, store};
use crate::github::{Client, GitHubError};
use crate::repositories::{self, Repository};

/// Deliveries made of one list at once; more come with the next round, for which the list is read again.
pub(super) const MAX_AT_ONCE: usize = 100;

/// A repository that is looked at.
pub(super) struct Polled {
    pub(super) client: Client,
    pub(super) repository: Repository,
    /// GitHub's number.
    pub(super) github_id: i64,
    pub(super) installation: Option<i64>,
    pub(super) position: state::Position,
    pub(super) server_url: String,
}

/// What shall become a delivery.
pub(super) struct Happened {
    pub(super) event: &'static str,
    pub(super) payload: Value,
}

/// What one list has brought.
#[derive(Default)]
pub(super) struct Found {
    pub(super) happened: Vec<Happened>,
    pub(super) seen: state::Seen,
    /// GitHub asks for this pause.
    pub(super) pause: Duration,
}

impl Polled {
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/repos/{}/{}{rest}", self.repository.owner, self.repository.name)
    }
}

/// When the next repository is due.
pub async fn next_poll(app: &App) -> anyhow::Result<Option<DateTime<Utc>>> {
    let Some(interval) = app.config.github_poll else { return Ok(None) };
    // A repository may be turned on meanwhile.
    let latest = Utc::now() + interval;
    let mut db = app.db.acquire().await?;
    let due = state::next_due(&mut db).await?;
    Ok(Some(due.map_or(latest, |due| due.min(latest))))
}

/// Looks at every repository that is due and turned on. Forgets what it saw of those that are not.
pub async fn poll_github(app: &App) -> anyhow::Result<u64> {
    let mut db = app.db.acquire().await?;
    let Some(interval) = app.config.github_poll.filter(|_| app.github.is_connected()) else {
        state::forget_all(&mut db).await.context("forgetting what polling saw")?;
        return Ok(0);
    };
    state::begin_and_forget(&mut db).await.context("looking for repositories to poll")?;
    let due = state::due(&mut db).await.context("looking for repositories to poll")?;
    drop(db);
    let mut n_deliveries = 0;
    for position in due {
        let mut db = app.db.acquire().await?;
        let found = repositories::find_by_id(&mut db, position.repository).await?;
        drop(db);
        let Some(repository) = found else { continue };
        let id = position.repository;
        let name = repository.full_name();
        let pause = match poll_one(app, repository, position).await {
            Ok((n_new, pause)) => {
                n_deliveries += n_new;
                pause
            }
            Err(error) => {
                tracing::warn!(repository = name, "polling failed: {error:#}");
                asked_pause(&error)
            }
        };
        let pause = TimeDelta::from_std(pause.max(interval)).context("the pause of polling")?;
        let mut db = app.db.acquire().await?;
        state::note_polled(&mut db, id, Utc::now() + pause).await?;
    }
    Ok(n_deliveries)
}

fn asked_pause(error: &anyhow::Error) -> Duration {
    match error.downcast_ref::<GitHubError>() {
        Some(GitHubError::Later { retry_after: Some(pause), .. }) => *pause,
        _ => Duration::ZERO,
    }
}

async fn poll_one(
    app: &App,
    repository: Repository,
    position: state::Position,
) -> anyhow::Result<(u64, Duration)> {
    let Some(github) = repository.github() else { return Ok((0, Duration::ZERO)) };
    let mut polled = Polled {
        client: app.github.for_installation(github.installation)?,
        github_id: github.id,
        installation: github.installation,
        server_url: app.github.server_url().unwrap_or_default(),
        repository,
        position,
    };
    let (mut n_new, mut pause) = (0, Duration::ZERO);
    for list in [refs::Kind::Branches, refs::Kind::Tags] {
        let mut db = app.db.acquire().await?;
        let known = state::known_refs(&mut db, polled.position.repository, list.prefix()).await?;
        drop(db);
        let found = refs::look(&polled, list, known).await?;
        pause = pause.max(found.pause);
        n_new += keep(app, &mut polled, found).await?;
    }
    let mut db = app.db.acquire().await?;
    let known = state::known_pull_requests(&mut db, polled.position.repository).await?;
    drop(db);
    let found = pull_requests::look(&polled, &known).await?;
    pause = pause.max(found.pause);
    n_new += keep(app, &mut polled, found).await?;
    Ok((n_new, pause))
}

/// Deliveries and what was seen, in one transaction.
async fn keep(app: &App, polled: &mut Polled, found: Found) -> anyhow::Result<u64> {
    let mut db = app.db.acquire().await?;
    let mut transaction = db.begin().await?;
    let mut n_new = 0;
    for happened in &found.happened {
        polled.position.n_deliveries += 1;
        let payload = happened.payload.to_string();
        let guid = guid(polled, happened.event, &happened.payload);
        let delivery = NewDelivery {
            guid: &guid,
            source: Source::Poll,
            event: happened.event,
            payload: payload.as_bytes(),
        };
        n_new += u64::from(store(&mut transaction, delivery).await?);
    }
    state::keep(&mut transaction, &polled.position, &found.seen).await?;
    transaction.commit().await.context("storing what polling found")?;
    if n_new > 0 {
        metrics::counter!("gantry_deliveries_polled_total").increment(n_new);
        app.wakeups.wake(Topic::Deliveries);
    }
    Ok(n_new)
}

/// The same for the same change of the same repository, whoever finds it.
fn guid(polled: &Polled, event: &str, payload: &Value) -> String {
    let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let parts = [
        "gantry poll v1",
        &polled.github_id.to_string(),
        &polled.position.started_at.timestamp_micros().to_string(),
        &polled.position.n_deliveries.to_string(),
        event,
        text("/ref"),
        text("/before"),
        text("/after"),
        text("/action"),
        &payload["number"].to_string(),
        text("/pull_request/head/sha"),
    ];
    let digest = Sha256::digest(parts.join("\n").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(bytes).to_string()
}
