//! Brings the check run of a job, or of a run without jobs, to the wanted state.

use anyhow::Context as _;
use gantry_protocol::{JobId, RunId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::annotations::{ReportedAnnotation, next_batch};
use super::queries;
use super::sync::Sent;
use super::wanted::{Place, ReportedJob, WantedCheckRun, wanted, wanted_for_failed_start};
use crate::App;
use crate::github::{Client, GitHubError};

#[derive(Deserialize)]
struct CheckRun {
    id: i64,
    external_id: Option<String>,
    output: Option<ShownOutput>,
}

#[derive(Deserialize)]
struct ShownOutput {
    annotations_count: Option<usize>,
}

#[derive(Deserialize)]
struct CheckRuns {
    check_runs: Vec<CheckRun>,
}

/// The check run of a job. `is_retry`: an earlier attempt may have succeeded without our learning of it.
pub(super) async fn send_job(app: &App, job: JobId, is_retry: bool) -> anyhow::Result<Sent> {
    let mut db = app.db.acquire().await.context("reading a job to report")?;
    let Some(facts) = queries::find_job(&mut db, job).await.context("reading a job to report")?
    else {
        return Ok(Ok(()));
    };
    let reported = queries::find_reported(&mut db, job).await.context("reading a check run")?;
    let annotations = annotations(&mut db, &facts).await?;
    drop(db);
    let Some(wanted) = wanted(&facts, &app.config.public_url) else { return Ok(Ok(())) };
    if reported.as_ref().is_some_and(|it| {
        it.status == wanted.state
            && it.conclusion == wanted.conclusion
            && it.n_annotations >= annotations.len()
    }) {
        return Ok(Ok(()));
    }
    let client = match app.github.for_installation(facts.installation) {
        Ok(client) => client,
        Err(error) => return Ok(Err(error)),
    };
    let known = reported.map(|it| (it.check_run_id, it.n_annotations));
    let sending = Sending { app, client: &client, place: facts.place(), wanted: &wanted };
    sending.job(job, (known, is_retry), &annotations).await
}

/// Sent once and for all: such a run never changes.
pub(super) async fn send_failed_start(
    app: &App,
    run: RunId,
    is_retry: bool,
) -> anyhow::Result<Sent> {
    let mut db = app.db.acquire().await.context("reading a run to report")?;
    let found =
        queries::find_failed_start(&mut db, run).await.context("reading a run to report")?;
    drop(db);
    let Some(facts) = found else { return Ok(Ok(())) };
    let wanted = wanted_for_failed_start(&facts, &app.config.public_url);
    let client = match app.github.for_installation(facts.installation) {
        Ok(client) => client,
        Err(error) => return Ok(Err(error)),
    };
    Ok(create_once(&client, facts.place(), (&wanted, is_retry)).await.map(drop))
}

/// Creates a check run, unless an earlier attempt did.
pub(super) async fn create_once(
    client: &Client,
    place: Place<'_>,
    (wanted, is_retry): (&WantedCheckRun, bool),
) -> Result<i64, GitHubError> {
    if is_retry && let Some(found) = find(client, place, wanted).await? {
        return Ok(found.id);
    }
    let path = format!("/repos/{}/{}/check-runs", place.owner, place.repository);
    client.wait_for_turn().await;
    Ok(client.post::<CheckRun>(&path, wanted).await?.id)
}

/// A job gets its annotations when it has ended.
async fn annotations(
    db: &mut sqlx::PgConnection,
    facts: &ReportedJob,
) -> anyhow::Result<Vec<ReportedAnnotation>> {
    if facts.status != "completed" {
        return Ok(Vec::new());
    }
    queries::find_annotations(db, facts.job).await.context("reading the annotations of a job")
}

/// One check run on its way.
struct Sending<'a> {
    app: &'a App,
    client: &'a Client,
    place: Place<'a>,
    wanted: &'a WantedCheckRun,
}

impl Sending<'_> {
    /// Updates the check run when its number is known; otherwise creates it. Each request carries the
    /// whole state and the next annotations, and what has been sent is stored after each.
    async fn job(
        &self,
        job: JobId,
        (known, is_retry): (Option<(i64, usize)>, bool),
        annotations: &[ReportedAnnotation],
    ) -> anyhow::Result<Sent> {
        let mut known = match self.known(known, is_retry).await {
            Ok(known) => known,
            Err(error) => return Ok(Err(error)),
        };
        loop {
            let batch = next_batch(annotations, known.map_or(0, |(_, n_sent)| n_sent));
            let n_batch = batch.len();
            let (check_run, n_sent) = match self.send(known.map(|it| it.0), batch).await {
                Ok(check_run) => (check_run, known.map_or(0, |it| it.1) + n_batch),
                Err(error) => return Ok(Err(error)),
            };
            let mut db = self.app.db.acquire().await.context("storing a check run")?;
            queries::store_reported(&mut db, job, (check_run, n_sent), self.wanted)
                .await
                .context("storing a check run")?;
            known = Some((check_run, n_sent));
            if n_sent >= annotations.len() {
                return Ok(Ok(()));
            }
        }
    }

    /// The check run and how many annotations GitHub has. After a lost answer GitHub knows better.
    async fn known(
        &self,
        known: Option<(i64, usize)>,
        is_retry: bool,
    ) -> Result<Option<(i64, usize)>, GitHubError> {
        let found = match known {
            _ if !is_retry => return Ok(known),
            Some((id, _)) => Some(self.client.get::<CheckRun>(&self.path(id)).await?),
            None => find(self.client, self.place, self.wanted).await?,
        };
        Ok(found.map(|it| {
            let n_shown = it.output.and_then(|output| output.annotations_count);
            (it.id, n_shown.unwrap_or_default())
        }))
    }

    async fn send(&self, known: Option<i64>, batch: Vec<Value>) -> Result<i64, GitHubError> {
        let mut body = json!(self.wanted);
        if !batch.is_empty() {
            body["output"]["annotations"] = Value::Array(batch);
        }
        self.client.wait_for_turn().await;
        match known {
            Some(id) => self.client.patch(&self.path(id), &body).await.map(|()| id),
            None => {
                let path =
                    format!("/repos/{}/{}/check-runs", self.place.owner, self.place.repository);
                Ok(self.client.post::<CheckRun>(&path, &body).await?.id)
            }
        }
    }

    fn path(&self, check_run: i64) -> String {
        format!("/repos/{}/{}/check-runs/{check_run}", self.place.owner, self.place.repository)
    }
}

/// The check run that an earlier attempt made without learning of it.
async fn find(
    client: &Client,
    place: Place<'_>,
    wanted: &WantedCheckRun,
) -> Result<Option<CheckRun>, GitHubError> {
    let path = format!(
        "/repos/{}/{}/commits/{}/check-runs?filter=all&per_page=100",
        place.owner, place.repository, place.head_sha
    );
    let mut found = client.get::<CheckRuns>(&path).await?.check_runs.into_iter();
    Ok(found.find(|run| run.external_id.as_deref() == Some(&wanted.external_id)))
}
