//! One job on the embedded runner in a real container.

use anyhow::Result;
use gantry_tests::{ServerOptions, TestRepository, TestServer, program, webhook};
use serde_json::Value;

/// A server with its embedded runner, and the completed run of `workflow`.
async fn run(workflow: &str, files: &[(&str, &str)]) -> Result<Option<(TestServer, Value)>> {
    if !program::docker_is_available()? {
        return Ok(None);
    }
    let mut all = vec![(".github/workflows/test.yml", workflow)];
    all.extend_from_slice(files);
    let repository = TestRepository::create(&all)?;
    let options = ServerOptions { embedded_runner: true, ..ServerOptions::default() };
    let server = TestServer::start_with(options).await?;
    server.register(&repository, "acme/app").await?;
    let payload = webhook::push("acme/app", "main", webhook::NO_COMMIT, &repository.head()?);
    server.deliver("push", "guid-1", &payload).await?;
    let run_id = server.wait_for_run("acme/app").await?;
    let view = server.wait_until_completed(run_id).await?;
    Ok(Some((server, view)))
}

async fn log(server: &TestServer, job: &Value) -> Result<String> {
    server.get_text(&format!("/repos/acme/app/actions/jobs/{}/logs", job["id"])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_share_files_environment_and_outputs() -> Result<()> {
    let workflow = r#"
on: push
env:
  GREETING: hello
jobs:
  build:
    runs-on: ubuntu-latest
    outputs:
      answer: ${{ steps.think.outputs.answer }}
    steps:
      - uses: actions/checkout@v4
      - run: test "$(cat data.txt)" = "from git"
      - id: think
        run: |
          echo "answer=42" >> "$GITHUB_OUTPUT"
          echo "MOOD=good" >> "$GITHUB_ENV"
      - run: echo "$GREETING ${{ steps.think.outputs.answer }} $MOOD"
      - name: Only after a failure
        if: failure()
        run: exit 1
  use:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - run: test "${{ needs.build.outputs.answer }}" = 42
"#;
    let Some((server, view)) = run(workflow, &[("data.txt", "from git\n")]).await? else {
        return Ok(());
    };
    assert_eq!(view["run"]["conclusion"], "success", "{view:#}");
    let log = log(&server, &view["jobs"][0]).await?;
    assert!(log.contains(" hello 42 good\n"), "{log}");
    let skipped = view["jobs"][0]["steps"].as_array().into_iter().flatten();
    assert!(skipped.into_iter().any(|step| step["conclusion"] == "skipped"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_step_ends_the_job_with_its_exit_code() -> Result<()> {
    let workflow = r#"
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: exit 7
      - run: echo not reached
      - if: always()
        run: echo cleaning up
"#;
    let Some((server, view)) = run(workflow, &[]).await? else { return Ok(()) };
    assert_eq!(view["run"]["conclusion"], "failure");
    let log = log(&server, &view["jobs"][0]).await?;
    assert!(log.contains("##[error]Process completed with exit code 7."), "{log}");
    assert!(log.contains(" cleaning up\n"), "{log}");
    assert!(!log.contains(" not reached\n"), "{log}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_services_on_one_port_are_reached_on_localhost() -> Result<()> {
    let workflow = r#"
on: push
jobs:
  integration:
    runs-on: ubuntu-latest
    services:
      first:
        image: gantry/postgres:15
        env: {POSTGRES_PASSWORD: one, POSTGRES_DB: first}
        ports: ["5432:5432"]
        options: --health-cmd "pg_isready -U postgres" --health-interval 1s --health-retries 30
      second:
        image: gantry/postgres:15
        env: {POSTGRES_PASSWORD: two, POSTGRES_DB: second}
        ports: ["5433:5432"]
        options: --health-cmd "pg_isready -U postgres" --health-interval 1s --health-retries 30
    steps:
      - run: |
          python3 - <<'END'
          import socket
          for port in (5432, int("${{ job.services.second.ports['5432'] }}")):
              with socket.create_connection(("localhost", port), timeout=10) as s:
                  s.sendall(bytes([0, 0, 0, 8, 4, 210, 22, 47]))
                  assert s.recv(1) in (b"N", b"S"), port
          END
"#;
    let Some((_server, view)) = run(workflow, &[]).await? else { return Ok(()) };
    assert_eq!(view["run"]["conclusion"], "success", "{view:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_image_is_named_in_the_job() -> Result<()> {
    let workflow = r#"
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    container: gantry/no-such-image:1
    steps:
      - run: echo never
"#;
    let Some((server, view)) = run(workflow, &[]).await? else { return Ok(()) };
    assert_eq!(view["run"]["conclusion"], "failure");
    let log = log(&server, &view["jobs"][0]).await?;
    assert!(log.contains("gantry/no-such-image:1"), "{log}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_ended_job_outlives_the_server() -> Result<()> {
    let workflow = r#"
on: push
jobs:
  quick:
    runs-on: ubuntu-latest
    strategy:
      matrix: {n: [1, 2, 3, 4]}
    steps:
      - run: "true"
"#;
    let Some((mut server, view)) = run(workflow, &[]).await? else { return Ok(()) };
    assert_eq!(view["run"]["conclusion"], "success", "{view:#}");
    // The removal is off the critical path, so it is under way at this moment.
    server.stop()?;
    assert_eq!(server.containers()?, Vec::<String>::new());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_called_workflow_sees_its_inputs_secrets_and_own_file() -> Result<()> {
    let caller = r#"
on: push
env:
  OF_CALLER: hidden
permissions:
  contents: read
  pull-requests: write
jobs:
  call:
    strategy:
      matrix:
        who: [world]
    uses: ./.github/workflows/called.yml
    with:
      greeting: hello ${{ matrix.who }}
      loud: true
  after:
    needs: call
    runs-on: ubuntu-latest
    steps:
      - run: test "${{ needs.call.outputs.said }}" = "hello world!"
"#;
    let called = r#"
on:
  workflow_call:
    inputs:
      greeting: { type: string, required: true }
      loud: { type: boolean }
    outputs:
      said: { value: "${{ jobs.say.outputs.said }}" }
env:
  OF_CALLED: visible
jobs:
  say:
    runs-on: ubuntu-latest
    outputs:
      said: ${{ steps.say.outputs.said }}
    steps:
      - run: test -z "$OF_CALLER" && test "$OF_CALLED" = visible
      - id: say
        run: echo "said=${{ inputs.greeting }}${{ inputs.loud && '!' || '' }}" >> "$GITHUB_OUTPUT"
      - run: echo "from ${{ job.workflow_repository }} ${{ job.workflow_file_path }} by $GITHUB_WORKFLOW_REF"
"#;
    let files = [(".github/workflows/called.yml", called)];
    let Some((server, view)) = run(caller, &files).await? else { return Ok(()) };
    assert_eq!(view["run"]["conclusion"], "success", "{view:#}");
    assert_eq!(view["jobs"][0]["name"], "call (world) / say");
    let log = log(&server, &view["jobs"][0]).await?;
    for part in [
        "##[group]GITHUB_TOKEN Permissions\n",
        " Contents: read\n",
        " PullRequests: write\n",
        " Uses: acme/app/.github/workflows/called.yml@refs/heads/main (",
        "##[group] Inputs\n",
        "   greeting: hello world\n",
        "   loud: true\n",
        " from acme/app .github/workflows/called.yml by acme/app/.github/workflows/test.yml@refs/heads/main\n",
    ] {
        assert!(log.contains(part), "`{part}` is not in: {log}");
    }
    Ok(())
}
