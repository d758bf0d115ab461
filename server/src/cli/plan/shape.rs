//! A forecast for programs. Pure.

use std::iter;

use gantry_workflow::template::{Token, TokenKind};
use serde_json::{Map, Value, json};

use super::forecast::{Forecast, Outcome};
use super::simulate::{Fate, JobForecast};

/// `{workflow, path, event, ref, starts, reason, jobs: [...]}`.
pub(super) fn of(forecast: &Forecast) -> Value {
    let Forecast { path, workflow, event, git_ref, outcome } = forecast;
    let mut shape = json!({
        "workflow": workflow,
        "path": path,
        "event": event,
        "ref": git_ref,
        "starts": false,
        "reason": null,
        "jobs": [],
    });
    match outcome {
        Outcome::DoesNot { reason } => shape["reason"] = reason.as_str().into(),
        Outcome::Starts { title, concurrency, jobs } => {
            shape["starts"] = true.into();
            shape["title"] = title.as_str().into();
            shape["concurrency"] = concurrency.as_deref().into();
            shape["jobs"] = jobs.iter().flat_map(entries).collect();
        }
    }
    shape
}

/// One entry for each leg, with what it calls behind it; one for a job that has none.
fn entries(forecast: &JobForecast) -> Vec<Value> {
    let entry = || {
        let JobForecast { job, unknown, .. } = forecast;
        let strategy = job.strategy.as_ref().and_then(|strategy| strategy.matrix.as_ref());
        let mut entry = json!({
            "id": forecast.key,
            "name": forecast.name,
            "needs": forecast.needs(),
            "matrix": null,
            "runs_on": [],
            "environment": null,
            "if": forecast.written_condition(),
            "condition": job.condition.text(),
            "runs": forecast.runs(),
            "reason": forecast.reason(),
        });
        if let Some(uses) = forecast.uses() {
            entry["uses"] = uses.into();
        }
        if unknown.matrix {
            entry["matrix"] = strategy.map(as_written).unwrap_or_default();
        }
        entry
    };
    match &forecast.fate {
        Fate::Runs(legs) => legs
            .iter()
            .zip(&forecast.called)
            .flat_map(|(leg, called)| {
                let mut entry = entry();
                entry["name"] = leg.name.as_str().into();
                entry["environment"] = leg.environment.as_deref().into();
                if forecast.uses().is_none() {
                    entry["runs_on"] = leg.runs_on.clone().into();
                }
                if !forecast.unknown.matrix {
                    entry["matrix"] = leg.matrix.to_json();
                }
                iter::once(entry).chain(called.iter().flat_map(entries))
            })
            .collect(),
        Fate::Ends { name, .. } => {
            let mut entry = entry();
            entry["name"] = name.as_str().into();
            vec![entry]
        }
        Fate::Waits => vec![entry()],
    }
}

/// A template as the file has it.
fn as_written(token: &Token) -> Value {
    match &token.kind {
        TokenKind::Sequence(items) => items.iter().map(as_written).collect(),
        TokenKind::Mapping(pairs) => {
            let pair =
                |(key, value): &(Token, Token)| (key.display().into_owned(), as_written(value));
            Value::Object(pairs.iter().map(pair).collect::<Map<_, _>>())
        }
        TokenKind::Null => Value::Null,
        TokenKind::Bool(value) => (*value).into(),
        TokenKind::Number(number) => (*number).into(),
        TokenKind::String(_) | TokenKind::Expression(_) | TokenKind::Insert => {
            token.display().into_owned().into()
        }
    }
}
