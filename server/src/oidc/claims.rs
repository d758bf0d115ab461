//! What an identity token says: GitHub's claims (`protocols` 4). Pure.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::config::SubjectFormat;
use crate::runs::JobFacts;

/// How long a token lives.
const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// Clocks of those who verify may be behind ours; as much as GitHub allows them.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(10);

/// The claims that a token may have.
pub(super) const NAMES: [&str; 31] = [
    "sub",
    "aud",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "ref",
    "sha",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
    "run_id",
    "run_number",
    "run_attempt",
    "runner_environment",
    "actor",
    "actor_id",
    "workflow",
    "workflow_ref",
    "workflow_sha",
    "head_ref",
    "base_ref",
    "event_name",
    "ref_type",
    "ref_protected",
    "environment",
    "job_workflow_ref",
    "job_workflow_sha",
];

/// Everything a token is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) issuer: &'a str,
    pub(super) facts: &'a JobFacts,
    /// Absent: the owner's page, as on GitHub.
    pub(super) audience: Option<&'a str>,
    pub(super) format: SubjectFormat,
    pub(super) now: DateTime<Utc>,
}

/// The claims of a token.
pub(super) fn claims(request: Request<'_>) -> Map<String, Value> {
    let Request { issuer, facts, now, .. } = request;
    let github = |name: &str| text(&facts.github[name]);
    let owner = github("repository_owner");
    let audience =
        request.audience.map_or_else(|| format!("{}/{owner}", github("server_url")), str::to_owned);
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("jti", json!(Uuid::new_v4()));
    put("iss", json!(issuer));
    put("sub", json!(subject(facts, request.format)));
    put("aud", json!(audience));
    put("iat", json!(now.timestamp()));
    put("nbf", json!((now - CLOCK_SKEW).timestamp()));
    put("exp", json!((now + LIFETIME).timestamp()));
    let same = [
        "ref",
        "sha",
        "repository",
        "repository_id",
        "repository_owner",
        "repository_owner_id",
        "run_id",
        "run_number",
        "run_attempt",
        "actor",
        "actor_id",
        "workflow",
        "workflow_ref",
        "workflow_sha",
        "head_ref",
        "base_ref",
        "event_name",
        "ref_type",
        "ref_protected",
    ];
    for name in same {
        put(name, json!(github(name)));
    }
    put("repository_visibility", json!(visibility(&facts.github["event"])));
    put("runner_environment", json!("self-hosted"));
    put("check_run_id", json!(facts.job.to_string()));
    put("job_workflow_ref", json!(facts.job_workflow_ref));
    put("job_workflow_sha", json!(facts.job_workflow_sha));
    if let Some(environment) = &facts.environment {
        put("environment", json!(environment));
    }
    claims
}

/// The environment counts more than the event, and the event more than the ref.
fn subject(facts: &JobFacts, format: SubjectFormat) -> String {
    let github = |name: &str| escaped(&text(&facts.github[name]));
    let owner = github("repository_owner");
    let name = github("repository");
    let name = name.split_once('/').map_or(name.as_str(), |(_, name)| name);
    let repository = match format {
        SubjectFormat::Names => format!("{owner}/{name}"),
        SubjectFormat::Numbers => {
            format!("{owner}@{}/{name}@{}", github("repository_owner_id"), github("repository_id"))
        }
    };
    let context = match (&facts.environment, github("event_name").as_str()) {
        (Some(environment), _) => format!("environment:{}", escaped(environment)),
        (None, "pull_request") => "pull_request".to_owned(),
        (None, _) => format!("ref:{}", github("ref")),
    };
    format!("repo:{repository}:{context}")
}

/// Colons separate the parts.
fn escaped(value: &str) -> String {
    value.replace(':', "%3A")
}

/// Numbers are texts in the claims.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn visibility(event: &Value) -> &str {
    match (&event["repository"]["visibility"], &event["repository"]["private"]) {
        (Value::String(visibility), _) => visibility,
        (_, Value::Bool(false)) => "public",
        _ => "private",
    }
}

#[cfg(test)]
mod tests {
    use gantry_protocol::JobId;

    use super::*;

    fn facts(event: &str, environment: Option<&str>) -> JobFacts {
        JobFacts {
            job: JobId(7),
            github: json!({
                "event_name": event, "ref": "refs/heads/main", "repository": "octo/app",
                "repository_owner": "octo", "repository_owner_id": "1", "repository_id": "2",
                "server_url": "https://github.com", "event": {},
            }),
            environment: environment.map(str::to_owned),
            job_workflow_ref: String::new(),
            job_workflow_sha: String::new(),
        }
    }

    #[test]
    fn the_subject_names_the_environment_before_the_event_before_the_ref() {
        let of = |event, environment| subject(&facts(event, environment), SubjectFormat::Names);
        assert_eq!(of("push", None), "repo:octo/app:ref:refs/heads/main");
        assert_eq!(of("pull_request", None), "repo:octo/app:pull_request");
        assert_eq!(of("pull_request", Some("a:b")), "repo:octo/app:environment:a%3Ab");
    }

    #[test]
    fn the_other_format_has_the_numbers_of_owner_and_repository() {
        assert_eq!(
            subject(&facts("push", None), SubjectFormat::Numbers),
            "repo:octo@1/app@2:ref:refs/heads/main"
        );
    }

    #[test]
    fn a_token_lives_for_ten_minutes_and_is_for_the_owner_when_nobody_else_is_named() {
        let (facts, now) = (facts("push", None), DateTime::<Utc>::UNIX_EPOCH);
        let request = Request {
            issuer: "https://ci.example",
            facts: &facts,
            audience: None,
            format: SubjectFormat::Names,
            now,
        };
        let own = claims(request);
        assert_eq!((&own["iat"], &own["exp"]), (&json!(0), &json!(600)));
        assert_eq!(own["aud"], "https://github.com/octo");
        assert!(!own.contains_key("environment"));
        let other = claims(Request { audience: Some("sts.example"), ..request });
        assert_eq!(other["aud"], "sts.example");
    }
}
