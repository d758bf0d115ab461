//! What a plan fixes: titles, concurrency and the `github` context.

use gantry_workflow::expr::Value;
use gantry_workflow::model::read_workflow;
use gantry_workflow::plan::{
    Account, GithubContext, RepositoryIdentity, RunContexts, RunPlan, ServerUrls, default_title,
    plan,
};
use gantry_workflow::trigger::{Origin, WorkflowSource};
use serde_json::json;

fn planned(head: &str, jobs: &str) -> Result<RunPlan, Vec<String>> {
    let text = format!("{head}on: push\njobs:\n{jobs}");
    let (workflow, diagnostics) = read_workflow(".github/workflows/ci.yml", &text);
    let workflow = workflow.unwrap_or_else(|| panic!("{diagnostics:#?}"));
    let contexts = RunContexts {
        github: Value::from_json(&json!({"ref": "refs/heads/main", "actor": "mona"})),
        inputs: Value::Null,
        vars: Value::from_json(&json!({"BLANK": " "})),
    };
    plan(workflow, contexts, "the default")
        .map_err(|all| all.iter().map(ToString::to_string).collect())
}

const JOB: &str = "  a: {runs-on: x, steps: [{run: 'true'}]}\n";

#[test]
fn a_run_name_is_evaluated_and_an_empty_one_is_the_default() {
    for (head, title) in [
        ("", "the default"),
        ("run-name: Deploy by ${{ github.actor }}\n", "Deploy by mona"),
        ("run-name: ${{ vars.BLANK }}\n", "the default"),
        ("run-name: ${{ inputs.none }}\n", "the default"),
    ] {
        assert_eq!(planned(head, JOB).unwrap().display_title, title, "{head}");
    }
}

#[test]
fn the_workflows_concurrency_is_evaluated() {
    let head = "concurrency: {group: 'ci-${{ github.ref }}', cancel-in-progress: true}\n";
    let slot = planned(head, JOB).unwrap().concurrency.unwrap();
    assert_eq!((slot.group.as_str(), slot.cancel_in_progress), ("ci-refs/heads/main", true));
    assert!(planned("", JOB).unwrap().concurrency.is_none());
}

#[test]
fn what_cannot_be_planned_is_a_diagnostic_at_its_place() {
    let long = "x".repeat(401);
    for (head, jobs, message) in [
        (
            "concurrency: ${{ vars.none }}\n",
            JOB,
            "(Line: 1, Col: 14): Error when evaluating 'concurrency'. Concurrency group name \
             cannot be empty"
                .to_owned(),
        ),
        (
            &*format!("concurrency: ${{{{ github.ref }}}}{long}\n"),
            JOB,
            "Concurrency group name must be less than 400 characters".to_owned(),
        ),
        (
            "run-name: ${{ fromJSON('[1]') }}\n",
            JOB,
            "Error when evaluating 'run-name'. A sequence was not expected".to_owned(),
        ),
        (
            "concurrency: Deploy\n",
            "  a: {runs-on: x, concurrency: deploy, steps: [{run: 'true'}]}\n",
            "a deadlock was detected for concurrency group: 'Deploy'".to_owned(),
        ),
    ] {
        let errors = planned(head, jobs).unwrap_err();
        assert!(errors.len() == 1 && errors[0].contains(&message), "{errors:?}");
    }
}

#[test]
fn a_plan_survives_storage() {
    let head = "run-name: ${{ github.actor }}\nconcurrency: {group: g, queue: max}\n";
    let job = "  a: {runs-on: '${{ github.ref }}', if: always(), steps: [{run: 'true'}]}\n";
    let before = planned(head, job).unwrap();
    let stored = serde_json::to_string(&before).unwrap();
    let after: RunPlan = serde_json::from_str(&stored).unwrap();
    assert_eq!(serde_json::to_string(&after).unwrap(), stored);
    assert_eq!(after.concurrency, before.concurrency);
}

#[test]
fn default_titles_are_githubs() {
    for (event, payload, title) in [
        ("push", json!({"head_commit": {"message": "Fix it\n\nbody"}}), "Fix it"),
        ("push", json!({"head_commit": null}), "CI"),
        ("pull_request", json!({"pull_request": {"title": "Add x"}}), "Add x"),
        ("workflow_dispatch", json!({}), "CI"),
        ("schedule", json!({"schedule": "0 0 * * *"}), "CI"),
        ("repository_dispatch", json!({"action": "rebuild"}), "rebuild"),
        ("issue_comment", json!({"issue": {"title": "Broken"}}), "Broken"),
        ("release", json!({"release": {"name": "", "tag_name": "v1"}}), "v1"),
    ] {
        assert_eq!(default_title(event, &payload, "CI"), title, "{event}");
    }
}

fn context_for(git_ref: &str) -> serde_json::Value {
    let event = json!({"number": 7});
    let origin = Origin {
        sha: "abc".to_owned(),
        git_ref: git_ref.to_owned(),
        head_ref: "topic".to_owned(),
        base_ref: "main".to_owned(),
        source: WorkflowSource::EventCommit,
    };
    GithubContext {
        event_name: "pull_request",
        event: &event,
        origin: &origin,
        repository: RepositoryIdentity { full_name: "mona/app", id: 11, owner_id: 12 },
        actor: Account { login: "mona", id: 13 },
        triggering_actor: "hubot",
        run_id: 14,
        run_number: 15,
        run_attempt: 2,
        workflow_name: "CI",
        workflow_path: ".github/workflows/ci.yml",
        workflow_sha: "def",
        ref_protected: false,
        retention_days: 90,
        urls: ServerUrls::GITHUB,
    }
    .to_value()
    .to_json()
}

#[test]
fn the_github_context_has_what_the_server_knows() {
    let context = context_for("refs/pull/7/merge");
    for (key, value) in [
        ("ref", json!("refs/pull/7/merge")),
        ("ref_name", json!("7/merge")),
        ("ref_type", json!("branch")),
        ("ref_protected", json!(false)),
        ("sha", json!("abc")),
        ("head_ref", json!("topic")),
        ("base_ref", json!("main")),
        ("event_name", json!("pull_request")),
        ("event", json!({"number": 7})),
        ("repository", json!("mona/app")),
        ("repository_id", json!("11")),
        ("repository_owner", json!("mona")),
        ("repository_owner_id", json!("12")),
        ("repositoryUrl", json!("git://github.com/mona/app.git")),
        ("actor", json!("mona")),
        ("actor_id", json!("13")),
        ("triggering_actor", json!("hubot")),
        ("run_id", json!("14")),
        ("run_number", json!("15")),
        ("run_attempt", json!("2")),
        ("retention_days", json!("90")),
        ("workflow", json!("CI")),
        ("workflow_ref", json!("mona/app/.github/workflows/ci.yml@refs/pull/7/merge")),
        ("workflow_sha", json!("def")),
        ("server_url", json!("https://github.com")),
        ("api_url", json!("https://api.github.com")),
        ("graphql_url", json!("https://api.github.com/graphql")),
    ] {
        assert_eq!(context[key], value, "{key}");
    }
}

#[test]
fn ref_names_are_short_and_tags_are_tags() {
    for (git_ref, name, kind) in [
        ("refs/heads/feature/x", "feature/x", "branch"),
        ("refs/tags/v1", "v1", "tag"),
        ("", "", ""),
    ] {
        let context = context_for(git_ref);
        assert_eq!(context["ref_name"], json!(name));
        assert_eq!(context["ref_type"], json!(kind));
    }
}
