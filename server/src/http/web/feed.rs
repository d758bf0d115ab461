//! What a watcher of a run is told, look by look.
//!
//! Does not speak HTTP. Invariant: the next look happens only when everything found by the last one
//! has been taken, so a slow watcher costs no memory; and wake-ups are seen even when they come
//! while looking.

use std::collections::VecDeque;
use std::time::Duration;

use gantry_protocol::{JobId, RunId};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::logs::chunk_json;
use super::run_detail::{Look, run_detail};
use crate::App;
use crate::accounts::Identity;
use crate::background::Topic;
use crate::http::links::Links;
use crate::logs::chunks_after;

/// Changes within this time are told as one.
const COALESCE: Duration = Duration::from_millis(100);

/// A look without a wake-up, in case one was lost (another server of the same database).
const LOOK_ANYWAY: Duration = Duration::from_secs(10);

/// The watcher has to come back, and show its credential again, after this time.
const LONGEST_LIFE: Duration = Duration::from_secs(30 * 60);

/// What to watch.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    pub(super) run: RunId,
    pub(super) job: Option<JobId>,
    /// The last chunk that the watcher has.
    pub(super) after: Option<u64>,
    pub(super) account: Identity,
    pub(super) links: Links,
}

/// Something to tell.
#[derive(Clone, Debug)]
pub(super) enum News {
    Run(String),
    Log { sequence: u64, chunk: String },
    End,
}

/// The news of one watcher.
pub(super) struct Feed {
    app: App,
    watch: Watch,
    wakeups: watch::Receiver<u64>,
    found: VecDeque<News>,
    last_run: Option<Value>,
    last_look: Option<Instant>,
    /// The last look did not reach the end of the log.
    has_more: bool,
    is_over: bool,
    ends_at: Instant,
}

impl Feed {
    pub(super) fn new(app: App, watch: Watch) -> Self {
        Self {
            wakeups: app.wakeups.subscribe(Topic::Events),
            app,
            watch,
            found: VecDeque::new(),
            last_run: None,
            last_look: None,
            has_more: true,
            is_over: false,
            ends_at: Instant::now() + LONGEST_LIFE,
        }
    }

    /// The next piece of news; `None` when the stream ends.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<News>> {
        loop {
            if let Some(news) = self.found.pop_front() {
                return Ok(Some(news));
            }
            if self.is_over || !self.wait().await {
                return Ok(None);
            }
            self.look().await?;
        }
    }

    /// Waits until it may be worth looking. False when the stream has to end.
    async fn wait(&mut self) -> bool {
        if self.has_more {
            return true;
        }
        let shutdown = self.app.tasks.shutdown();
        tokio::select! {
            () = shutdown.cancelled() => return false,
            () = sleep_until(self.ends_at) => return false,
            _ = timeout(LOOK_ANYWAY, self.wakeups.changed()) => {}
        }
        if let Some(last_look) = self.last_look {
            sleep_until(last_look + COALESCE).await;
        }
        true
    }

    async fn look(&mut self) -> anyhow::Result<()> {
        self.wakeups.borrow_and_update();
        self.last_look = Some(Instant::now());
        let is_run_completed = self.look_at_run().await?;
        let is_log_complete = self.look_at_log().await?;
        if is_run_completed && is_log_complete {
            self.found.push_back(News::End);
            self.is_over = true;
        }
        Ok(())
    }

    async fn look_at_run(&mut self) -> anyhow::Result<bool> {
        let mut db = self.app.db.acquire().await?;
        let look = Look { run: self.watch.run, attempt: None, account: &self.watch.account };
        let Some(detail) = run_detail(&mut db, &self.watch.links, look).await? else {
            return Ok(true);
        };
        if self.last_run.as_ref() != Some(&detail.body) {
            self.found.push_back(News::Run(detail.body.to_string()));
            self.last_run = Some(detail.body);
        }
        Ok(detail.is_completed)
    }

    async fn look_at_log(&mut self) -> anyhow::Result<bool> {
        let Some(job) = self.watch.job else {
            self.has_more = false;
            return Ok(true);
        };
        let storage = self.app.storage.as_ref();
        let page = chunks_after(&self.app.db, storage, job, self.watch.after).await?;
        self.has_more = page.has_more;
        for chunk in &page.chunks {
            self.watch.after = Some(chunk.sequence);
            let text = chunk_json(chunk).to_string();
            self.found.push_back(News::Log { sequence: chunk.sequence, chunk: text });
        }
        Ok(page.is_complete)
    }
}
