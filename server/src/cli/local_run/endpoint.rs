//! What the runner talks to: the runner protocol over one run in memory.
//!
//! Listens on this machine only, for one runner with one token. Decides nothing: the coordinator
//! does. Invariant: whatever changes the run is followed by `advance` before anybody sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Json, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use chrono::Utc;
use gantry_protocol::log::MAX_CHUNK_BYTES;
use gantry_protocol::{
    CompleteJob, JobId, JobMessage, LeaseRequest, LeaseToken, LogChunks, RegisterRequest,
    RegisterResponse, RenewRequest, RenewResponse, RunnerId, StepUpdates,
};
use tokio::sync::watch;
use tokio::time::timeout;

use super::coordinator::{Coordinator, LEASE};

/// Nobody else can get a job, so a lease never has to end.
const LEASE_MS: u64 = 24 * 60 * 60 * 1000;

/// Largest body, in bytes; a runner's chunks are JSON with some escapes.
const MAX_BODY_BYTES: usize = 8 * MAX_CHUNK_BYTES;

/// Makes the message of a job from the run.
pub(super) type MessageOf = dyn Fn(&Coordinator, JobId) -> anyhow::Result<JobMessage> + Send + Sync;

/// The run, and a signal whenever it changes.
pub(super) struct Shared {
    run: Mutex<Coordinator>,
    changed: watch::Sender<()>,
    token: String,
    /// Held while a question stands at the terminal.
    pub(super) terminal: Mutex<()>,
    message_of: Box<MessageOf>,
}

impl Shared {
    pub(super) fn new(run: Coordinator, token: String, message_of: Box<MessageOf>) -> Arc<Self> {
        let changed = watch::Sender::new(());
        Arc::new(Self {
            run: Mutex::new(run),
            changed,
            token,
            terminal: Mutex::new(()),
            message_of,
        })
    }

    /// Changes the run, decides what follows, and tells everybody who waits.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Coordinator) -> T) -> T {
        let mut run = self.lock();
        let answer = change(&mut run);
        run.advance(Utc::now());
        drop(run);
        self.changed.send_replace(());
        answer
    }

    /// The next job. Waking everybody for a look that found nothing would never end.
    fn claim(&self, request: &LeaseRequest) -> Option<JobMessage> {
        let mut run = self.lock();
        let job = run.claim(request.claim, Utc::now())?;
        let message = (self.message_of)(&run, job);
        if let Err(error) = &message {
            run.fail_unprepared(job, &format!("{error:#}"));
            run.advance(Utc::now());
        }
        drop(run);
        self.changed.send_replace(());
        message.ok()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// A panic while the lock was held has been reported; the run is still whole.
    pub(super) fn lock(&self) -> MutexGuard<'_, Coordinator> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route(gantry_protocol::routes::REGISTER, post(register))
        .route(gantry_protocol::routes::LEASE, post(lease))
        .route("/runner/v1/jobs/{job}/renew", post(renew))
        .route("/runner/v1/jobs/{job}/steps", put(steps))
        .route("/runner/v1/jobs/{job}/log", put(log))
        .route("/runner/v1/jobs/{job}/complete", post(complete))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(shared)
}

type Run = State<Arc<Shared>>;

/// Why a call is refused, as the protocol has it.
fn refuse(shared: &Shared, headers: &HeaderMap, lease: Option<LeaseToken>) -> Option<Response> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let is_known = given.and_then(|it| it.strip_prefix("Bearer ")) == Some(shared.token.as_str());
    if !is_known {
        return Some(problem(StatusCode::UNAUTHORIZED, "not the runner of this run"));
    }
    let is_stale = lease.is_some_and(|lease| lease != LEASE);
    is_stale.then(|| problem(StatusCode::CONFLICT, "the lease is stale"))
}

fn problem(status: StatusCode, message: &str) -> Response {
    (status, Json(serde_json::json!({ "message": message }))).into_response()
}

fn done(found: Option<()>) -> Response {
    match found {
        Some(()) => StatusCode::NO_CONTENT.into_response(),
        None => problem(StatusCode::NOT_FOUND, "this run has no such job"),
    }
}

async fn register(
    State(shared): Run,
    headers: HeaderMap,
    Json(_request): Json<RegisterRequest>,
) -> Response {
    if let Some(refusal) = refuse(&shared, &headers, None) {
        return refusal;
    }
    let token = shared.token.clone();
    Json(RegisterResponse { runner_id: RunnerId(1), token }).into_response()
}

async fn lease(
    State(shared): Run,
    headers: HeaderMap,
    Json(request): Json<LeaseRequest>,
) -> Response {
    if let Some(refusal) = refuse(&shared, &headers, None) {
        return refusal;
    }
    let mut changed = shared.subscribe();
    let waiting = async {
        loop {
            changed.mark_unchanged();
            if let Some(message) = shared.claim(&request) {
                return message;
            }
            if changed.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    match timeout(Duration::from_millis(request.wait_ms), waiting).await {
        Ok(message) => Json(message).into_response(),
        Err(_) => StatusCode::NO_CONTENT.into_response(),
    }
}

async fn renew(
    State(shared): Run,
    Path(job): Path<i64>,
    headers: HeaderMap,
    Json(request): Json<RenewRequest>,
) -> Response {
    if let Some(refusal) = refuse(&shared, &headers, Some(request.lease)) {
        return refusal;
    }
    let mut changed = shared.subscribe();
    let cancel_of = || shared.lock().jobs.get(&JobId(job)).map(|job| job.cancel.clone());
    let waiting = changed
        .wait_for(|()| request.cancel_seen || cancel_of().is_none_or(|cancel| cancel.is_some()));
    let wait = Duration::from_millis(request.wait_ms);
    if request.cancel_seen {
        tokio::time::sleep(wait).await;
    } else {
        // Either way the answer is the state now.
        drop(timeout(wait, waiting).await);
    }
    match cancel_of() {
        Some(cancel) => Json(RenewResponse { expires_in_ms: LEASE_MS, cancel }).into_response(),
        None => done(None),
    }
}

async fn steps(
    State(shared): Run,
    Path(job): Path<i64>,
    headers: HeaderMap,
    Json(StepUpdates { lease, updates }): Json<StepUpdates>,
) -> Response {
    match refuse(&shared, &headers, Some(lease)) {
        Some(refusal) => refusal,
        None => {
            done(shared.change(|run| {
                updates.into_iter().try_for_each(|update| run.step(JobId(job), update))
            }))
        }
    }
}

async fn log(
    State(shared): Run,
    Path(job): Path<i64>,
    headers: HeaderMap,
    Json(LogChunks { lease, chunks }): Json<LogChunks>,
) -> Response {
    match refuse(&shared, &headers, Some(lease)) {
        Some(refusal) => refusal,
        None => done(
            shared
                .change(|run| chunks.into_iter().try_for_each(|chunk| run.log(JobId(job), chunk))),
        ),
    }
}

async fn complete(
    State(shared): Run,
    Path(job): Path<i64>,
    headers: HeaderMap,
    Json(end): Json<CompleteJob>,
) -> Response {
    match refuse(&shared, &headers, Some(end.lease)) {
        Some(refusal) => refusal,
        None => done(shared.change(|run| run.complete(JobId(job), end))),
    }
}
