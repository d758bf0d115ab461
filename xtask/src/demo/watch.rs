//! A run as lines on the terminal: each job and step once when it starts and once when it ends.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use chrono::DateTime;
use serde_json::Value;

use super::server::Server;
use crate::command::say;

/// Lines of a failed job's log that are shown.
const FAILURE_LINES: usize = 40;

/// Remembers what was shown.
#[derive(Debug)]
pub(super) struct Watch {
    started: Instant,
    /// The last word shown for each job and step.
    shown: BTreeMap<String, String>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), shown: BTreeMap::new() }
    }

    /// Prints what has changed since the last call: a job before its steps when it starts, and
    /// after them when it has ended.
    pub(super) fn show(&mut self, view: &Value) {
        for job in items(&view["jobs"]) {
            let has_ended = job["conclusion"].is_string();
            if !has_ended {
                self.show_job(job);
            }
            for step in items(&job["steps"]) {
                let key = format!("step {} {}", job["id"], step["number"]);
                let name = format!("{} / {}", text(&job["name"]), text(&step["name"]));
                self.show_item(&key, &name, step, "  ");
            }
            if has_ended {
                self.show_job(job);
            }
        }
    }

    fn show_job(&mut self, job: &Value) {
        self.show_item(&format!("job {}", job["id"]), text(&job["name"]), job, "");
    }

    fn show_item(&mut self, key: &str, name: &str, item: &Value, indent: &str) {
        let word = item["conclusion"].as_str().unwrap_or_else(|| text(&item["status"]));
        let previous = self.shown.insert(key.to_owned(), word.to_owned());
        if previous.as_deref() == Some(word) || matches!(word, "queued" | "pending" | "") {
            return;
        }
        let took = took_seconds(item).map(|took| format!(" ({took:.1} s)")).unwrap_or_default();
        let reason = item["reason"].as_str().map(|r| format!(" - {r}")).unwrap_or_default();
        say(&format!(
            "{:7.1} s  {indent}{} {name}: {word}{took}{reason}",
            self.started.elapsed().as_secs_f64(),
            mark(word)
        ));
    }

    /// The end of the log of every failed job.
    pub(super) fn show_failures(&self, server: &Server, view: &Value) -> Result<()> {
        for job in items(&view["jobs"]).filter(|job| job["conclusion"] == "failure") {
            say(&format!("\n--- {}", text(&job["name"])));
            let Some(id) = job["id"].as_u64() else { continue };
            let log = server.job_log(id)?;
            let lines: Vec<&str> = log.lines().collect();
            for line in &lines[lines.len().saturating_sub(FAILURE_LINES)..] {
                say(line);
            }
        }
        for diagnostic in items(&view["diagnostics"]) {
            say(&format!("{}: {}", text(&diagnostic["file"]), text(&diagnostic["message"])));
        }
        Ok(())
    }
}

/// The environment that waits for a review, if one does.
pub(super) fn waiting_environment(view: &Value) -> Option<String> {
    view["pending_deployments"][0]["environment"].as_str().map(str::to_owned)
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// From the start to the end of a job or step that ran.
fn took_seconds(item: &Value) -> Option<f64> {
    let time = |key: &str| DateTime::parse_from_rfc3339(item[key].as_str()?).ok();
    let took = time("completed_at")? - time("started_at")?;
    let ran = !matches!(item["conclusion"].as_str(), Some("skipped"));
    ran.then(|| took.as_seconds_f64())
}

fn mark(word: &str) -> &'static str {
    match word {
        "success" => "\u{2713}",
        "failure" | "timed_out" | "startup_failure" => "\u{2717}",
        "skipped" | "cancelled" => "-",
        "waiting" => "?",
        _ => "\u{2022}",
    }
}
