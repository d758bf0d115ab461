//! Whether a workflow starts for an event, and if not, why not.
//!
//! Does not know where the file came from; see [`super::origin`].

use super::activity;
use super::event::{Event, Selection};
use super::filter;
use super::payload::{short_ref, text};
use super::skip_ci::skips_ci;
use crate::model::{EventTrigger, Filters, Workflow};

/// Whether `workflow` starts for `event`, and if not, why not.
///
/// The head commit of a `pull_request` is not in its payload: callers ask
/// [`skips_ci`] with its message themselves.
#[must_use]
pub fn select(workflow: &Workflow, event: &Event<'_>) -> Selection {
    match check(workflow, event) {
        Ok(()) => Selection::Starts,
        Err(reason) => Selection::Skips { reason },
    }
}

fn check(workflow: &Workflow, event: &Event<'_>) -> Result<(), String> {
    let mut triggers = workflow.on.iter().filter(|trigger| trigger.event == event.name).peekable();
    if triggers.peek().is_none() {
        return Err(format!("`on` does not list `{}`", event.name));
    }
    skip_instruction(event)?;
    let mut refusal = Ok(());
    for trigger in triggers {
        match check_trigger(workflow, trigger, event) {
            Ok(()) => return Ok(()),
            Err(reason) => refusal = refusal.and(Err(reason)),
        }
    }
    refusal
}

fn skip_instruction(event: &Event<'_>) -> Result<(), String> {
    if event.name != "push" {
        return Ok(());
    }
    match skips_ci(text(event.payload, "/head_commit/message")) {
        Some(instruction) => Err(format!("the head commit's message has `{instruction}`")),
        None => Ok(()),
    }
}

fn check_trigger(
    workflow: &Workflow,
    trigger: &EventTrigger,
    event: &Event<'_>,
) -> Result<(), String> {
    let payload = event.payload;
    activity::accepts(trigger, text(payload, "/action"))?;
    match event.name {
        "push" => push(&trigger.filters, event),
        "pull_request" | "pull_request_target" => {
            branches(&trigger.filters, text(payload, "/pull_request/base/ref"))?;
            paths(&trigger.filters, event)
        }
        "merge_group" => {
            branches(&trigger.filters, short_ref(text(payload, "/merge_group/base_ref")))
        }
        "workflow_run" => workflow_run(trigger, event),
        "workflow_dispatch" => dispatched(workflow, text(payload, "/workflow")),
        "schedule" => scheduled(trigger, text(payload, "/schedule")),
        _ => Ok(()),
    }
}

/// Filters for branches only keep tags out, and the other way round. Paths do not count for tags.
fn push(filters: &Filters, event: &Event<'_>) -> Result<(), String> {
    let git_ref = text(event.payload, "/ref");
    let for_branches = filters.branches.is_some() || filters.branches_ignore.is_some();
    let for_tags = filters.tags.is_some() || filters.tags_ignore.is_some();
    if let Some(tag) = git_ref.strip_prefix("refs/tags/") {
        if for_branches && !for_tags {
            return Err(format!("`push` filters branches only, and `{tag}` is a tag"));
        }
        return tags(filters, tag);
    }
    let branch = short_ref(git_ref);
    if for_tags && !for_branches {
        return Err(format!("`push` filters tags only, and `{branch}` is a branch"));
    }
    branches(filters, branch)?;
    paths(filters, event)
}

fn branches(filters: &Filters, name: &str) -> Result<(), String> {
    if let Some(patterns) = &filters.branches {
        filter::includes("branches", patterns, name)?;
    }
    if let Some(patterns) = &filters.branches_ignore {
        filter::not_ignored("branches-ignore", patterns, name)?;
    }
    Ok(())
}

fn tags(filters: &Filters, name: &str) -> Result<(), String> {
    if let Some(patterns) = &filters.tags {
        filter::includes("tags", patterns, name)?;
    }
    if let Some(patterns) = &filters.tags_ignore {
        filter::not_ignored("tags-ignore", patterns, name)?;
    }
    Ok(())
}

fn paths(filters: &Filters, event: &Event<'_>) -> Result<(), String> {
    let Some(files) = event.changed_files else { return Ok(()) };
    if let Some(patterns) = &filters.paths {
        filter::includes_any(patterns, files)?;
    }
    if let Some(patterns) = &filters.paths_ignore {
        filter::not_ignores_all(patterns, files)?;
    }
    Ok(())
}

fn workflow_run(trigger: &EventTrigger, event: &Event<'_>) -> Result<(), String> {
    let payload = event.payload;
    let name = match text(payload, "/workflow/name") {
        "" => text(payload, "/workflow_run/name"),
        name => name,
    };
    if !trigger.workflows.is_empty() && !trigger.workflows.iter().any(|wanted| wanted == name) {
        let wanted: Vec<String> = trigger.workflows.iter().map(|w| format!("`{w}`")).collect();
        return Err(format!("workflows: `{name}` is none of {}", wanted.join(", ")));
    }
    branches(&trigger.filters, text(payload, "/workflow_run/head_branch"))
}

/// A dispatch names its workflow by path or file name; no name means that the caller chose.
fn dispatched(workflow: &Workflow, asked: &str) -> Result<(), String> {
    let is_this = asked.is_empty()
        || workflow.path == asked
        || workflow.path.strip_suffix(asked).is_some_and(|folder| folder.ends_with('/'));
    if is_this { Ok(()) } else { Err(format!("the dispatch is for `{asked}`")) }
}

fn scheduled(trigger: &EventTrigger, cron: &str) -> Result<(), String> {
    if trigger.schedules.iter().any(|schedule| schedule.cron == cron) {
        return Ok(());
    }
    Err(format!("schedule: `{cron}` is not one of its cron lines"))
}
