//! The runner's own actions for artifacts and caches, in real containers, against the real server.

use anyhow::{Context as _, Result};
use gantry_tests::{ServerOptions, TestRepository, TestServer, program, webhook};
use serde_json::Value;

/// A server whose runner never downloads an action that it brings along.
async fn server(workflow: &str) -> Result<Option<(TestServer, TestRepository)>> {
    if !program::docker_is_available()? {
        return Ok(None);
    }
    let repository = TestRepository::create(&[(".github/workflows/test.yml", workflow)])?;
    let arguments = ["--builtin-actions", "always"].map(str::to_owned).to_vec();
    let options = ServerOptions { embedded_runner: true, arguments, ..ServerOptions::default() };
    let server = TestServer::start_with(options).await?;
    server.register(&repository, "acme/app").await?;
    Ok(Some((server, repository)))
}

/// Pushes, and answers the run that has ended and its log.
async fn push(
    (server, repository): (&TestServer, &TestRepository),
    guid: &str,
) -> Result<(Value, String)> {
    let before = server.get("/repos/acme/app/actions/runs").await?["total_count"].clone();
    let payload = webhook::push("acme/app", "main", webhook::NO_COMMIT, &repository.head()?);
    server.deliver("push", guid, &payload).await?;
    let mut run = server.wait_for_run("acme/app").await?;
    if before.as_u64().is_some_and(|n| n > 0) {
        loop {
            let listed = server.get("/repos/acme/app/actions/runs").await?;
            if listed["total_count"] != before {
                run = listed["workflow_runs"][0]["id"].as_i64().context("id")?;
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    let view = server.wait_until_completed(run).await?;
    let mut log = String::new();
    for job in view["jobs"].as_array().context("jobs")? {
        let path = format!("/repos/acme/app/actions/jobs/{}/logs", job["id"]);
        log.push_str(&server.get_text(&path).await?);
    }
    Ok((view, log))
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story of several jobs")]
async fn artifacts_go_from_job_to_job_in_any_container() -> Result<()> {
    let workflow = r#"
on: push
jobs:
  make:
    runs-on: ubuntu-latest
    container: gantry/base:bookworm
    steps:
      - run: |
          mkdir -p dist/deep .hidden
          echo one > dist/one.txt
          echo two > dist/deep/two.txt
          echo map > dist/deep/two.map
          echo secret > dist/.secret
          echo private > dist/private.txt; chmod 600 dist/private.txt
          ln -s ../dist/one.txt dist/link.txt
          ln -s nowhere dist/broken
          : > dist/empty
          head -c 9000000 /dev/urandom > dist/large.bin
          sha256sum dist/large.bin
      - id: up
        uses: actions/upload-artifact@v4
        with:
          path: |
            dist
            !dist/**/*.map
          compression-level: 9
          retention-days: 3
      - run: echo "id=${{ steps.up.outputs.artifact-id }} digest=${{ steps.up.outputs.artifact-digest }} url=${{ steps.up.outputs.artifact-url }}"
      - {uses: actions/upload-artifact@v6, with: {name: one, path: dist/one.txt}}
      - {uses: actions/upload-artifact@v6, with: {name: one, path: dist/deep/two.txt, overwrite: true}}
      - {uses: actions/upload-artifact@v4, with: {name: hidden, path: '**/.secret', include-hidden-files: true}}
      - {uses: actions/upload-artifact@v7, with: {path: dist/one.txt, archive: false}}
      - run: mkdir many && cd many && seq 10000 | xargs touch
      - {uses: actions/upload-artifact@v4, with: {name: many, path: many, compression-level: 0}}
      - {uses: actions/upload-artifact@v4, with: {name: nothing, path: none/}}
      - {uses: actions/upload-artifact@v3, with: {name: old, path: dist/deep}}
      - {uses: actions/upload-artifact@v3, with: {name: old, path: dist/empty}}
      - id: again
        continue-on-error: true
        uses: actions/upload-artifact@v4
        with: {name: one, path: dist/one.txt}
      - run: echo "again ${{ steps.again.outcome }}"
  use:
    needs: make
    runs-on: ubuntu-latest
    container: gantry-test/nobody
    steps:
      - id: down
        uses: actions/download-artifact@v4
        with: {name: artifact, path: got}
      - run: |
          cd got
          [ "$(cat one.txt deep/two.txt private.txt link.txt)" = "$(printf 'one\ntwo\nprivate\none')" ]
          [ ! -e deep/two.map ] && [ ! -e .secret ] && [ ! -e broken ] && [ -f empty ]
          [ "${{ steps.down.outputs.download-path }}" = "$PWD" ]
          sha256sum large.bin
      - {uses: actions/download-artifact@v5, with: {pattern: 'o*', path: all}}
      - {uses: actions/download-artifact@v4, with: {pattern: '{one,hidden}', path: none}}
      - {uses: actions/download-artifact@v4, with: {pattern: 'h*', merge-multiple: true, path: flat}}
      - {uses: actions/download-artifact@v3, with: {name: one}}
      - run: |
          [ "$(cat all/one/two.txt)" = two ] && [ "$(cat two.txt)" = two ]
          [ "$(cat all/one.txt/one.txt)" = one ]
          [ "$(cat all/old/two.txt)" = two ] && [ -f all/old/empty ]
          [ "$(cat flat/dist/.secret)" = secret ]
      - {uses: actions/download-artifact@v4, with: {name: many, path: many}}
      - run: '[ "$(ls many | wc -l)" = 10000 ]'
      - {uses: actions/upload-artifact/merge@v4, with: {pattern: '[oh]*', delete-merged: true}}
      - continue-on-error: true
        uses: actions/download-artifact@v4
        with: {name: hidden}
"#;
    let Some((server, repository)) = server(workflow).await? else { return Ok(()) };
    let (view, log) = push((&server, &repository), "guid-1").await?;
    assert_eq!(view["run"]["conclusion"], "success", "{log}\n{}", server.log());
    assert!(log.contains("there will be 6 files uploaded"), "{log}");
    assert!(log.contains("No files were found with the provided path: none/."), "{log}");
    assert!(log.contains("an artifact with the name `one` already exists in this run"), "{log}");
    assert!(log.contains("again failure"), "{log}");
    assert!(log.contains("Artifact not found for name: hidden"), "{log}");
    let digests: Vec<&str> = log
        .lines()
        .filter(|line| line.ends_with("large.bin"))
        .filter_map(|line| line.split_whitespace().nth(1))
        .filter(|word| word.len() == 64)
        .collect();
    assert!(digests.len() == 2 && digests[0] == digests[1], "{digests:?}");
    let run = &view["run"]["id"];
    let listed = server.get(&format!("/repos/acme/app/actions/runs/{run}/artifacts")).await?;
    let mut names: Vec<_> = listed["artifacts"]
        .as_array()
        .context("artifacts")?
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["artifact", "many", "merged-artifacts"]);
    Ok(())
}

const CACHES: &str = r#"
on: push
jobs:
  j:
    runs-on: ubuntu-latest
    container: gantry/base:bookworm
    steps:
      - id: cache
        uses: actions/cache@v4
        with:
          path: |
            node_modules
            ~/.tool/*/bin
          key: deps-${{ github.run_id == '1' && 'a' || 'b' }}
          restore-keys: deps-
      - run: |
          echo "hit=[${{ steps.cache.outputs.cache-hit }}] matched=[${{ steps.cache.outputs.cache-matched-key }}]"
          if [ -n "${{ steps.cache.outputs.cache-matched-key }}" ]; then
            [ "$(node_modules/run)" = ran ] && [ "$(readlink node_modules/link)" = run ]
            [ "$(cat ~/.tool/1/bin/x)" = x ] && [ ! -e ~/.tool/1/other ]
            [ "$(stat -c %a node_modules/closed)" = 500 ]
            long=$(printf 'd%.0s' $(seq 120)); [ -f "node_modules/$long/$long" ]
          else
            mkdir -p node_modules/closed ~/.tool/1/bin
            printf '#!/bin/sh\necho ran\n' > node_modules/run; chmod +x node_modules/run
            ln -s run node_modules/link; echo x > ~/.tool/1/bin/x; echo o > ~/.tool/1/other
            : > node_modules/closed/in; chmod 500 node_modules/closed
            long=$(printf 'd%.0s' $(seq 120)); mkdir "node_modules/$long"; : > "node_modules/$long/$long"
          fi
      - {uses: actions/cache/restore@v4, with: {path: node_modules, key: none, lookup-only: true}}
      - continue-on-error: true
        uses: actions/cache/restore@v4
        with: {path: node_modules, key: none, fail-on-cache-miss: true}
      - {uses: actions/cache/save@v4, with: {path: missing, key: none}}
      - {uses: actions/cache/save@v4, with: {path: node_modules, key: single}}
      - {uses: actions/cache/restore@v4, with: {path: node_modules, key: sing, lookup-only: true}}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn caches_come_back_as_they_were_saved_and_are_saved_once() -> Result<()> {
    let Some((server, repository)) = server(CACHES).await? else { return Ok(()) };
    let (view, log) = push((&server, &repository), "guid-1").await?;
    assert_eq!(view["run"]["conclusion"], "success", "{log}\n{}", server.log());
    assert!(log.contains("hit=[] matched=[]"), "{log}");
    assert!(log.contains("Cache not found for input keys: deps-"), "{log}");
    assert!(log.contains("Exiting as fail-on-cache-miss is set. Input key: none"), "{log}");
    assert!(log.contains("hence no cache is being saved"), "{log}");
    assert!(log.contains("Cache saved with key: single"), "{log}");
    assert!(log.contains("Cache found and can be restored from key: single"), "{log}");
    assert!(log.contains("Cache saved with key: deps-"), "the post stage: {log}");
    let (_, log) = push((&server, &repository), "guid-2").await?;
    assert!(log.contains("hit=[true]") || log.contains("hit=[false]"), "{log}");
    assert!(log.contains("Unable to reserve cache with key single"), "{log}");
    let (view, log) = push((&server, &repository), "guid-3").await?;
    assert_eq!(view["run"]["conclusion"], "success", "{log}\n{}", server.log());
    assert!(log.contains("hit=[true] matched=[deps-b]"), "{log}");
    assert!(
        log.contains("Cache hit occurred on the primary key deps-b, not saving cache."),
        "{log}"
    );
    Ok(())
}
