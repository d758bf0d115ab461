//! A job that runs, as its actions' clients speak to the server.

use chrono::{TimeDelta, Utc};
use gantry_protocol::{JobId, LeaseToken, RepositoryId, RunId};
use gantry_server::App;
use gantry_server::tokens::{self, CacheSource, Purpose, RuntimeGrant};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::rows::NewJob;
use super::server::TestServer;

const ARTIFACTS: &str = "/twirp/github.actions.results.api.v1.ArtifactService";
const CACHES: &str = "/twirp/github.actions.results.api.v1.CacheService";

/// A job in progress and its runtime token.
pub(crate) struct RunningJob<'a> {
    pub(crate) server: &'a TestServer,
    pub(crate) run: RunId,
    pub(crate) id: JobId,
    pub(crate) token: String,
}

/// The event and the ref that a job's run is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cause<'a> {
    pub(crate) event: &'a str,
    pub(crate) git_ref: &'a str,
    pub(crate) base_ref: &'a str,
}

impl<'a> RunningJob<'a> {
    /// The only job of a new run, for a push to `main`.
    pub(crate) async fn start(
        server: &'a TestServer,
        repository: RepositoryId,
        guid: &str,
    ) -> RunningJob<'a> {
        let run = server.rows().run(repository, guid, "in_progress").await;
        Self::start_in(server, run, "build").await
    }

    /// A further job of a run.
    pub(crate) async fn start_in(server: &'a TestServer, run: RunId, key: &str) -> RunningJob<'a> {
        let id = server.rows().job(run, NewJob::new(key, "in_progress")).await;
        let cause = Cause { event: "push", git_ref: "refs/heads/main", base_ref: "" };
        let token = token(&server.app, Purpose::Runtime, (run, id), cause);
        Self { server, run, id, token }
    }

    /// The same job with the token of another cause.
    pub(crate) fn caused_by(self, cause: Cause<'_>) -> Self {
        let token = token(&self.server.app, Purpose::Runtime, (self.run, self.id), cause);
        Self { token, ..self }
    }

    pub(crate) fn token_for(&self, purpose: Purpose) -> String {
        let cause = Cause { event: "push", git_ref: "refs/heads/main", base_ref: "" };
        token(&self.server.app, purpose, (self.run, self.id), cause)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.server.anonymous(method, path).bearer_auth(&self.token)
    }

    /// The answer of a Twirp method; its status and its body.
    pub(crate) async fn call(&self, path: &str, body: Value) -> (u16, Value) {
        let answer = self.request(Method::POST, path).json(&body).send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("JSON, also of errors"))
    }

    pub(crate) async fn artifacts(&self, method: &str, mut body: Value) -> (u16, Value) {
        body["workflow_run_backend_id"] = json!(self.run.to_string());
        body["workflow_job_run_backend_id"] = json!(self.id.to_string());
        self.call(&format!("{ARTIFACTS}/{method}"), body).await
    }

    pub(crate) async fn caches(&self, method: &str, body: Value) -> (u16, Value) {
        self.call(&format!("{CACHES}/{method}"), body).await
    }

    /// Uploads an artifact at once; answers its number.
    pub(crate) async fn upload_artifact(&self, name: &str, bytes: &[u8]) -> String {
        let (status, created) = self.artifacts("CreateArtifact", json!({ "name": name })).await;
        assert_eq!(status, 200, "{created}");
        let url = created["signed_upload_url"].as_str().expect("a URL");
        assert_eq!(self.put(url, bytes).await.status(), 201);
        let said = json!({ "name": name, "size": bytes.len().to_string() });
        let (status, done) = self.artifacts("FinalizeArtifact", said).await;
        assert_eq!(status, 200, "{done}");
        done["artifact_id"].as_str().expect("a number as text").to_owned()
    }

    /// Saves a cache under the version `v`; answers its number.
    pub(crate) async fn save_cache(&self, key: &str, bytes: &[u8]) -> String {
        let name = json!({ "key": key, "version": "v" });
        let (status, created) = self.caches("CreateCacheEntry", name).await;
        assert_eq!((status, &created["ok"]), (200, &json!(true)), "{created}");
        let url = created["signed_upload_url"].as_str().expect("a URL");
        assert_eq!(self.put(url, bytes).await.status(), 201);
        let said = json!({ "key": key, "version": "v", "size_bytes": bytes.len() });
        let (status, done) = self.caches("FinalizeCacheEntryUpload", said).await;
        assert_eq!(status, 200, "{done}");
        done["entry_id"].as_str().expect("a number as text").to_owned()
    }

    /// The key of the entry that fits, if one does.
    pub(crate) async fn find_cache(&self, key: &str, restore_keys: &[&str]) -> Option<String> {
        let wanted = json!({ "key": key, "restore_keys": restore_keys, "version": "v" });
        let (status, found) = self.caches("GetCacheEntryDownloadURL", wanted).await;
        assert_eq!(status, 200, "{found}");
        found["matched_key"].as_str().map(str::to_owned)
    }

    /// As the Azure SDK uploads: without any credential but the link's.
    pub(crate) async fn put(&self, url: &str, bytes: &[u8]) -> Response {
        self.server.client.put(url).body(bytes.to_vec()).send().await.expect("an answer")
    }
}

fn token(app: &App, purpose: Purpose, (run, job): (RunId, JobId), cause: Cause<'_>) -> String {
    let grant = RuntimeGrant {
        run,
        job,
        lease: LeaseToken(1),
        lifetime: TimeDelta::hours(1),
        caches: tokens::cache_access(CacheSource {
            event: cause.event,
            git_ref: cause.git_ref,
            base_ref: cause.base_ref,
            default_branch: "main",
        }),
    };
    tokens::issue(&app.vault, purpose, &grant, Utc::now()).expect("a token")
}
