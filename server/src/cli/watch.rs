//! `gantry run watch`: what changes in a run, as it changes.
//!
//! Does not poll. Invariant: every change of a job and every finished step is told once.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::Value;

use super::connection::Client;
use super::output::{self, duration, elapsed, mark, state, text};
use super::run::{OneRunArguments, diagnostic_line};
use super::sse::Parser;

/// Attempts to reach a server that went away, one second apart; a restart is faster.
const MAX_RECONNECTS: u32 = 60;

pub(super) async fn run(arguments: OneRunArguments) -> anyhow::Result<ExitCode> {
    let client = arguments.connection.client()?;
    let run = arguments.number(&client).await?;
    watch(&client, run).await
}

/// Follows a run until it ends; a success only if the run is one.
pub(super) async fn watch(client: &Client, run: i64) -> anyhow::Result<ExitCode> {
    let mut teller = Teller::default();
    let mut n_failed = 0;
    loop {
        match follow(client, run, &mut teller).await {
            Ok(true) => return teller.close(run),
            Ok(false) => n_failed = 0,
            Err(error) if teller.last.is_null() || n_failed == MAX_RECONNECTS => return Err(error),
            Err(error) if error.is::<output::ClosedPipe>() => return Err(error),
            Err(_) => n_failed += 1,
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Whether the run has ended; otherwise the stream did.
async fn follow(client: &Client, run: i64, teller: &mut Teller) -> anyhow::Result<bool> {
    let path = format!("/api/gantry/events?run={run}");
    let response = client.send(client.request(Method::GET, &path)).await?;
    let mut stream = response.bytes_stream();
    let mut parser = Parser::default();
    while let Some(piece) = stream.next().await {
        for event in parser.push(&piece.context("the stream of events broke off")?) {
            match event.name.as_str() {
                "run" => teller.tell(serde_json::from_str(&event.data)?)?,
                "end" => return Ok(true),
                _ => {}
            }
        }
    }
    Ok(false)
}

/// Tells what has not been told yet.
#[derive(Debug, Default)]
struct Teller {
    told: BTreeSet<String>,
    last: Value,
}

impl Teller {
    fn tell(&mut self, detail: Value) -> anyhow::Result<()> {
        let began = text(&detail["run"], "run_started_at").parse::<DateTime<Utc>>().ok();
        for diagnostic in detail["diagnostics"].as_array().into_iter().flatten() {
            self.once(&format!("diagnostic {diagnostic}"), || diagnostic_line(diagnostic))?;
        }
        for job in detail["jobs"].as_array().into_iter().flatten() {
            self.tell_job(job, began)?;
        }
        self.last = detail;
        Ok(())
    }

    /// A job is told before its steps when it begins, and after them when it ends.
    fn tell_job(&mut self, job: &Value, began: Option<DateTime<Utc>>) -> anyhow::Result<()> {
        match text(job, "status") {
            "pending" => Ok(()),
            "completed" => {
                self.tell_steps(job, began)?;
                self.tell_state(job, began)
            }
            _ => {
                self.tell_state(job, began)?;
                self.tell_steps(job, began)
            }
        }
    }

    fn tell_steps(&mut self, job: &Value, began: Option<DateTime<Utc>>) -> anyhow::Result<()> {
        let name = text(job, "name");
        for step in job["steps"].as_array().into_iter().flatten() {
            if text(step, "status") == "completed" {
                self.once(&format!("step {} {}", job["id"], step["number"]), || {
                    let time = duration(step, "started_at", "completed_at");
                    let mark = mark(state(step));
                    format!("{}    {mark} {name} / {}  {time}", clock(began), text(step, "name"))
                })?;
            }
        }
        Ok(())
    }

    fn tell_state(&mut self, job: &Value, began: Option<DateTime<Utc>>) -> anyhow::Result<()> {
        self.once(&format!("job {} {}", job["id"], state(job)), || {
            let reason = match (text(job, "status"), text(job, "reason")) {
                ("waiting", _) => {
                    format!("waits for an approval of {}", text(job, "environment"))
                }
                (_, "") => state(job).to_owned(),
                (_, reason) => format!("{}: {reason}", state(job)),
            };
            format!("{}  {} {}  {reason}", clock(began), mark(state(job)), text(job, "name"))
        })
    }

    fn once(&mut self, key: &str, line: impl FnOnce() -> String) -> anyhow::Result<()> {
        if self.told.insert(key.to_owned()) {
            output::line(line())?;
        }
        Ok(())
    }

    fn close(&self, id: i64) -> anyhow::Result<ExitCode> {
        let run = &self.last["run"];
        let time = duration(run, "run_started_at", "updated_at");
        output::line(format!("{} Run {id}: {} after {time}", mark(state(run)), state(run)))?;
        match state(run) {
            "success" => Ok(ExitCode::SUCCESS),
            _ => Ok(ExitCode::FAILURE),
        }
    }
}

/// The time since the run began.
fn clock(began: Option<DateTime<Utc>>) -> String {
    let milliseconds = began.map_or(0, |began| (Utc::now() - began).num_milliseconds());
    format!("{:>7}", elapsed(milliseconds))
}
