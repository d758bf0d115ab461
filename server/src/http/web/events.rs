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
use futures_util::{Stream, stream};
use gantry_protocol::{JobId, RunId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::feed::{Feed, News, Watch};
use crate::App;
use crate::accounts::Identity;
use crate::http::error::ApiError;
use crate::http::extract::ApiQuery;
use crate::http::guard::Account;
use crate::http::links::Links;
use crate::jobs::view::find_job;
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
    check(&app, &account, (run, job)).await?;
    let after = last_event_id(&headers).or(query.after);
    let watch = Watch { run, job, after, account, links };
    let events = Sse::new(events(Feed::new(app, watch)));
    // Some proxies hold answers back unless they are told not to.
    let headers = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((headers, events.keep_alive(KeepAlive::new().interval(KEEP_ALIVE))))
}

async fn check(
    app: &App,
    account: &Identity,
    (run, job): (RunId, Option<JobId>),
) -> Result<(), ApiError> {
    let mut db = app.db.acquire().await?;
    let repository = repository_of(&mut db, run).await?.ok_or_else(ApiError::not_found)?;
    account.rights.role_in(repository).ok_or_else(ApiError::not_found)?;
    if let Some(job) = job {
        let found = find_job(&mut db, job).await?;
        found.filter(|job| job.run_id == run).ok_or_else(ApiError::not_found)?;
    }
    Ok(())
}

fn last_event_id(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

fn events(feed: Feed) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(feed, |mut feed| async {
        match feed.next().await {
            Ok(news) => Some((Ok(event(news?)), feed)),
            Err(error) => {
                // The browser comes back by itself and resumes.
                tracing::warn!(error = format!("{error:#}"), "a stream of events broke off");
                None
            }
        }
    })
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
