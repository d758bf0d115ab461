//! Files per second: from the disk to the jobs of a run.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use chrono::DateTime;
use gantry_workflow::advance::{RunState, advance};
use gantry_workflow::expr::Value;
use gantry_workflow::model::read_workflow;
use gantry_workflow::plan::{RunContexts, plan};

use super::contender::{Contender, Kind, Program, race};
use super::peers;
use super::table::{Goal, Table};

pub(super) fn measure(table: &mut Table) -> Result<()> {
    let paths = peers::workflow_files()?;
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let parser = Program::script("workflows.mjs", &names)?;
    let wrkflw = Program::start(Command::new(peers::wrkflw()?), &names)?;
    let mut contenders = [
        Contender { name: "gantry: read, check, plan, first jobs", kind: ours(&paths) },
        Contender { name: "wrkflw 0.8: read, validate", kind: Kind::Program(wrkflw) },
        Contender { name: "@actions/workflow-parser: parse, convert", kind: Kind::Program(parser) },
    ];
    let rates = race(&mut contenders)?;
    let goals = [Goal::None, Goal::TimesAsFast(1.0), Goal::TimesAsFast(10.0)];
    table.add("workflow files per second", &contenders.map(|it| it.name), &rates, &goals);
    Ok(())
}

fn ours(paths: &[PathBuf]) -> Kind<'_> {
    let event = serde_json::json!({ "ref": "refs/heads/main", "after": "1" });
    let github = Value::object([
        ("event_name".to_owned(), Value::string("push")),
        ("ref".to_owned(), Value::string("refs/heads/main")),
        ("event".to_owned(), Value::from_json(&event)),
    ]);
    Kind::Function(Box::new(move || {
        for path in paths {
            let text = std::fs::read_to_string(path)?;
            let (workflow, _) = read_workflow("bench.yml", &text);
            let workflow = workflow.with_context(|| format!("{} is wrong", path.display()))?;
            let contexts = RunContexts { github: github.clone(), ..RunContexts::default() };
            let planned = plan(workflow, contexts, "bench");
            let planned = planned.ok().with_context(|| format!("{} fails", path.display()))?;
            let jobs = advance(&planned, &RunState::default(), DateTime::UNIX_EPOCH);
            ensure!(!jobs.is_empty(), "{} starts no job", path.display());
        }
        Ok(paths.len())
    }))
}
