//! Server-sent events for who looks at lists: that some run may look different now.
//!
//! Carries no data. Invariant: a change is told after at most `COALESCE`, however many there are, so
//! that a list is fetched anew by everybody who shows it, and not more often than it can be read.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderName;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, stream};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::background::Topic;

/// Changes within this time are told as one.
const COALESCE: Duration = Duration::from_secs(1);

/// Proxies drop connections that are silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// `GET /api/gantry/events/runs`: an event `change` whenever it is worth looking again.
pub(crate) async fn stream_changes(State(app): State<App>) -> impl IntoResponse {
    let events = Sse::new(changes(app.wakeups.subscribe(Topic::Events), app.tasks.shutdown()));
    // Some proxies hold answers back unless they are told not to.
    let headers = [(HeaderName::from_static("x-accel-buffering"), "no")];
    (headers, events.keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn changes(
    wakeups: watch::Receiver<u64>,
    shutdown: CancellationToken,
) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold((wakeups, shutdown), |(mut wakeups, shutdown)| async {
        tokio::select! {
            () = shutdown.cancelled() => return None,
            changed = wakeups.changed() => changed.ok()?,
        }
        sleep(COALESCE).await;
        wakeups.borrow_and_update();
        Some((Ok(Event::default().event("change").data("{}")), (wakeups, shutdown)))
    })
}
