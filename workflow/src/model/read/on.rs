//! `on:` in its three forms: one event, a list of events, events with filters.

use chrono_tz::Tz;

use super::call;
use super::cron;
use super::inputs;
use super::keys::{Keys, named};
use crate::diagnostic::{Diagnostics, Position};
use crate::model::{EventTrigger, Filters, Schedule, WorkflowCall};
use crate::schema::is_event;
use crate::template::{Token, TokenKind};

/// The event by which other workflows call a file.
const CALL: &str = "workflow_call";

/// Reads the events of a workflow. Unknown ones were warned about and are left out.
pub(super) fn read(diagnostics: &mut Diagnostics, token: Option<Token>) -> Vec<EventTrigger> {
    let Some(token) = token else { return Vec::new() };
    let position = token.position;
    let triggers: Vec<EventTrigger> = match token.kind {
        TokenKind::Sequence(items) => items.iter().filter_map(bare).collect(),
        TokenKind::Mapping(_) => named(token)
            .map(|(event, key, body)| trigger(diagnostics, event, (key.position, body)))
            .collect(),
        _ => bare(&token).into_iter().collect(),
    };
    if triggers.is_empty() {
        diagnostics.error(Some(position), "no-events", "No event triggers defined in `on`");
    }
    triggers
}

/// An event without filters.
fn bare(token: &Token) -> Option<EventTrigger> {
    let event = token.literal_text()?.into_owned();
    is_event(&event).then(|| EventTrigger {
        position: token.position,
        call: (event == CALL).then(WorkflowCall::default),
        event,
        types: None,
        filters: Filters::default(),
        workflows: Vec::new(),
        schedules: Vec::new(),
        inputs: Vec::new(),
    })
}

fn trigger(
    diagnostics: &mut Diagnostics,
    event: String,
    (position, body): (Position, Token),
) -> EventTrigger {
    let schedules = match &body.kind {
        TokenKind::Sequence(items) => {
            items.iter().filter_map(|item| schedule(diagnostics, item)).collect()
        }
        _ => Vec::new(),
    };
    let mut keys = Keys::of(body);
    let call = (event == CALL).then(|| call::declaration(&mut keys));
    let inputs = inputs::read(diagnostics, keys.take("inputs"));
    EventTrigger {
        position,
        types: keys.take_texts("types"),
        filters: filters(diagnostics, &mut keys, position),
        workflows: keys.take_texts("workflows").unwrap_or_default(),
        schedules,
        inputs,
        call,
        event,
    }
}

fn filters(diagnostics: &mut Diagnostics, keys: &mut Keys, position: Position) -> Filters {
    let filters = Filters {
        branches: keys.take_texts("branches"),
        branches_ignore: keys.take_texts("branches-ignore"),
        tags: keys.take_texts("tags"),
        tags_ignore: keys.take_texts("tags-ignore"),
        paths: keys.take_texts("paths"),
        paths_ignore: keys.take_texts("paths-ignore"),
    };
    let both = [
        ("branches", filters.branches.is_some() && filters.branches_ignore.is_some()),
        ("tags", filters.tags.is_some() && filters.tags_ignore.is_some()),
        ("paths", filters.paths.is_some() && filters.paths_ignore.is_some()),
    ];
    for (filter, _) in both.iter().filter(|(_, both)| *both) {
        let message = format!(
            "you may only define one of `{filter}` and `{filter}-ignore` for a single event"
        );
        diagnostics.error(Some(position), "contradicting-filters", message);
    }
    filters
}

fn schedule(diagnostics: &mut Diagnostics, item: &Token) -> Option<Schedule> {
    let cron = item.get("cron")?;
    let line = cron.literal_text()?.into_owned();
    if let Some(problem) = cron::problem(&line) {
        let message = format!("Invalid cron expression '{line}': {problem}");
        diagnostics.error(Some(cron.position), "cron", message);
    }
    let timezone = item.get("timezone").and_then(|token| timezone(diagnostics, token));
    Some(Schedule { position: item.position, cron: line, timezone })
}

fn timezone(diagnostics: &mut Diagnostics, token: &Token) -> Option<String> {
    let name = token.literal_text()?.into_owned();
    if name.parse::<Tz>().is_err() {
        let message = format!("Invalid timezone '{name}': it is no IANA time zone name");
        diagnostics.error(Some(token.position), "timezone", message);
    }
    Some(name)
}
