//! Further attempts of a run: what runs again, what is kept, and what is refused.

use gantry_protocol::{Conclusion, JobMessage, RunId};
use gantry_server::environments;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Delivery, End, FakeRunner, GitRepository, TestServer};
use crate::server_or_skip;

const CI: &str = "
on: push
jobs:
  build: { runs-on: ubuntu-latest, outputs: { v: '${{ steps.v.outputs.v }}' }, steps: [{ run: a }] }
  test:
    needs: build
    strategy: { fail-fast: false, matrix: { n: [1, 2] } }
    runs-on: ubuntu-latest
    steps: [{ run: a }]
  deploy: { needs: [build, test], runs-on: ubuntu-latest, steps: [{ run: a }] }
";

const FAILURE: End<'static> = End { conclusion: Conclusion::Failure, ..End::SUCCESS };

struct Scene<'a> {
    server: &'a TestServer,
    runner: FakeRunner<'a>,
    run: RunId,
}

impl<'a> Scene<'a> {
    /// The first attempt: `build` succeeds with an output and a log, `test (2)` fails.
    async fn failed_run(server: &'a TestServer) -> Self {
        let repository = GitRepository::create(server.directory.path(), &[("ci.yml", CI)]);
        let run = server.push_and_settle(&repository).await;
        let runner = FakeRunner::register(server, "one").await;
        let scene = Self { server, runner, run };
        let build = scene.lease("build").await;
        scene.runner.start_step(&build).await;
        scene.runner.log(&build, 0, "2026-01-01T00:00:00.0000000Z hello\n").await;
        let outputs = End { outputs: &[("v", "1.2")], log_chunks: 1, ..End::SUCCESS };
        scene.end(&build, outputs).await;
        let [first, second] = [scene.lease("test (1)").await, scene.lease("test (2)").await];
        scene.end(&first, End::SUCCESS).await;
        scene.end(&second, FAILURE).await;
        assert_eq!(server.run_state(run).await, "completed failure");
        scene
    }

    async fn lease(&self, name: &str) -> JobMessage {
        let job = self.runner.lease().await.expect("a job");
        assert_eq!(job.name, name);
        job
    }

    async fn end(&self, job: &JobMessage, end: End<'_>) {
        assert_eq!(self.runner.complete(job, end).await, 204);
        self.server.settle().await;
    }

    /// `POST` as somebody who may write; the status and the message.
    async fn post(&self, path: &str, body: Option<Value>) -> (u16, String) {
        let path = format!("/repos/acme/app/actions/{path}");
        let request = self.server.anonymous(Method::POST, &path).bearer_auth(&self.server.write);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.expect("JSON");
        self.server.settle().await;
        (status, body["message"].as_str().unwrap_or_default().to_owned())
    }

    async fn rerun(&self, what: &str) -> (u16, String) {
        self.post(&format!("runs/{}/{what}", self.run), None).await
    }

    async fn get(&self, path: &str) -> Value {
        self.server.json(&format!("/repos/acme/app/actions/{path}")).await
    }

    /// `name status conclusion` of the jobs of an attempt.
    async fn jobs_of(&self, attempt: i32) -> Vec<String> {
        let jobs = self.get(&format!("runs/{}/attempts/{attempt}/jobs", self.run)).await;
        let word = |job: &Value, key: &str| job[key].as_str().unwrap_or("-").to_owned();
        let line = |job| ["name", "status", "conclusion"].map(|key| word(job, key)).join(" ");
        jobs["jobs"].as_array().expect("jobs").iter().map(line).collect()
    }
}

#[tokio::test]
async fn failed_jobs_run_again_and_the_others_keep_results_outputs_and_logs() {
    let server = server_or_skip!();
    let scene = Scene::failed_run(&server).await;
    let first = scene.get(&format!("runs/{}", scene.run)).await;
    assert_eq!(scene.rerun("rerun-failed-jobs").await.0, 201);
    assert_eq!(scene.rerun("rerun").await, (403, "This workflow is already running".to_owned()));
    assert_eq!(
        scene.jobs_of(2).await,
        ["build completed success", "test (1) completed success", "test (2) queued -",]
    );
    let again = scene.lease("test (2)").await;
    assert_eq!(again.run_attempt, 2);
    let github = again.contexts.github.to_json();
    assert_eq!(
        (&github["run_attempt"], &github["triggering_actor"]),
        (&json!("2"), &json!("write-person"))
    );
    assert_eq!(github["actor"], "octocat");
    assert_eq!(again.contexts.needs.to_json()["build"]["outputs"]["v"], "1.2");
    scene.end(&again, End::SUCCESS).await;
    let deploy = scene.lease("deploy").await;
    assert_eq!(deploy.contexts.needs.to_json()["build"]["outputs"]["v"], "1.2");
    scene.end(&deploy, End::SUCCESS).await;

    let now = scene.get(&format!("runs/{}", scene.run)).await;
    assert_eq!((&now["conclusion"], &now["run_attempt"]), (&json!("success"), &json!(2)));
    assert_eq!(now["triggering_actor"]["login"], "write-person");
    assert_ne!(now["run_started_at"], first["run_started_at"]);
    assert_eq!(now["created_at"], first["created_at"]);
    let past = scene.get(&format!("runs/{}/attempts/1", scene.run)).await;
    assert_eq!((&past["conclusion"], &past["run_attempt"]), (&json!("failure"), &json!(1)));
    assert_eq!(past["run_started_at"], first["run_started_at"]);
    let before = [
        "build completed success",
        "test (1) completed success",
        "test (2) completed failure",
        "deploy completed skipped",
    ];
    assert_eq!(scene.jobs_of(1).await, before);
    let missing =
        scene.server.get(&format!("/repos/acme/app/actions/runs/{}/attempts/3", scene.run));
    assert_eq!(missing.send().await.expect("an answer").status(), 404);
    assert_kept_log(&scene).await;
}

/// The kept job has the log and the steps of the one that wrote them.
async fn assert_kept_log(scene: &Scene<'_>) {
    let jobs = scene.get(&format!("runs/{}/attempts/2/jobs", scene.run)).await;
    let kept = &jobs["jobs"][0];
    assert_eq!(kept["run_attempt"], 2);
    assert_eq!(kept["steps"][0]["name"], "Set up job");
    let log = scene.server.json(&format!("/api/gantry/jobs/{}/log", kept["id"])).await;
    assert!(log.to_string().contains("hello"), "{log}");
}

#[tokio::test]
async fn one_leg_runs_again_with_what_depends_on_it_and_with_debug_output() {
    let server = server_or_skip!();
    let scene = Scene::failed_run(&server).await;
    let jobs = scene.get(&format!("runs/{}/jobs", scene.run)).await;
    let first_leg = jobs["jobs"][1]["id"].clone();
    let path = format!("jobs/{first_leg}/rerun");
    assert_eq!(scene.post(&path, Some(json!({ "enable_debug_logging": true }))).await.0, 201);
    let again = scene.lease("test (1)").await;
    assert_eq!(again.secrets.get("ACTIONS_STEP_DEBUG").map(String::as_str), Some("true"));
    scene.end(&again, End::SUCCESS).await;
    // The other leg keeps its failure, so what needs it is skipped again.
    assert_eq!(server.run_state(scene.run).await, "completed failure");
    assert_eq!(scene.jobs_of(2).await.last().map(String::as_str), Some("deploy completed skipped"));
    let message = scene.post(&path, None).await;
    assert_eq!(message.0, 403, "a job of an earlier attempt");
}

const CALLED: &str = "
on: { workflow_call: { outputs: { v: { value: '${{ jobs.build.outputs.v }}' } } } }
jobs:
  build: { runs-on: ubuntu-latest, outputs: { v: '${{ steps.v.outputs.v }}' }, steps: [{ run: a }] }
  test: { needs: build, runs-on: ubuntu-latest, steps: [{ run: a }] }
";

/// A repository of which each push calls [`CALLED`].
fn calling(server: &TestServer, of_run: &str, of_call: &str) -> GitRepository {
    let caller = format!(
        "on: push\n{of_run}jobs:\n  call: {{ uses: ./.github/workflows/called.yml{of_call} }}\n  after: {{ needs: call, runs-on: ubuntu-latest, steps: [{{ run: a }}] }}\n"
    );
    let files = [("ci.yml", &*caller), ("called.yml", CALLED)];
    GitRepository::create(server.directory.path(), &files)
}

impl<'a> Scene<'a> {
    /// The first attempt: `build` of what is called succeeds with an output, `test` fails.
    async fn failed_call(server: &'a TestServer, repository: &GitRepository) -> (Self, JobMessage) {
        let run = server.push_and_settle(repository).await;
        let scene = Self { server, runner: FakeRunner::register(server, "one").await, run };
        let build = scene.lease("call / build").await;
        scene.end(&build, End { outputs: &[("v", "1.2")], ..End::SUCCESS }).await;
        let test = scene.lease("call / test").await;
        scene.end(&test, FAILURE).await;
        assert_eq!(server.run_state(run).await, "completed failure");
        (scene, test)
    }

    /// The further attempt: `test` alone runs of the call, and then what needs the call.
    async fn test_runs_again(&self) {
        let again = self.lease("call / test").await;
        assert_eq!(again.run_id, self.run);
        assert_eq!(again.contexts.needs.to_json()["build"]["outputs"]["v"], "1.2");
        self.end(&again, End::SUCCESS).await;
        let after = self.lease("after").await;
        assert_eq!(after.contexts.needs.to_json()["call"]["outputs"]["v"], "1.2");
        self.end(&after, End::SUCCESS).await;
        assert_eq!(self.server.run_state(self.run).await, "completed success");
    }

    /// The other run goes from the beginning to its end.
    async fn other_run_ends(&self, run: RunId) {
        for name in ["call / build", "call / test", "after"] {
            let job = self.lease(name).await;
            assert_eq!(job.run_id, run);
            self.end(&job, End::SUCCESS).await;
        }
        assert_eq!(self.server.run_state(run).await, "completed success");
    }

    /// `group run state` of what is held or waited for.
    async fn slots(&self) -> Vec<String> {
        let text = "select concat_ws(' ', group_name, run_number, state)
             from concurrency_slots join workflow_runs on workflow_runs.id = run_id
             order by 1";
        sqlx::query_scalar(text).fetch_all(&self.server.app.db).await.expect("slots")
    }
}

#[tokio::test]
async fn a_called_job_runs_again_within_its_call_and_the_others_of_it_are_kept() {
    let server = server_or_skip!();
    let repository = calling(&server, "", "");
    let (scene, test) = Scene::failed_call(&server, &repository).await;
    assert_eq!(scene.post(&format!("jobs/{}/rerun", test.job_id), None).await.0, 201);
    assert_eq!(
        scene.jobs_of(2).await,
        ["call / build completed success", "call / test queued -"],
        "the call itself is not shown"
    );
    scene.test_runs_again().await;
}

#[tokio::test]
async fn a_call_with_a_group_of_which_a_part_runs_again_holds_its_group() {
    let server = server_or_skip!();
    let repository = calling(&server, "concurrency: of-run\n", ", concurrency: of-call");
    let (scene, test) = Scene::failed_call(&server, &repository).await;
    assert!(scene.slots().await.is_empty());
    assert_eq!(scene.post(&format!("jobs/{}/rerun", test.job_id), None).await.0, 201);
    assert_eq!(scene.slots().await, ["of-call 1 held", "of-run 1 held"]);
    assert_eq!(scene.jobs_of(2).await, ["call / build completed success", "call / test queued -"]);
    scene.test_runs_again().await;
    assert!(scene.slots().await.is_empty());
}

#[tokio::test]
async fn a_call_of_which_a_part_runs_again_waits_for_who_holds_its_group() {
    let server = server_or_skip!();
    let repository = calling(&server, "", ", concurrency: of-call");
    let (scene, _) = Scene::failed_call(&server, &repository).await;
    let other = server.push_again(&repository, "push-2").await;
    assert_eq!(scene.rerun("rerun-failed-jobs").await.0, 201);
    assert_eq!(scene.slots().await, ["of-call 1 pending", "of-call 2 held"]);
    assert_eq!(scene.jobs_of(2).await, ["call pending -", "call / build completed success"]);
    let detail = server.json(&format!("/api/gantry/runs/{}", scene.run)).await;
    let reason = &detail["jobs"][0]["reason"];
    assert_eq!(reason, "waits for concurrency group `of-call`, held by run #2");

    scene.other_run_ends(other).await;
    assert_eq!(scene.slots().await, ["of-call 1 held"]);
    scene.test_runs_again().await;
    assert!(scene.slots().await.is_empty());
}

#[tokio::test]
async fn a_run_that_waits_for_its_own_group_asks_for_that_of_its_call_when_it_begins() {
    let server = server_or_skip!();
    let repository = calling(&server, "concurrency: of-run\n", ", concurrency: of-call");
    let (scene, _) = Scene::failed_call(&server, &repository).await;
    let other = server.push_again(&repository, "push-2").await;
    assert_eq!(scene.rerun("rerun-failed-jobs").await.0, 201);
    let waiting = ["of-call 2 held", "of-run 1 pending", "of-run 2 held"];
    assert_eq!(scene.slots().await, waiting);
    scene.other_run_ends(other).await;
    assert_eq!(scene.slots().await, ["of-call 1 held", "of-run 1 held"]);
    scene.test_runs_again().await;
    assert!(scene.slots().await.is_empty());
}

#[tokio::test]
async fn what_waits_in_vain_for_the_group_of_its_call_is_cancelled_and_runs_again_later() {
    let server = server_or_skip!();
    let repository = calling(&server, "", ", concurrency: of-call");
    let (scene, _) = Scene::failed_call(&server, &repository).await;
    let other = server.push_again(&repository, "push-2").await;
    assert_eq!(scene.rerun("rerun-failed-jobs").await.0, 201);
    // The newest who waits takes the place of the one before.
    let newest = server.push_again(&repository, "push-3").await;
    assert_eq!(server.run_state(scene.run).await, "completed cancelled");
    assert_eq!(
        scene.jobs_of(2).await,
        [
            "call completed cancelled",
            "call / build completed success",
            "call / test completed cancelled",
            "after completed skipped",
        ]
    );
    scene.other_run_ends(other).await;
    scene.other_run_ends(newest).await;
    assert!(scene.slots().await.is_empty());
    assert_eq!(scene.rerun("rerun-failed-jobs").await.0, 201);
    scene.test_runs_again().await;
}

#[tokio::test]
async fn all_jobs_run_again_and_reviews_are_asked_again() {
    let server = server_or_skip!();
    let text = "on: push\njobs:\n  a: { runs-on: ubuntu-latest, environment: prod, steps: [{ run: a }] }\n";
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", text)]);
    let id = server.rows().repository(repository.path()).await;
    let mut db = server.app.db.acquire().await.expect("a connection");
    let rules = environments::Rules { review_required: true, ..Default::default() };
    environments::set_rules(&mut db, (id, "prod"), &rules).await.expect("rules");
    drop(db);
    let delivery = Delivery::push("push-1", &repository.head());
    assert_eq!(server.deliver(&delivery).send().await.expect("an answer").status(), 202);
    server.settle().await;
    let run = RunId(10_001);
    let review = || environments::ReviewRequest {
        run,
        environments: vec!["prod".to_owned()],
        review: gantry_workflow::advance::Review::Approved,
        reviewer: "mona".to_owned(),
        comment: String::new(),
        head_sha: None,
    };
    let scene = Scene { server: &server, runner: FakeRunner::register(&server, "one").await, run };
    for attempt in 1..=2 {
        assert_eq!(server.run_state(run).await, "waiting", "attempt {attempt}");
        environments::review(&server.app, review()).await.expect("a review");
        server.settle().await;
        let job = scene.lease("a").await;
        scene.end(&job, End::SUCCESS).await;
        assert_eq!(server.run_state(run).await, "completed success");
        if attempt == 1 {
            assert_eq!(scene.rerun("rerun-failed-jobs").await.0, 403, "nothing failed");
            assert_eq!(scene.rerun("rerun").await.0, 201);
        }
    }
}

#[tokio::test]
async fn what_is_too_old_or_was_run_too_often_is_refused() {
    let server = server_or_skip!();
    let scene = Scene::failed_run(&server).await;
    let rows = server.rows();
    let age = "update workflow_runs set created_at = created_at - interval '31 days' where id = $1";
    rows.execute(age, scene.run.0).await;
    let (status, message) = scene.rerun("rerun").await;
    assert_eq!(status, 403);
    assert!(message.contains("created over a month ago"), "{message}");
    rows.execute("update workflow_runs set created_at = now() where id = $1", scene.run.0).await;
    rows.execute("update jobs set run_attempt = 51 where run_id = $1", scene.run.0).await;
    rows.execute("update workflow_runs set run_attempt = 51 where id = $1", scene.run.0).await;
    let (status, message) = scene.rerun("rerun").await;
    assert_eq!(status, 403);
    assert!(message.contains("re-run 50 times"), "{message}");
}
