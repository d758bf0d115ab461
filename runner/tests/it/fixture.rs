//! A runner with a server and a work directory of its own, and jobs made of workflow text.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use gantry_protocol::{
    CompleteJob, Conclusion, JobContexts, JobId, JobMessage, JobPolicy, JobRepository, LeaseToken,
    RunId, WorkflowSettings,
};
use gantry_runner::RunnerConfig;
use gantry_runner::container::{Backend, DockerBackend, ProcessBackend};
use gantry_runner::warm_policy::WarmPolicy;
use gantry_workflow::expr::Value;
use gantry_workflow::model::{Access, read_workflow};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::fake_server::FakeServer;

/// The image of the jobs; any image with bash, coreutils and python3 will do.
const IMAGE: &str = "gantry/job:latest";

/// Where jobs run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Processes,
    Containers,
}

pub(crate) struct Fixture {
    pub(crate) server: FakeServer,
    pub(crate) work: tempfile::TempDir,
    pub(crate) config: RunnerConfig,
    backend: Arc<dyn Backend>,
    place: Place,
    runner: Option<JoinHandle<anyhow::Result<()>>>,
    shutdown: CancellationToken,
}

impl Fixture {
    /// A running runner; `None`, with a printed line, where the machine cannot run the test.
    pub(crate) async fn start(place: Place) -> Option<Self> {
        Self::start_with(place, |_| {}).await
    }

    /// As [`Self::start`], with a configuration that is changed.
    pub(crate) async fn start_with(
        place: Place,
        configure: impl FnOnce(&mut RunnerConfig),
    ) -> Option<Self> {
        let backend: Arc<dyn Backend> = match place {
            Place::Processes => Arc::new(ProcessBackend::default()),
            Place::Containers => docker().await?,
        };
        let server = FakeServer::start().await;
        let work = tempfile::tempdir().unwrap();
        let path = work.path().join("runner");
        let mut config = RunnerConfig::new(server.url(), "tester".to_owned(), path);
        config.registration_token = Some("registration".to_owned().into());
        // Those that test it turn it on; beside all the others it would only cost them time.
        config.warm = WarmPolicy::off();
        config.images.values_mut().for_each(|image| *image = IMAGE.to_owned());
        config.action_source = format!("{}/actions/{{owner}}/{{repo}}", work.path().display());
        configure(&mut config);
        let shutdown = CancellationToken::new();
        let mut fixture = Self { server, work, config, backend, place, runner: None, shutdown };
        fixture.start_runner();
        Some(fixture)
    }

    pub(crate) fn start_runner(&mut self) {
        let running = gantry_runner::run_on(
            self.config.clone(),
            Arc::clone(&self.backend),
            self.shutdown.clone(),
        );
        #[expect(clippy::disallowed_methods, reason = "a test's own task")]
        let runner = tokio::spawn(running);
        self.runner = Some(runner);
    }

    /// What kill -9 is for a runner within this process: it stops in the middle of everything.
    pub(crate) async fn kill_runner(&mut self) {
        let runner = self.runner.take().unwrap();
        runner.abort();
        // Ends with the error of an aborted task.
        drop(runner.await);
        // The machine would close the connections of a dead process before anything else happens.
        self.server.down();
        self.server.up().await;
    }

    /// Tells the runner to stop, and waits until it has.
    pub(crate) async fn drain(&mut self) {
        self.shutdown.cancel();
        self.runner.take().unwrap().await.unwrap().unwrap();
    }

    /// Queues the first job of a workflow whose text has no indentation to care for.
    pub(crate) fn queue(&self, workflow: &str) -> JobId {
        self.queue_with(workflow, |_| {})
    }

    pub(crate) fn queue_with(&self, workflow: &str, change: impl FnOnce(&mut JobMessage)) -> JobId {
        let mut message = message(workflow);
        change(&mut message);
        let id = message.job_id;
        self.server.queue(message);
        id
    }

    /// Runs a workflow's first job to its end.
    pub(crate) async fn run(&self, workflow: &str) -> (JobId, CompleteJob) {
        let job = self.queue(workflow);
        (job, self.server.completed(job).await)
    }

    /// Runs a job that must succeed; answers its log.
    pub(crate) async fn succeed(&self, workflow: &str) -> String {
        let (job, end) = self.run(workflow).await;
        let log = self.server.log(job);
        assert_eq!(end.conclusion, Conclusion::Success, "{log}");
        log
    }

    /// The directory of a job on the runner's disk.
    pub(crate) fn job_directory(&self, job: JobId) -> PathBuf {
        self.config.work_directory.join("jobs").join(job.to_string())
    }

    /// The jobs that the backend has containers of.
    pub(crate) async fn remaining_jobs(&self) -> Vec<JobId> {
        let path = self.config.work_directory.join("installation");
        let installation = std::fs::read_to_string(path).unwrap();
        self.backend.jobs(installation.trim()).await.unwrap().into_iter().collect()
    }

    /// The containers that were started before there was a job for them.
    pub(crate) async fn warm_containers(&self) -> Vec<String> {
        let path = self.config.work_directory.join("installation");
        let Ok(installation) = std::fs::read_to_string(path) else { return Vec::new() };
        self.backend.warm_containers(installation.trim()).await.unwrap()
    }

    pub(crate) fn backend(&self) -> &dyn Backend {
        &*self.backend
    }
}

impl Drop for Fixture {
    /// A test ends while its last job is being removed, or in the middle of one.
    fn drop(&mut self) {
        if let Some(runner) = &self.runner {
            runner.abort();
        }
        let installation = std::fs::read_to_string(self.config.work_directory.join("installation"));
        if let (Place::Containers, Ok(installation)) = (self.place, installation) {
            // This thread belongs to a runtime, which must not be blocked on.
            let removal = std::thread::spawn(move || remove_all(installation.trim()));
            drop(removal.join());
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn remove_all(installation: &str) {
    let engine = DockerBackend::new(None).unwrap();
    for job in engine.jobs(installation).await.unwrap() {
        engine.remove_job(installation, job).await.unwrap();
    }
    for container in engine.warm_containers(installation).await.unwrap() {
        engine.remove_container(&container).await.unwrap();
    }
    remove_images(installation);
}

/// The images of actions outlive jobs, and so the tests.
fn remove_images(installation: &str) {
    let label = format!("label=gantry.runner={installation}");
    let listed =
        Command::new("docker").args(["image", "ls", "--quiet", "--filter", &label]).output();
    let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
    for image in listed.split_whitespace() {
        Command::new("docker").args(["image", "rm", "--force", image]).output().unwrap();
    }
}

/// The engine, if it answers and has the image.
#[expect(clippy::disallowed_methods, reason = "tests are told by environment what must be there")]
#[expect(clippy::print_stdout, reason = "whoever runs the tests must see what was not tested")]
async fn docker() -> Option<Arc<dyn Backend>> {
    let found = async {
        let backend = DockerBackend::new(None)?;
        backend.check().await?;
        backend.image(IMAGE).await?;
        Ok::<_, gantry_runner::InfraError>(Arc::new(backend))
    };
    let problem = match found.await {
        Ok(backend) => return Some(backend),
        Err(error) => error.to_string(),
    };
    assert!(std::env::var_os("TEST_REQUIRE_DOCKER").is_none(), "{problem}");
    println!("skipped: {problem}");
    None
}

fn message(text: &str) -> JobMessage {
    static NEXT_JOB: AtomicI64 = AtomicI64::new(1);
    let (workflow, diagnostics) = read_workflow(".github/workflows/test.yml", text);
    let workflow = workflow.unwrap_or_else(|| panic!("{diagnostics:?}"));
    let job = workflow.jobs.into_iter().next().unwrap();
    let github = serde_json::json!({
        "actor": "octo", "event_name": "push", "ref": "refs/heads/main", "ref_name": "main",
        "ref_type": "branch", "repository": "octo/app", "repository_owner": "octo",
        "run_id": "7", "run_number": "3", "run_attempt": "1",
        "server_url": "https://github.com", "sha": "0123456789012345678901234567890123456789",
        "workflow": "test", "event": { "head_commit": { "message": "hello" } },
    });
    let null = || Value::Null;
    JobMessage {
        job_id: JobId(NEXT_JOB.fetch_add(1, Ordering::Relaxed)),
        run_id: RunId(7),
        run_attempt: 1,
        lease: LeaseToken(1),
        lease_expires_in_ms: 60_000,
        name: job.id.to_string(),
        runs_on: vec!["ubuntu-latest".to_owned()],
        timeout_minutes: 10,
        cancel_timeout_minutes: 5,
        workflow: WorkflowSettings {
            env: workflow.env,
            defaults: workflow.defaults,
            source: None,
            is_called: false,
        },
        job,
        contexts: JobContexts {
            github: Value::from_json(&github),
            inputs: null(),
            vars: null(),
            needs: null(),
            strategy: null(),
            matrix: null(),
        },
        secrets: [("PASSWORD".to_owned(), "hunter2-and-more".to_owned())].into(),
        permissions: vec![
            ("contents".to_owned(), Access::Read),
            ("pull-requests".to_owned(), Access::Write),
        ],
        github_token: "ghs_token_of_the_job".to_owned(),
        repository: JobRepository {
            full_name: "octo/app".to_owned(),
            clone_url: String::new(),
            clone_token: String::new(),
        },
        policy: JobPolicy::default(),
        runtime: None,
    }
}
