//! Server-sent events: one stream per page, for a run and the log of one of its jobs.
//!
//! Does not find out what changed; `feed` does. Invariant: a stream that is resumed with
//! `Last-Event-ID` or `after` repeats no chunk and leaves none out.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt as _, stream};
use gantry_protocol::{JobId, RepositoryId, RunId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::feed::{Feed, News, Watch};
use crate::App;
use crate::accounts::Identity;
use crate::github::GitHubError;
use crate::http::error::ApiError;
use crate::http::extract::ApiQuery;
use crate::http::guard::Account;
use crate::http::links::Links;
use crate::jobs::view::find_job;
use crate::members::{self, About, CHECK_INTERVAL};
use crate::repositories::find_by_id;
use crate::runs::view::repository_of;

/// Proxies drop connections that are silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What to watch.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub(crate) struct EventQuery {
    run: i64,
    job: Option<i64>,
    after: Option<u64>,
}

/// `GET /api/gantry/events`.
pub(crate) async fn stream_events(
    State(app): State<App>,
    Account(account): Account,
    (ApiQuery(query), links): (ApiQuery<EventQuery>, Links),
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    let (run, job) = (RunId(query.run), query.job.map(JobId));
    let repository = check(&app, &account, (run, job)).await?;
    let after = last_event_id(&headers).or(query.after);
    let reader = Reader { app: app.clone(), account: account.clone(), repository };
    let watch = Watch { run, job, after, account, links };
    let events = Sse::new(events(Feed::new(app, watch), reader));
    // Some proxies hold answers back unless they are told not to.
    let headers = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((headers, events.keep_alive(KeepAlive::new().interval(KEEP_ALIVE))))
}

async fn check(
    app: &App,
    account: &Identity,
    (run, job): (RunId, Option<JobId>),
) -> Result<RepositoryId, ApiError> {
    let mut db = app.db.acquire().await?;
    let repository = repository_of(&mut db, run).await?.ok_or_else(ApiError::not_found)?;
    account.rights.role_in(repository).ok_or_else(ApiError::not_found)?;
    if let Some(job) = job {
        let found = find_job(&mut db, job).await?;
        found.filter(|job| job.run_id == run).ok_or_else(ApiError::not_found)?;
    }
    Ok(repository)
}

/// Who reads a stream. What GitHub lets them do may change meanwhile.
struct Reader {
    app: App,
    account: Identity,
    repository: RepositoryId,
}

impl Reader {
    /// Comes back when the reader may not see the repository any more, or nobody says so.
    async fn excluded(&self) {
        loop {
            tokio::time::sleep(CHECK_INTERVAL).await;
            if !self.may_read().await.unwrap_or(false) {
                return;
            }
        }
    }

    async fn may_read(&self) -> Result<bool, GitHubError> {
        let found = async { find_by_id(&mut *self.app.db.acquire().await?, self.repository).await };
        let Ok(Some(repository)) = found.await else { return Ok(false) };
        let about = About::Repository(&repository);
        let rights = members::current_rights(&self.app, &self.account, about).await?;
        Ok(rights.is_some_and(|rights| rights.role_in(self.repository).is_some()))
    }
}

fn last_event_id(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

fn events(feed: Feed, reader: Reader) -> impl Stream<Item = Result<Event, Infallible>> {
    let excluded = async move { reader.excluded().await };
    let all = stream::unfold(feed, |mut feed| async {
        match feed.next().await {
            Ok(news) => Some((Ok(event(news?)), feed)),
            Err(error) => {
                // The browser comes back by itself and resumes.
                tracing::warn!(error = format!("{error:#}"), "a stream of events broke off");
                None
            }
        }
    });
    all.take_until(excluded)
}

fn event(news: News) -> Event {
    match news {
        News::Run(body) => Event::default().event("run").data(body),
        News::Log { sequence, chunk } => {
            Event::default().event("log").id(sequence.to_string()).data(chunk)
        }
        News::End => Event::default().event("end").data("{}"),
    }
}
