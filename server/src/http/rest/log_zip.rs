//! The logs of a run as one zip file, laid out as `gh` looks for them.
//!
//! `gh` finds a step's lines by the job's name and the step's number, and its versions spell a job's
//! name differently, so a directory may be there in several spellings. Invariant: memory holds one
//! page of one log at a time.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Seek, Write};

use anyhow::Context;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::downloads;
use super::jobs::visible_jobs;
use super::runs::{self, RunPath};
use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, Repo};
use crate::http::links::Links;
use crate::jobs::view::{JobView, StepView};
use crate::logs::chunks_after;

/// Pieces that wait to be compressed.
const WAITING_PIECES: usize = 4;

/// Newer versions of `gh` cut a job's name to as many UTF-16 units.
const MAX_NAME_UNITS: usize = 90;

/// `GET .../actions/runs/{run}/logs` and `.../attempts/{attempt}/logs`: a redirect to the file. A run
/// whose jobs have no line has none.
pub(crate) async fn get(
    State(app): State<App>,
    Repo(repository): Repo,
    ApiPath(path): ApiPath<RunPath>,
    links: Links,
) -> Result<Response, ApiError> {
    let run = runs::find(&app, &repository, path).await?;
    let mut db = app.db.acquire().await?;
    let (jobs, _) = visible_jobs(&mut db, &run).await?;
    let jobs: Vec<_> = jobs.iter().map(|job| job.id).collect();
    if !crate::logs::exist(&mut db, &jobs).await? {
        return Err(ApiError::not_found());
    }
    let path =
        format!("/api/gantry/downloads/runs/{}/attempts/{}/logs.zip", run.id, run.run_attempt);
    Ok(downloads::redirect(&app, &links, &path))
}

/// `GET /api/gantry/downloads/runs/{run}/attempts/{attempt}/logs.zip`, by a signed link.
pub(crate) async fn download(
    State(app): State<App>,
    ApiPath(path): ApiPath<RunPath>,
) -> Result<Response, ApiError> {
    let run = runs::find_in_any_repository(&app, path).await?;
    let mut db = app.db.acquire().await?;
    let (jobs, steps) = visible_jobs(&mut db, &run).await?;
    drop(db);
    let (pieces, received) = mpsc::channel(WAITING_PIECES);
    let writing = tokio::task::spawn_blocking(move || write_zip(received));
    for (index, job) in jobs.iter().enumerate() {
        let steps = steps.get(&job.id).map_or(&[][..], Vec::as_slice);
        send_job(&app, &pieces, (index, job, steps)).await?;
    }
    drop(pieces);
    let file = writing.await.context("writing the logs of a run")??;
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"logs_{}.zip\"", run.id)),
    ];
    let body = Body::from_stream(ReaderStream::new(tokio::fs::File::from_std(file)));
    Ok((headers, body).into_response())
}

/// What the writer is told.
enum Piece {
    Begin(String),
    Text(String),
}

type Pieces = mpsc::Sender<Piece>;

/// The whole log of a job, then that of each of its steps under each spelling of its name.
async fn send_job(
    app: &App,
    pieces: &Pieces,
    (index, job, steps): (usize, &JobView, &[StepView]),
) -> anyhow::Result<()> {
    let spellings = spellings(&job.name);
    let plain = spellings.last().map_or("job", String::as_str);
    send(pieces, Piece::Begin(format!("{index}_{plain}.txt"))).await?;
    send_log(app, pieces, (job, None)).await?;
    let names: BTreeMap<_, _> = steps.iter().map(|step| (step.number, step)).collect();
    for directory in &spellings {
        for (number, step) in &names {
            let step_name = as_file_name(&step.name);
            send(pieces, Piece::Begin(format!("{directory}/{number}_{step_name}.txt"))).await?;
            send_log(app, pieces, (job, Some(*number))).await?;
        }
    }
    Ok(())
}

/// The lines of a job, or of one of its steps.
async fn send_log(
    app: &App,
    pieces: &Pieces,
    (job, step): (&JobView, Option<i32>),
) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let page = chunks_after(&app.db, app.storage.as_ref(), job.id, after).await?;
        let Some(last) = page.chunks.last() else { return Ok(()) };
        after = Some(last.sequence);
        for chunk in page.chunks {
            if step.is_none_or(|step| i64::from(step) == i64::from(chunk.step_number)) {
                send(pieces, Piece::Text(chunk.text)).await?;
            }
        }
        if page.is_complete {
            return Ok(());
        }
    }
}

/// When the writer has given up, its own error is reported, not this one.
async fn send(pieces: &Pieces, piece: Piece) -> anyhow::Result<()> {
    pieces.send(piece).await.context("the logs of a run cannot be written to a temporary file")
}

fn write_zip(mut pieces: mpsc::Receiver<Piece>) -> anyhow::Result<File> {
    let file = tempfile::tempfile().context("making a temporary file for logs")?;
    let mut zip = ZipWriter::new(file);
    let options = SimpleFileOptions::default().large_file(true);
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::Begin(name) => zip.start_file(name, options).context("beginning a log")?,
            Piece::Text(text) => zip.write_all(text.as_bytes()).context("writing a log")?,
        }
    }
    let mut file = zip.finish().context("finishing the logs")?;
    file.rewind().context("reading the logs back")?;
    Ok(file)
}

/// The job's name as directory: as it is, without `/`, and without `/` and `:` cut short. The last
/// one is always a plain file name.
fn spellings(name: &str) -> Vec<String> {
    let without_slash = name.replace('/', "");
    let cut = cut_to_units(&without_slash.replace(':', ""), MAX_NAME_UNITS).trim().to_owned();
    let last = as_file_name(&cut);
    let mut known = BTreeSet::from([last.clone()]);
    let mut spellings: Vec<_> = [name.to_owned(), without_slash]
        .into_iter()
        .filter(|spelling| !spelling.contains('/') && !spelling.starts_with('.'))
        .filter(|spelling| known.insert(spelling.clone()))
        .collect();
    spellings.push(last);
    spellings
}

/// A name that stays where it is put when the zip is unpacked.
fn as_file_name(name: &str) -> String {
    let cleaned: String =
        name.chars().filter(|c| !c.is_control() && !r#"/\<>:"|?*"#.contains(*c)).collect();
    let cut = cut_to_units(&cleaned, MAX_NAME_UNITS).trim().trim_start_matches('.').to_owned();
    if cut.is_empty() { "_".to_owned() } else { cut }
}

fn cut_to_units(text: &str, max_units: usize) -> &str {
    let mut n_units = 0;
    for (index, character) in text.char_indices() {
        n_units += character.len_utf16();
        if n_units > max_units {
            return &text[..index];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_found_under_each_versions_spelling_of_its_name() {
        assert_eq!(spellings("build"), ["build"]);
        assert_eq!(spellings("build / x"), ["build  x"]);
        assert_eq!(spellings("a: b"), ["a: b", "a b"]);
        assert_eq!(spellings(&"x".repeat(100)), ["x".repeat(100), "x".repeat(90)]);
    }

    #[test]
    fn no_name_leaves_its_place() {
        assert_eq!(spellings("../../etc"), ["etc"]);
        assert_eq!(as_file_name(r"..\a/b: \u{1}*"), r"ab u{1}");
        assert_eq!(as_file_name("/"), "_");
    }
}
