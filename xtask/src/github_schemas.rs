//! GitHub's description of its REST API, reduced to the answers of the operations that matter here.
//!
//! The tests hold our answers against it. It is made from a pinned npm package into the target
//! folder and is never committed. Invariant: the result is plain JSON Schema; what `OpenAPI` 3.0 calls
//! `nullable` has become a type.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::command::{run, say};
use crate::target_dir;

/// The package with GitHub's `OpenAPI` documents.
const PACKAGE: &str = "@octokit/openapi@23.0.2";

/// The document inside of it.
const DOCUMENT: &str = "package/generated/api.github.com.json";

/// Operations are kept when their path is one of these, or lies below one that ends with `/`.
const PATHS: &[&str] = &[
    "/",
    "/app",
    "/app/",
    "/app-manifests/",
    "/installation/",
    "/meta",
    "/user",
    "/rate_limit",
    "/orgs/{org}/actions/secrets/",
    "/orgs/{org}/actions/secrets",
    "/orgs/{org}/actions/variables/",
    "/orgs/{org}/actions/variables",
    "/repos/{owner}/{repo}",
    "/repos/{owner}/{repo}/actions/",
    "/repos/{owner}/{repo}/activity",
    "/repos/{owner}/{repo}/check-runs",
    "/repos/{owner}/{repo}/check-runs/",
    "/repos/{owner}/{repo}/commits/",
    "/repos/{owner}/{repo}/compare/",
    "/repos/{owner}/{repo}/contents/",
    "/repos/{owner}/{repo}/deployments",
    "/repos/{owner}/{repo}/deployments/",
    "/repos/{owner}/{repo}/dispatches",
    "/repos/{owner}/{repo}/environments",
    "/repos/{owner}/{repo}/environments/",
    "/repos/{owner}/{repo}/git/",
    "/repos/{owner}/{repo}/installation",
    "/repos/{owner}/{repo}/issues",
    "/repos/{owner}/{repo}/pulls",
    "/repos/{owner}/{repo}/pulls/",
    "/repos/{owner}/{repo}/statuses/",
];

/// Makes `target/github-schemas.json`, unless it is there.
pub(crate) fn ensure() -> Result<()> {
    let place = target_dir().join("github-schemas.json");
    let version = format!("{PACKAGE} {}", PATHS.join(" "));
    if stored_version(&place).as_ref() == Some(&version) {
        return Ok(());
    }
    say(&format!("reducing GitHub's API description from {PACKAGE}"));
    let document = read_package().with_context(|| format!("reading {PACKAGE}"))?;
    let mut reduced = reduce(&document)?;
    reduced["version"] = json!(version);
    std::fs::write(&place, serde_json::to_vec(&reduced)?)
        .with_context(|| format!("writing {}", place.display()))
}

fn stored_version(place: &Path) -> Option<String> {
    let stored: Value = serde_json::from_slice(&std::fs::read(place).ok()?).ok()?;
    stored["version"].as_str().map(str::to_owned)
}

fn read_package() -> Result<Value> {
    let folder = tempfile::tempdir()?;
    run(Command::new("npm").args(["pack", "--silent", PACKAGE]).current_dir(folder.path()))?;
    let archive = std::fs::read_dir(folder.path())?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "tgz"))
        .context("npm left no archive")?;
    let unpacked: PathBuf = folder.path().join(DOCUMENT);
    run(Command::new("tar").arg("-xzf").arg(archive).arg(DOCUMENT).current_dir(folder.path()))?;
    Ok(serde_json::from_slice(&std::fs::read(unpacked)?)?)
}

/// `{operations: {"GET /path": {"200": schema}}, components: {schemas}}`
fn reduce(document: &Value) -> Result<Value> {
    let mut operations = Map::new();
    let paths = document["paths"].as_object().context("the document has no paths")?;
    for (path, methods) in paths.iter().filter(|(path, _)| is_kept(path)) {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let answers = answers(document, operation);
            operations.insert(format!("{} {path}", method.to_uppercase()), answers);
        }
    }
    let schemas = reachable(document, &Value::Object(operations.clone()));
    Ok(json!({ "operations": operations, "components": { "schemas": schemas } }))
}

fn is_kept(path: &str) -> bool {
    PATHS.iter().any(|kept| {
        path == *kept || (kept.len() > 1 && kept.ends_with('/') && path.starts_with(kept))
    })
}

/// Per status the schema of the JSON body; null for an answer without one.
fn answers(document: &Value, operation: &Value) -> Value {
    let answers = operation["responses"].as_object().into_iter().flatten();
    answers
        .map(|(status, answer)| {
            let answer = match answer["$ref"].as_str().and_then(|name| name.strip_prefix('#')) {
                Some(pointer) => document.pointer(pointer).unwrap_or(answer),
                None => answer,
            };
            (status.clone(), plain(&answer["content"]["application/json"]["schema"]))
        })
        .collect::<Map<_, _>>()
        .into()
}

/// Every schema that the operations lead to.
fn reachable(document: &Value, operations: &Value) -> Map<String, Value> {
    let mut found = Map::new();
    let mut to_visit = references(operations);
    while let Some(name) = to_visit.pop_first() {
        if found.contains_key(&name) {
            continue;
        }
        let schema = plain(&document["components"]["schemas"][&name]);
        to_visit.extend(references(&schema));
        found.insert(name, schema);
    }
    found
}

fn references(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(map) => {
            let own = map.get("$ref").and_then(Value::as_str);
            let own = own.and_then(|text| text.strip_prefix("#/components/schemas/"));
            own.map(str::to_owned).into_iter().chain(map.values().flat_map(references)).collect()
        }
        Value::Array(list) => list.iter().flat_map(references).collect(),
        _ => BTreeSet::new(),
    }
}

/// Without what does not decide validity, and with null as a type of its own.
fn plain(schema: &Value) -> Value {
    match schema {
        Value::Object(map) => plain_object(map),
        Value::Array(list) => list.iter().map(plain).collect(),
        other => other.clone(),
    }
}

fn plain_object(map: &Map<String, Value>) -> Value {
    let is_noise = |key: &str| {
        matches!(key, "description" | "title" | "externalDocs" | "deprecated" | "default")
            || key.starts_with("example")
            || key.starts_with("x-")
    };
    let mut kept = Map::new();
    for (key, value) in map {
        // Below `properties` keys are names, not keywords.
        if key == "properties" && value.is_object() {
            let properties = value.as_object().into_iter().flatten();
            let properties = properties.map(|(name, schema)| (name.clone(), plain(schema)));
            kept.insert(key.clone(), Value::Object(properties.collect()));
        } else if !is_noise(key) && key != "nullable" {
            kept.insert(key.clone(), plain(value));
        }
    }
    match map.get("nullable") {
        Some(Value::Bool(true)) => json!({ "anyOf": [{ "type": "null" }, kept] }),
        _ => Value::Object(kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_null_gets_the_type_and_properties_keep_their_names() {
        let schema = json!({
            "type": "object",
            "description": "words",
            "properties": {
                "description": { "type": "string", "nullable": true, "example": "x" },
                "owner": { "$ref": "#/components/schemas/user", "nullable": true },
            },
        });
        let expected = json!({
            "type": "object",
            "properties": {
                "description": { "anyOf": [{ "type": "null" }, { "type": "string" }] },
                "owner": { "anyOf": [{ "type": "null" }, { "$ref": "#/components/schemas/user" }] },
            },
        });
        assert_eq!(plain(&schema), expected);
    }

    #[test]
    fn only_schemas_that_an_answer_leads_to_are_kept() {
        let document = json!({
            "paths": {
                "/meta": { "get": { "responses": {
                    "200": { "$ref": "#/components/responses/meta" },
                    "304": { "description": "not modified" },
                } } },
                "/gists": { "get": {} },
            },
            "components": {
                "responses": { "meta": { "content": { "application/json": {
                    "schema": { "$ref": "#/components/schemas/meta" },
                } } } },
                "schemas": {
                    "meta": { "items": { "$ref": "#/components/schemas/part" } },
                    "part": { "type": "string" },
                    "gist": { "type": "object" },
                },
            },
        });
        let reduced = reduce(&document).expect("reduced");
        let names: Vec<_> =
            reduced["components"]["schemas"].as_object().expect("a map").keys().collect();
        assert_eq!(names, ["meta", "part"]);
        assert_eq!(reduced["operations"].as_object().expect("a map").len(), 1);
        assert_eq!(reduced["operations"]["GET /meta"]["304"], Value::Null);
    }
}
