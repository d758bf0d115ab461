//! A server that leases the jobs it is given and keeps what runners tell it.
//!
//! It answers by the rules of the protocol: a stale lease is refused, a repeated chunk changes
//! nothing, a gap in the log is refused. It can be stopped and started again on the same port.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Json, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use gantry_protocol::log::MAX_CHUNK_BYTES;
use gantry_protocol::{
    CancelRequest, ClaimId, CompleteJob, JobId, JobMessage, LeaseRequest, LeaseToken, LogChunk,
    LogChunks, RegisterRequest, RegisterResponse, RenewRequest, RenewResponse, RunnerId,
    StepStatus, StepSummary, StepUpdate, StepUpdates,
};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::time::timeout;

/// No state a test waits for takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(crate) struct Job {
    pub(crate) chunks: BTreeMap<u64, LogChunk>,
    pub(crate) steps: BTreeMap<u32, StepUpdate>,
    pub(crate) summaries: BTreeMap<u32, String>,
    pub(crate) completed: Option<CompleteJob>,
    pub(crate) renewals: usize,
    cancel: Option<CancelRequest>,
    /// The only lease that is good.
    lease: Option<LeaseToken>,
}

#[derive(Default)]
struct Contents {
    queue: VecDeque<JobMessage>,
    /// Jobs by the claim that got them.
    claims: HashMap<ClaimId, JobMessage>,
    /// The next lease is made and its answer never sent.
    swallow_lease: bool,
    jobs: BTreeMap<JobId, Job>,
    registrations: Vec<RegisterRequest>,
    /// Renewals are not answered.
    silent: bool,
    /// How long a renewed lease is good.
    lease_ms: u64,
}

struct Shared {
    contents: Mutex<Contents>,
    changed: Notify,
}

pub(crate) struct FakeServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    /// A runtime of its own, so that every connection ends with it.
    serving: Option<Runtime>,
}

impl FakeServer {
    pub(crate) async fn start() -> Self {
        let contents = Contents { lease_ms: 60_000, ..Contents::default() };
        let shared = Arc::new(Shared { contents: Mutex::new(contents), changed: Notify::new() });
        let mut server =
            Self { shared, address: SocketAddr::from(([127, 0, 0, 1], 0)), serving: None };
        server.up().await;
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Starts to answer, with everything it knew before.
    pub(crate) async fn up(&mut self) {
        let router = Router::new()
            .route("/runner/v1/register", post(register))
            .route("/runner/v1/lease", post(lease))
            .route("/runner/v1/jobs/{job}/renew", post(renew))
            .route("/runner/v1/jobs/{job}/steps", put(steps))
            .route("/runner/v1/jobs/{job}/log", put(log))
            .route("/runner/v1/jobs/{job}/summary", put(summary))
            .route("/runner/v1/jobs/{job}/complete", post(complete))
            .layer(DefaultBodyLimit::max(8 * MAX_CHUNK_BYTES))
            .with_state(Arc::clone(&self.shared));
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = loop {
            // The port is free as soon as the runtime before this one is gone.
            match std::net::TcpListener::bind(self.address) {
                Ok(listener) => break listener,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        listener.set_nonblocking(true).unwrap();
        self.address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
        self.serving = Some(runtime);
    }

    /// Stops answering at once, in the middle of whatever it does.
    pub(crate) fn down(&mut self) {
        self.serving.take().unwrap().shutdown_background();
    }

    pub(crate) fn queue(&self, message: JobMessage) {
        self.contents().queue.push_back(message);
        self.shared.changed.notify_waiters();
    }

    /// The next lease is made, and its answer never arrives.
    pub(crate) fn swallow_next_lease(&self) {
        self.contents().swallow_lease = true;
    }

    /// Takes a job away and queues it again, from its beginning and for a lease of its own.
    pub(crate) fn requeue(&self, mut message: JobMessage) {
        message.lease.0 += 1;
        self.contents().jobs.insert(message.job_id, Job::default());
        self.queue(message);
    }

    /// The message of a job that was leased.
    pub(crate) fn leased(&self, job: JobId) -> JobMessage {
        let contents = self.contents();
        contents.claims.values().find(|message| message.job_id == job).unwrap().clone()
    }

    pub(crate) fn cancel(&self, job: JobId, timed_out: bool) {
        let cancel = CancelRequest { reason: "the run was cancelled".to_owned(), timed_out };
        self.contents().jobs.entry(job).or_default().cancel = Some(cancel);
        self.shared.changed.notify_waiters();
    }

    /// As if the job had been given to another runner.
    pub(crate) fn revoke(&self, job: JobId) {
        self.contents().jobs.entry(job).or_default().lease = None;
        self.shared.changed.notify_waiters();
    }

    /// Renewed leases are short from now on.
    pub(crate) fn set_lease_ms(&self, lease_ms: u64) {
        self.contents().lease_ms = lease_ms;
    }

    /// From now on nothing is said about leases, as if the network were cut.
    pub(crate) fn fall_silent(&self) {
        self.contents().silent = true;
    }

    pub(crate) fn registrations(&self) -> Vec<RegisterRequest> {
        self.contents().registrations.clone()
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.shared.contents.lock().unwrap()
    }

    /// Waits until `look` answers something for the job.
    pub(crate) async fn wait_for<T>(
        &self,
        job: JobId,
        what: &str,
        look: impl Fn(&Job) -> Option<T>,
    ) -> T {
        let found = async {
            loop {
                let changed = self.shared.changed.notified();
                let answer = self.contents().jobs.get(&job).and_then(&look);
                if let Some(answer) = answer {
                    return answer;
                }
                changed.await;
            }
        };
        match timeout(PATIENCE, found).await {
            Ok(found) => found,
            Err(_) => panic!("job {job}: no {what}; log so far:\n{}", self.log(job)),
        }
    }

    pub(crate) async fn completed(&self, job: JobId) -> CompleteJob {
        self.wait_for(job, "completion", |job| job.completed.clone()).await
    }

    pub(crate) async fn wait_for_line(&self, job: JobId, text: &str) {
        self.wait_for(job, &format!("line `{text}`"), |job| {
            log_of(job, None).contains(text).then_some(())
        })
        .await;
    }

    /// The whole log, without time stamps.
    pub(crate) fn log(&self, job: JobId) -> String {
        self.contents().jobs.get(&job).map(|job| log_of(job, None)).unwrap_or_default()
    }

    /// The log of one step, without time stamps.
    pub(crate) fn step_log(&self, job: JobId, number: u32) -> String {
        self.contents().jobs.get(&job).map(|job| log_of(job, Some(number))).unwrap_or_default()
    }

    /// The summaries of a job, by step.
    pub(crate) fn summaries(&self, job: JobId) -> Vec<(u32, String)> {
        self.contents().jobs[&job].summaries.clone().into_iter().collect()
    }

    /// Name, outcome and conclusion of each step, in order.
    pub(crate) fn steps(&self, job: JobId) -> Vec<String> {
        let contents = self.contents();
        let word = |conclusion: Option<gantry_protocol::Conclusion>| {
            conclusion.map_or("-", gantry_protocol::Conclusion::as_str)
        };
        contents.jobs[&job]
            .steps
            .values()
            .map(|step| format!("{} {} {}", step.name, word(step.outcome), word(step.conclusion)))
            .collect()
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.shutdown_background();
        }
    }
}

fn log_of(job: &Job, step: Option<u32>) -> String {
    let chunks = job.chunks.values().filter(|chunk| step.is_none_or(|n| n == chunk.step_number));
    let text: String = chunks.map(|chunk| chunk.text.as_str()).collect();
    text.lines().map(|line| format!("{}\n", line.split_once(' ').unwrap().1)).collect()
}

type Server = State<Arc<Shared>>;

async fn register(
    State(server): Server,
    Json(request): Json<RegisterRequest>,
) -> Json<RegisterResponse> {
    let mut contents = server.contents.lock().unwrap();
    contents.registrations.push(request);
    Json(RegisterResponse { runner_id: RunnerId(1), token: "runner-token".to_owned() })
}

async fn lease(State(server): Server, Json(request): Json<LeaseRequest>) -> Response {
    let waiting = async {
        loop {
            let changed = server.changed.notified();
            let (message, swallow) = take(&mut server.contents.lock().unwrap(), request.claim);
            if swallow {
                server.changed.notify_waiters();
                std::future::pending::<()>().await;
            }
            if let Some(message) = message {
                return message;
            }
            changed.await;
        }
    };
    match timeout(Duration::from_millis(request.wait_ms), waiting).await {
        Ok(message) => Json(message).into_response(),
        Err(_) => StatusCode::NO_CONTENT.into_response(),
    }
}

/// The job a claim gets, and whether the answer is lost.
fn take(contents: &mut Contents, claim: ClaimId) -> (Option<JobMessage>, bool) {
    let again = contents.claims.get(&claim).filter(|message| {
        let job = &contents.jobs[&message.job_id];
        job.lease == Some(message.lease) && job.completed.is_none()
    });
    let Some(message) = again.cloned().or_else(|| contents.queue.pop_front()) else {
        return (None, false);
    };
    contents.claims.insert(claim, message.clone());
    contents.jobs.entry(message.job_id).or_default().lease = Some(message.lease);
    (Some(message), std::mem::take(&mut contents.swallow_lease))
}

fn refused(message: &str) -> Response {
    (StatusCode::CONFLICT, Json(serde_json::json!({ "message": message }))).into_response()
}

/// Applies `change` to a job whose lease is good.
fn with_job(
    server: &Shared,
    (job, lease): (i64, LeaseToken),
    change: impl FnOnce(&mut Job) -> Response,
) -> Response {
    let mut contents = server.contents.lock().unwrap();
    let answer = match contents.jobs.get_mut(&JobId(job)) {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(job) if job.lease != Some(lease) => refused("the lease is stale"),
        Some(job) => change(job),
    };
    drop(contents);
    server.changed.notify_waiters();
    answer
}

async fn renew(
    State(server): Server,
    Path(job): Path<i64>,
    Json(request): Json<RenewRequest>,
) -> Response {
    with_job(&server, (job, request.lease), |job| {
        job.renewals += 1;
        StatusCode::OK.into_response()
    });
    let waiting = async {
        loop {
            let changed = server.changed.notified();
            {
                let contents = server.contents.lock().unwrap();
                let job = contents.jobs.get(&JobId(job));
                if job.is_none_or(|job| {
                    job.lease != Some(request.lease)
                        || (job.cancel.is_some() && !request.cancel_seen)
                }) {
                    return;
                }
            }
            changed.await;
        }
    };
    // Either way the answer is the state now.
    drop(timeout(Duration::from_millis(request.wait_ms), waiting).await);
    let (silent, expires_in_ms) = {
        let contents = server.contents.lock().unwrap();
        (contents.silent, contents.lease_ms)
    };
    if silent {
        std::future::pending::<()>().await;
    }
    with_job(&server, (job, request.lease), |job| {
        let cancel = job.cancel.clone();
        Json(RenewResponse { expires_in_ms, cancel }).into_response()
    })
}

async fn steps(
    State(server): Server,
    Path(job): Path<i64>,
    Json(StepUpdates { lease, updates }): Json<StepUpdates>,
) -> Response {
    with_job(&server, (job, lease), |job| {
        for update in updates {
            let newer =
                job.steps.get(&update.number).is_none_or(|old| update.revision > old.revision);
            if newer {
                assert_eq!(update.status == StepStatus::Completed, update.conclusion.is_some());
                job.steps.insert(update.number, update);
            }
        }
        StatusCode::NO_CONTENT.into_response()
    })
}

async fn log(
    State(server): Server,
    Path(job): Path<i64>,
    Json(LogChunks { lease, chunks }): Json<LogChunks>,
) -> Response {
    if chunks.iter().map(|chunk| chunk.text.len()).sum::<usize>() > 4 * MAX_CHUNK_BYTES {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    with_job(&server, (job, lease), |job| {
        if job.completed.is_some() || !chunks.into_iter().all(|chunk| append(job, chunk)) {
            return refused("a gap in the log");
        }
        StatusCode::NO_CONTENT.into_response()
    })
}

/// False when chunks before this one are missing.
fn append(job: &mut Job, chunk: LogChunk) -> bool {
    let stored = job.chunks.len() as u64;
    if chunk.sequence == stored {
        let of_step = job.chunks.values().filter(|other| other.step_number == chunk.step_number);
        let lines: u64 = of_step.map(|other| other.text.matches('\n').count() as u64).sum();
        assert_eq!(chunk.first_line, lines, "lines of step {} repeat", chunk.step_number);
        job.chunks.insert(chunk.sequence, chunk);
    } else if chunk.sequence > stored {
        return false;
    }
    true
}

async fn summary(
    State(server): Server,
    Path(job): Path<i64>,
    Json(StepSummary { lease, step_number, markdown }): Json<StepSummary>,
) -> Response {
    with_job(&server, (job, lease), |job| {
        job.summaries.insert(step_number, markdown);
        StatusCode::NO_CONTENT.into_response()
    })
}

async fn complete(
    State(server): Server,
    Path(job): Path<i64>,
    Json(end): Json<CompleteJob>,
) -> Response {
    with_job(&server, (job, end.lease), |job| {
        assert_eq!(end.log_chunks, job.chunks.len() as u64, "the log is not complete");
        job.completed.get_or_insert(end);
        StatusCode::NO_CONTENT.into_response()
    })
}
