//! What each side makes of the cases: our crate by its example, the packages by a script.
//!
//! The packages are installed into the target folder, in fixed versions.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::corpus::Case;
use crate::command::say;
use crate::{root, target_dir, web};

/// One release of both, made together.
const VERSION: &str = "0.3.61";
const PACKAGES: [&str; 2] = ["@actions/expressions", "@actions/workflow-parser"];

const SCRIPTS: [(&str, &str); 2] = [
    ("peer.mjs", include_str!("peer.mjs")),
    ("json_modules.mjs", include_str!("json_modules.mjs")),
];

/// The answers of our crate, one for each case.
pub(super) fn ours(cases: &[Case]) -> Result<Vec<Value>> {
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "--package", "gantry-workflow", "--example", "outcomes"]);
    ask(command.current_dir(root()), cases)
}

/// The answers of the packages, one for each case.
pub(super) fn peers(cases: &[Case]) -> Result<Vec<Value>> {
    let folder = target_dir().join("peer-language");
    fs::create_dir_all(&folder)?;
    let dependencies = PACKAGES.map(|package| (package.to_owned(), json!(VERSION)));
    let manifest = json!({
        "private": true,
        "dependencies": serde_json::Map::from_iter(dependencies),
    });
    let manifest = serde_json::to_string_pretty(&manifest)?;
    let path = folder.join("package.json");
    let is_current = fs::read_to_string(&path).is_ok_and(|text| text == manifest);
    if !is_current || !folder.join("node_modules").exists() {
        say(&format!("installing {PACKAGES:?} {VERSION}"));
        fs::write(&path, &manifest)?;
        web::npm(&folder, &["install", "--no-audit", "--no-fund"])?;
    }
    for (name, script) in SCRIPTS {
        fs::write(folder.join(name), script)?;
    }
    let mut command = web::node()?;
    ask(command.arg("peer.mjs").current_dir(&folder), cases)
}

/// Gives all requests to a program and takes an answer for each.
fn ask(command: &mut Command, cases: &[Case]) -> Result<Vec<Value>> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting `{name}`"))?;
    let requests: String = cases.iter().map(|case| format!("{}\n", case.request)).collect();
    let mut input = child.stdin.take().context("the program's input")?;
    // The program answers while it reads, so somebody else has to write.
    let writer = std::thread::spawn(move || input.write_all(requests.as_bytes()));
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("`{name}` ended with {}", output.status);
    }
    drop(writer.join());
    let text = String::from_utf8(output.stdout)?;
    let answers = text.lines().map(serde_json::from_str).collect::<Result<Vec<_>, _>>()?;
    if answers.len() != cases.len() {
        bail!("`{name}` gave {} answers to {} requests", answers.len(), cases.len());
    }
    Ok(answers)
}
