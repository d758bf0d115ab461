//! What a job's token may do (`semantics` 4.10). Calls have rules of their own, among the calls.

use gantry_workflow::advance::Scope;
use gantry_workflow::model::{Access, JobId};
use gantry_workflow::plan::{DefaultPermissions, RunContexts, plan};

use crate::files::{Files, load};
use crate::run::Run;

/// The access of job `a` of this file, where the repository gives `default`.
fn granted(file: &str, default: DefaultPermissions) -> Vec<(String, Access)> {
    let loaded = load(file, &Files(&[]), default).0.unwrap();
    let run = Run::with(plan(loaded.workflow, RunContexts::default(), "").unwrap(), &[]);
    let (scope, job) = Scope::of_job(&run.plan, &run.state, &JobId("a".to_owned())).unwrap();
    scope.permissions(job).granted()
}

fn owned(access: &[(&str, Access)]) -> Vec<(String, Access)> {
    access.iter().map(|(scope, access)| ((*scope).to_owned(), *access)).collect()
}

#[test]
fn behaviour_51_naming_one_scope_takes_all_others_and_a_job_replaces_its_file() {
    let metadata = ("metadata", Access::Read);
    let of = |top: &str, job: &str| {
        let file = format!("on: push\n{top}jobs: {{a: {{runs-on: x{job}}}}}\n");
        granted(&file, DefaultPermissions::Write)
    };
    let one = of("permissions: {contents: read}\n", "");
    assert_eq!(one, owned(&[("contents", Access::Read), metadata]));
    let replaced = of("permissions: {contents: read}\n", ", permissions: {issues: write}");
    assert_eq!(replaced, owned(&[("issues", Access::Write), metadata]));
    let nothing = of("permissions: write-all\n", ", permissions: {}");
    assert_eq!(nothing, owned(&[metadata]));
}

#[test]
fn a_file_that_says_nothing_has_what_the_repository_gives() {
    let file = "on: push\njobs: {a: {runs-on: x}}\n";
    let read = [("contents", Access::Read), ("metadata", Access::Read), ("packages", Access::Read)];
    assert_eq!(granted(file, DefaultPermissions::Read), owned(&read));
    let all = granted(file, DefaultPermissions::Write);
    let written = owned(&[("contents", Access::Write), ("id-token", Access::Write)]);
    assert!(written.iter().all(|scope| all.contains(scope)), "{all:?}");
}
