//! A run as lines on the terminal: each job and step once when it starts and once when it ends.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use serde_json::Value;

use super::server::Server;
use crate::command::say;

/// Lines of a failed job's log that are shown.
const FAILURE_LINES: usize = 40;

/// Remembers what was shown.
#[derive(Debug)]
pub(super) struct Watch {
    started: Instant,
    /// The last word shown for a job or step, and when it was first seen running.
    shown: BTreeMap<String, (String, Instant)>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), shown: BTreeMap::new() }
    }

    /// Prints what has changed since the last call.
    pub(super) fn show(&mut self, view: &Value) {
        for job in items(&view["jobs"]) {
            let name = text(&job["name"]);
            self.show_item(&format!("job {}", job["id"]), name, job, "");
            for step in items(&job["steps"]) {
                let key = format!("step {} {}", job["id"], step["number"]);
                self.show_item(&key, &format!("{name} / {}", text(&step["name"])), step, "  ");
            }
        }
    }

    fn show_item(&mut self, key: &str, name: &str, item: &Value, indent: &str) {
        let word = item["conclusion"].as_str().unwrap_or_else(|| text(&item["status"]));
        let previous = self.shown.get(key).cloned();
        if previous.as_ref().is_some_and(|(shown, _)| shown == word) {
            return;
        }
        let since = previous.map_or_else(Instant::now, |(_, since)| since);
        self.shown.insert(key.to_owned(), (word.to_owned(), since));
        if matches!(word, "queued" | "pending" | "blocked" | "") {
            return;
        }
        let took = match item["conclusion"].as_str() {
            Some("success" | "failure") => format!(" ({:.1} s)", since.elapsed().as_secs_f64()),
            _ => String::new(),
        };
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

fn mark(word: &str) -> &'static str {
    match word {
        "success" => "\u{2713}",
        "failure" | "timed_out" | "startup_failure" => "\u{2717}",
        "skipped" | "cancelled" => "-",
        "waiting" => "?",
        _ => "\u{2022}",
    }
}
