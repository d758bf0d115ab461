//! Which workflows start for an event, and the reason of those that do not (`semantics` 3).

use gantry_workflow::model::{EventTrigger, Filters};
use gantry_workflow::trigger::{Event, Selection, select};
use serde_json::{Value, json};

use crate::build::{strings, trigger, trigger_with_crons, workflow_on};

/// `None` when it starts, else the reason.
fn ask(on: EventTrigger, payload: &Value, files: Option<&[&str]>) -> Option<String> {
    let files = files.map(strings);
    let name = on.event.clone();
    let event = Event { name: &name, payload, changed_files: files.as_deref() };
    match select(&workflow_on(vec![on]), &event) {
        Selection::Starts => None,
        Selection::Skips { reason } => Some(reason),
    }
}

fn push_to(git_ref: &str) -> Value {
    json!({"ref": git_ref, "after": "abc", "head_commit": {"message": "change"}})
}

fn filtered(event: &str, set: impl FnOnce(&mut Filters)) -> EventTrigger {
    let mut on = trigger(event);
    set(&mut on.filters);
    on
}

#[test]
fn an_event_that_is_not_listed_does_not_start() {
    let workflow = workflow_on(vec![trigger("pull_request")]);
    let payload = push_to("refs/heads/main");
    let event = Event { name: "push", payload: &payload, changed_files: None };
    let reason = "`on` does not list `push`".to_owned();
    assert_eq!(select(&workflow, &event), Selection::Skips { reason });
}

#[test]
fn branch_filters_name_what_did_not_match() {
    let on = || filtered("push", |f| f.branches = Some(strings(&["main", "develop"])));
    assert_eq!(ask(on(), &push_to("refs/heads/main"), None), None);
    assert_eq!(
        ask(on(), &push_to("refs/heads/feature/x"), None).as_deref(),
        Some("branches filter: `feature/x` matches none of `main`, `develop`")
    );
}

#[test]
fn the_last_matching_pattern_decides() {
    let list = strings(&["releases/**", "!releases/**-alpha", "releases/keep-alpha"]);
    let on = || filtered("push", |f| f.branches = Some(list.clone()));
    assert_eq!(ask(on(), &push_to("refs/heads/releases/10"), None), None);
    assert_eq!(ask(on(), &push_to("refs/heads/releases/keep-alpha"), None), None);
    assert_eq!(
        ask(on(), &push_to("refs/heads/releases/10-alpha"), None).as_deref(),
        Some("branches filter: `releases/10-alpha` is excluded by `!releases/**-alpha`")
    );
}

#[test]
fn a_list_of_negatives_matches_nothing() {
    let on = filtered("push", |f| f.branches = Some(strings(&["!old"])));
    assert!(ask(on, &push_to("refs/heads/main"), None).is_some());
}

#[test]
fn an_ignore_list_keeps_out_what_it_matches() {
    let on = || filtered("push", |f| f.branches_ignore = Some(strings(&["wip/**"])));
    assert_eq!(ask(on(), &push_to("refs/heads/main"), None), None);
    assert_eq!(
        ask(on(), &push_to("refs/heads/wip/a"), None).as_deref(),
        Some("branches-ignore filter: `wip/a` matches `wip/**`")
    );
}

#[test]
fn filters_for_one_kind_of_ref_keep_the_other_out() {
    let branches = || filtered("push", |f| f.branches = Some(strings(&["**"])));
    let tags = || filtered("push", |f| f.tags = Some(strings(&["v*"])));
    let tags_ignore = || filtered("push", |f| f.tags_ignore = Some(strings(&["v*"])));
    let both = || {
        filtered("push", |f| {
            f.branches = Some(strings(&["main"]));
            f.tags = Some(strings(&["v*"]));
        })
    };
    let (branch, tag) = (push_to("refs/heads/main"), push_to("refs/tags/v1"));
    assert_eq!(
        ask(branches(), &tag, None).as_deref(),
        Some("`push` filters branches only, and `v1` is a tag")
    );
    assert_eq!(
        ask(tags(), &branch, None).as_deref(),
        Some("`push` filters tags only, and `main` is a branch")
    );
    assert!(ask(tags_ignore(), &branch, None).is_some());
    assert!(ask(tags_ignore(), &tag, None).is_some());
    assert_eq!(ask(tags(), &tag, None), None);
    assert_eq!(ask(both(), &branch, None), None);
    assert_eq!(ask(both(), &tag, None), None);
    assert_eq!(ask(trigger("push"), &tag, None), None);
}

#[test]
fn paths_need_one_file_and_paths_ignore_refuses_only_if_all_match() {
    let branch = push_to("refs/heads/main");
    let paths = || filtered("push", |f| f.paths = Some(strings(&["**", "!docs/**", "docs/k.md"])));
    let ignore = || filtered("push", |f| f.paths_ignore = Some(strings(&["docs/**"])));
    assert_eq!(ask(paths(), &branch, Some(&["docs/k.md"])), None);
    assert_eq!(ask(paths(), &branch, Some(&["docs/a.md", "src/a"])), None);
    assert_eq!(
        ask(paths(), &branch, Some(&["docs/a.md", "docs/b.md"])).as_deref(),
        Some(
            "paths filter: none of the changed files (`docs/a.md`, `docs/b.md`) matches `**`, \
             `!docs/**`, `docs/k.md`"
        )
    );
    assert_eq!(ask(ignore(), &branch, Some(&["docs/a.md", "src/b"])), None);
    assert_eq!(
        ask(ignore(), &branch, Some(&["docs/a.md"])).as_deref(),
        Some("paths-ignore filter: every changed file (`docs/a.md`) matches `docs/**`")
    );
}

#[test]
fn paths_pass_for_tags_and_for_unknown_files_but_not_for_no_files() {
    let paths = || filtered("push", |f| f.paths = Some(strings(&["src/**"])));
    let ignore = || filtered("push", |f| f.paths_ignore = Some(strings(&["src/**"])));
    assert_eq!(ask(paths(), &push_to("refs/tags/v1"), Some(&["docs/a"])), None);
    assert_eq!(ask(paths(), &push_to("refs/heads/main"), None), None);
    assert!(ask(paths(), &push_to("refs/heads/main"), Some(&[])).is_some());
    assert!(ask(ignore(), &push_to("refs/heads/main"), Some(&[])).is_some());
}

#[test]
fn branches_and_paths_must_both_pass() {
    let on = || {
        filtered("push", |f| {
            f.branches = Some(strings(&["main"]));
            f.paths = Some(strings(&["src/**"]));
        })
    };
    assert_eq!(ask(on(), &push_to("refs/heads/main"), Some(&["src/a"])), None);
    assert!(ask(on(), &push_to("refs/heads/main"), Some(&["docs/a"])).is_some());
    assert!(ask(on(), &push_to("refs/heads/dev"), Some(&["src/a"])).is_some());
}

#[test]
fn a_broken_pattern_is_the_reason() {
    let on = filtered("push", |f| f.branches = Some(strings(&["v[1"])));
    let reason = ask(on, &push_to("refs/heads/main"), None).unwrap();
    assert!(reason.starts_with("branches filter: `v[1` is not a valid filter pattern"), "{reason}");
}

#[test]
fn a_pull_request_is_filtered_by_its_base_branch() {
    let on = || filtered("pull_request", |f| f.branches = Some(strings(&["main"])));
    let to = |base: &str| json!({"action": "opened", "pull_request": {"base": {"ref": base}, "head": {"ref": "main"}}});
    assert_eq!(ask(on(), &to("main"), None), None);
    assert!(ask(on(), &to("dev"), None).is_some());
}

#[test]
fn pull_requests_have_default_types_and_other_events_take_all() {
    let opened = json!({"action": "opened"});
    let labeled = json!({"action": "labeled"});
    assert_eq!(ask(trigger("pull_request"), &opened, None), None);
    assert_eq!(
        ask(trigger("pull_request"), &labeled, None).as_deref(),
        Some(
            "types: activity `labeled` is none of `opened`, `synchronize`, `reopened` (the default)"
        )
    );
    let wants = |event: &str| {
        let mut on = trigger(event);
        on.types = Some(strings(&["labeled"]));
        on
    };
    assert_eq!(ask(wants("pull_request"), &labeled, None), None);
    assert_eq!(
        ask(wants("issues"), &opened, None).as_deref(),
        Some("types: activity `opened` is none of `labeled`")
    );
    assert_eq!(ask(trigger("issues"), &labeled, None), None);
    assert_eq!(ask(wants("push"), &push_to("refs/heads/main"), None), None);
}

#[test]
fn only_the_head_commit_of_a_push_can_skip() {
    let mut payload = push_to("refs/heads/main");
    payload["commits"] = json!([{"message": "older [skip ci]"}, {"message": "newest"}]);
    assert_eq!(ask(trigger("push"), &payload, None), None);
    payload["head_commit"]["message"] = json!("newest [skip ci]");
    assert_eq!(
        ask(trigger("push"), &payload, None).as_deref(),
        Some("the head commit's message has `[skip ci]`")
    );
    let dispatched = json!({"head_commit": {"message": "[skip ci]"}});
    assert_eq!(ask(trigger("workflow_dispatch"), &dispatched, None), None);
}

#[test]
fn a_schedule_starts_the_files_with_its_line() {
    let on = || trigger_with_crons(&["0 2 * * *", "30 4 * * 1"]);
    assert_eq!(ask(on(), &json!({"schedule": "30 4 * * 1"}), None), None);
    assert!(ask(on(), &json!({"schedule": "0 3 * * *"}), None).is_some());
}

#[test]
fn a_workflow_run_matches_by_name_and_by_the_head_branch() {
    let on = || {
        let mut on = filtered("workflow_run", |f| f.branches = Some(strings(&["main"])));
        on.workflows = strings(&["Build"]);
        on.types = Some(strings(&["completed"]));
        on
    };
    let run = |name: &str, branch: &str, action: &str| json!({"action": action, "workflow_run": {"name": name, "head_branch": branch}});
    assert_eq!(ask(on(), &run("Build", "main", "completed"), None), None);
    assert_eq!(
        ask(on(), &run("Test", "main", "completed"), None).as_deref(),
        Some("workflows: `Test` is none of `Build`")
    );
    assert!(ask(on(), &run("Build", "dev", "completed"), None).is_some());
    assert!(ask(on(), &run("Build", "main", "requested"), None).is_some());
}

#[test]
fn a_dispatch_starts_only_the_file_it_names() {
    let on = || trigger("workflow_dispatch");
    for asked in ["", "ci.yml", ".github/workflows/ci.yml"] {
        assert_eq!(ask(on(), &json!({"workflow": asked}), None), None, "{asked}");
    }
    for asked in ["i.yml", ".github/workflows/other.yml"] {
        assert!(ask(on(), &json!({"workflow": asked}), None).is_some(), "{asked}");
    }
}
