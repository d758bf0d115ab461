//! What only the page asks for: lists by cursor, attempts, payloads, summaries, forms, badges.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{GitRepository, NewJob, TestServer};
use crate::server_or_skip;

/// The ids of a list's runs.
fn ids(list: &Value) -> Vec<i64> {
    let runs = list["workflow_runs"].as_array().expect("runs");
    runs.iter().map(|run| run["id"].as_i64().expect("an id")).collect()
}

#[tokio::test]
async fn runs_are_paged_by_cursor_without_gap_or_repetition() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    let mut all = Vec::new();
    for n in 0..7 {
        all.push(server.rows().run(repository, &format!("push-{n}"), "completed").await.0);
    }
    all.reverse();
    let mut seen = Vec::new();
    let mut path = "/api/gantry/runs?per_page=3".to_owned();
    loop {
        let page = server.json(&path).await;
        seen.extend(ids(&page));
        // What begins in between belongs to the first page, and shifts no other.
        server.rows().run(repository, &format!("later-{}", seen.len()), "queued").await;
        match page["next_cursor"].as_i64() {
            Some(cursor) => path = format!("/api/gantry/runs?per_page=3&before={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, all);
}

#[tokio::test]
async fn runs_are_found_by_state_and_words() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    let done = server.rows().run(repository, "push-1", "completed").await;
    let open = server.rows().run(repository, "push-2", "in_progress").await;
    let sql = "update workflow_runs set display_title = 'Pay 100% of the_fee' where id = $1";
    server.rows().execute(sql, done.0).await;
    for (query, expected) in [
        ("", vec![open.0, done.0]),
        ("status=success", vec![done.0]),
        ("status=queued,in_progress", vec![open.0]),
        ("q=pay+FEE", vec![done.0]),
        ("q=100%25", vec![done.0]),
        ("q=the_fee", vec![done.0]),
        ("q=theXfee", vec![]),
        ("q=acme/app+ci", vec![open.0, done.0]),
        ("repository=acme/app&workflow=ci.yml&branch=main&event=push", vec![open.0, done.0]),
        ("branch=other", vec![]),
        ("actor=OctoCat", vec![open.0, done.0]),
    ] {
        assert_eq!(
            ids(&server.json(&format!("/api/gantry/runs?{query}")).await),
            expected,
            "{query}"
        );
    }
    for query in ["repository=acme/none", "repository=acme/app&workflow=none.yml"] {
        let answer =
            server.get(&format!("/api/gantry/runs?{query}")).send().await.expect("an answer");
        assert_eq!(answer.status(), 404, "{query}");
    }
}

#[tokio::test]
async fn an_earlier_attempt_is_shown_as_it_was() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    let run = server.rows().run(repository, "push-1", "completed").await;
    let job = server.rows().job(run, NewJob::new("test", "completed").concluded("failure")).await;
    let sql = "insert into step_summaries (job_id, step_number, content) values ($1, 2, '# Hi')";
    server.rows().execute(sql, job.0).await;
    let rerun = server
        .as_admin(Method::POST, &format!("/repos/acme/app/actions/runs/{run}/rerun"))
        .send()
        .await
        .expect("an answer");
    // A run without a plan is not run again; the attempt is made by hand here.
    assert_eq!(rerun.status(), 403);
    let sql = "insert into past_attempts (run_id, number, triggering_actor, conclusion,
             run_started_at, completed_at, updated_at)
         select id, 1, actor, 'failure', run_started_at, completed_at, updated_at
         from workflow_runs where id = $1";
    server.rows().execute(sql, run.0).await;
    let sql = "update workflow_runs set run_attempt = 2, status = 'queued', conclusion = null where id = $1";
    server.rows().execute(sql, run.0).await;

    let newest = server.json(&format!("/api/gantry/runs/{run}")).await;
    assert_eq!(
        (&newest["latest_attempt"], &newest["run"]["status"]),
        (&json!(2), &json!("queued"))
    );
    assert_eq!(newest["jobs"], json!([]));
    let first = server.json(&format!("/api/gantry/runs/{run}/attempts/1")).await;
    assert_eq!(first["latest_attempt"], 2);
    assert_eq!(first["run"]["conclusion"], "failure");
    assert_eq!(first["jobs"][0]["name"], "test");
    let summaries = server.json(&format!("/api/gantry/runs/{run}/attempts/1/summaries")).await;
    let expected = json!([{ "job_id": job.0, "step_number": 2, "markdown": "# Hi" }]);
    assert_eq!(summaries["summaries"], expected);
    let missing = server.get(&format!("/api/gantry/runs/{run}/attempts/3")).send().await;
    assert_eq!(missing.expect("an answer").status(), 404);
}

#[tokio::test]
async fn a_run_gives_the_payload_that_caused_it() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    let run = server.rows().run(repository, "push-1", "completed").await;
    let payload = server.json(&format!("/api/gantry/runs/{run}/payload")).await;
    assert_eq!(payload["head_commit"]["author"]["name"], "Mona");
    let missing = server.get("/api/gantry/runs/1/payload").send().await.expect("an answer");
    assert_eq!(missing.status(), 404);
}

const DEPLOY: &str = "
name: Deploy
on:
  workflow_dispatch:
    inputs:
      target: { type: environment, required: true, description: Where to }
      level: { type: choice, options: [quiet, loud], default: loud }
jobs:
  x: { runs-on: ubuntu-latest, steps: [{ run: 'true' }] }
";

/// A server with the repository `acme/app`, whose files are these.
async fn with_files(files: &[(&str, &str)]) -> Option<TestServer> {
    let server = TestServer::start().await?;
    let repository = GitRepository::create(server.directory.path(), files);
    server.rows().repository(repository.path()).await;
    Some(server)
}

#[tokio::test]
async fn the_form_of_a_dispatch_has_the_inputs_of_the_file_at_the_ref() {
    let files = [("deploy.yml", DEPLOY), ("broken.yml", "on: push\njobs: 1\n")];
    let Some(server) = with_files(&files).await else { return };
    let base = "/api/gantry/repositories/acme/app";
    let refs = server.json(&format!("{base}/refs")).await;
    assert_eq!(refs, json!({ "default_branch": "main", "branches": ["main"], "tags": [] }));

    let form = server.json(&format!("{base}/workflows/deploy.yml/dispatch?ref=main")).await;
    assert_eq!((&form["ref"], &form["name"]), (&json!("refs/heads/main"), &json!("Deploy")));
    let inputs = json!([
        { "name": "target", "description": "Where to", "kind": "environment", "required": true,
          "default": null, "options": [] },
        { "name": "level", "description": null, "kind": "choice", "required": false,
          "default": "loud", "options": ["quiet", "loud"] },
    ]);
    assert_eq!(form["inputs"], inputs);

    let listed = server.json(&format!("{base}/workflow-files")).await;
    let files: Vec<_> = listed["files"].as_array().expect("files").iter().collect();
    assert_eq!(files[0]["path"], ".github/workflows/broken.yml");
    assert!(!files[0]["diagnostics"].as_array().expect("a list").is_empty());
    assert_eq!(files[1]["events"], json!(["workflow_dispatch"]));
    for (path, status) in [
        ("workflows/none.yml/dispatch", 404),
        ("workflows/broken.yml/dispatch", 422),
        ("workflows/deploy.yml/dispatch?ref=none", 422),
        ("workflow-files?ref=none", 422),
    ] {
        let answer = server.get(&format!("{base}/{path}")).send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{path}");
    }
}

#[tokio::test]
async fn a_badge_is_shown_to_members_and_to_whoever_has_its_link() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    server.rows().run(repository, "push-1", "completed").await;
    let path = "/acme/app/actions/workflows/ci.yml/badge.svg";
    let svg = server.get(path).send().await.expect("an answer");
    assert_eq!(svg.headers()["content-type"], "image/svg+xml");
    assert!(svg.text().await.expect("a text").contains(">passing<"));
    let stranger = server.anonymous(Method::GET, path).send().await.expect("an answer");
    assert_eq!(stranger.status(), 401);

    let path = "/api/gantry/repositories/acme/app/workflows/ci.yml/badge-link";
    let link = server.as_admin(Method::GET, path).send().await.expect("an answer");
    let link: Value = link.json().await.expect("JSON");
    let link = link["url"].as_str().expect("a URL");
    let get = async |url: String| server.client.get(url).send().await.expect("an answer");
    let other = get(format!("{link}&branch=other")).await;
    assert!(other.text().await.expect("a text").contains(">no status<"));
    assert!(get(link.to_owned()).await.text().await.expect("a text").contains(">passing<"));
    let forged = link.replace("ci.yml", "secret.yml");
    assert_eq!(get(forged).await.status(), 403);
}

#[tokio::test]
async fn all_logs_of_a_run_are_searched() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    let run = server.rows().run(repository, "push-1", "completed").await;
    let first = server.rows().job(run, NewJob::new("a", "completed").concluded("success")).await;
    let second = server.rows().job(run, NewJob::new("b", "completed").concluded("failure")).await;
    server.rows().log_chunk(first, 0, "one\n2026-01-02T03:04:05Z Error: x.y\nthree\n").await;
    server.rows().log_chunk(second, 0, "\u{1b}[31merror\u{1b}[0m: xay\n").await;
    let base = format!("/api/gantry/runs/{run}/attempts/1/log-search");
    let hits = async |query: &str| {
        let found = server.json(&format!("{base}?{query}")).await;
        assert_eq!(found["is_cut"], false);
        found["hits"].as_array().expect("hits").clone()
    };
    let plain = hits("q=error:+x.y").await;
    let expected = json!([{
        "job_id": first.0, "step_number": 1, "line": 1, "text": "Error: x.y",
        "before": ["one"], "after": ["three"],
    }]);
    assert_eq!(json!(plain), expected);
    let pattern = hits("q=^error:+x.y$&regex=true").await;
    let jobs: Vec<_> = pattern.iter().map(|hit| hit["job_id"].clone()).collect();
    assert_eq!(jobs, [json!(first.0), json!(second.0)]);
    for query in ["q=", "q=(&regex=true"] {
        let answer = server.get(&format!("{base}?{query}")).send().await.expect("an answer");
        assert_eq!(answer.status(), 422, "{query}");
    }
}

#[tokio::test]
async fn a_small_first_page_of_a_log_is_followed_by_the_rest() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    let run = server.rows().run(repository, "push-1", "completed").await;
    let job = server.rows().job(run, NewJob::new("a", "completed").concluded("success")).await;
    for (sequence, text) in [(0, "one\n"), (1, "two\n"), (2, "three\n")] {
        server.rows().log_chunk(job, sequence, text).await;
    }
    let path = format!("/api/gantry/jobs/{job}/log");
    let first = server.json(&format!("{path}?max_bytes=4")).await;
    let texts = |page: &Value| -> Vec<String> {
        let chunks = page["chunks"].as_array().expect("chunks");
        chunks.iter().map(|chunk| chunk["text"].as_str().expect("a text").to_owned()).collect()
    };
    assert_eq!((texts(&first), &first["is_complete"]), (vec!["one\n".into()], &json!(false)));
    let rest = server.json(&format!("{path}?after=0")).await;
    let expected = vec!["two\n".to_owned(), "three\n".to_owned()];
    assert_eq!((texts(&rest), &rest["is_complete"]), (expected, &json!(true)));
}
