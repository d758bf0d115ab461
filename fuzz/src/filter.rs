//! Promises of the patterns of `branches`, `tags` and `paths`.

use std::sync::LazyLock;

use gantry_workflow::model::{Filters, Workflow, read_workflow};
use gantry_workflow::trigger::{Event, Pattern, Selection, select};

/// The first line is a name, the others are patterns. A filter starts or says why not; a filter and
/// its `-ignore` form disagree about one plain pattern.
pub fn filter(text: &str) {
    let mut lines = text.lines();
    let name = lines.next().unwrap_or_default().to_owned();
    let patterns: Vec<String> = lines.map(str::to_owned).collect();
    for pattern in &patterns {
        if let Ok(pattern) = Pattern::parse(pattern) {
            let _ = pattern.matches(&name);
        }
    }
    let only = |filters: Filters| starts(&name, filters);
    let by_branch = only(Filters { branches: Some(patterns.clone()), ..Filters::default() });
    let by_path = only(Filters { paths: Some(patterns.clone()), ..Filters::default() });
    assert_eq!(by_branch, by_path, "a branch and the only changed file of the same name");
    let ignored = only(Filters { branches_ignore: Some(patterns.clone()), ..Filters::default() });
    let are_valid = patterns.iter().all(|pattern| Pattern::parse(pattern).is_ok());
    if are_valid {
        assert_eq!(by_branch, !ignored, "`branches` and `branches-ignore` of the same patterns");
    }
}

/// Whether a push of the branch `name`, which changed one file of that name, starts a workflow.
fn starts(name: &str, filters: Filters) -> bool {
    let workflow = workflow(filters);
    let payload = serde_json::json!({ "ref": format!("refs/heads/{name}") });
    let changed = [name.to_owned()];
    let event = Event { name: "push", payload: &payload, changed_files: Some(&changed) };
    match select(&workflow, &event) {
        Selection::Starts => true,
        Selection::Skips { reason } => {
            assert!(!reason.is_empty());
            false
        }
    }
}

fn workflow(filters: Filters) -> Workflow {
    let mut workflow = PLAIN.clone();
    workflow.on[0].filters = filters;
    workflow
}

static PLAIN: LazyLock<Workflow> = LazyLock::new(|| {
    let text = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: x\n";
    read_workflow("filter.yml", text).0.expect("a valid workflow")
});
