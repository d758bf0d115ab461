//! `gantry run`: workflows in real containers, without a server.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::Result;
use gantry_tests::{TestRepository, program};

const WORKFLOW: &str = r#"
name: Local
on: [push, workflow_dispatch]
jobs:
  build:
    runs-on: ubuntu-latest
    strategy:
      matrix: { size: [small, large] }
    outputs:
      answer: ${{ steps.think.outputs.answer }}
    steps:
      - uses: actions/checkout@v4
      - id: think
        env: { TOKEN: "${{ secrets.TOKEN }}" }
        run: |
          echo "file: $(cat file.txt), size: ${{ matrix.size }}, mood: $MOOD"
          test "$TOKEN" = hush-hush && echo "the token is $TOKEN"
          echo "answer=42" >> "$GITHUB_OUTPUT"
  broken:
    runs-on: ubuntu-latest
    steps:
      - run: exit 3
  deploy:
    needs: build
    runs-on: ubuntu-latest
    environment: production
    steps:
      - run: echo "deployed ${{ needs.build.outputs.answer }}"
"#;

struct Local {
    repository: TestRepository,
    cache: tempfile::TempDir,
}

impl Local {
    fn create() -> Result<Self> {
        let files = [(".github/workflows/local.yml", WORKFLOW), ("file.txt", "committed")];
        let repository = TestRepository::create(&files)?;
        Ok(Self { repository, cache: tempfile::tempdir()? })
    }

    /// `gantry run` with these words; nobody answers its questions.
    fn run(&self, words: &[&str]) -> Result<(i32, String)> {
        let mut command = program::command()?;
        command.arg("run").args(words).current_dir(self.repository.path());
        command.env("XDG_CACHE_HOME", self.cache.path()).env("TOKEN", "hush-hush");
        let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output()?;
        let text = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok((status.code().unwrap_or(-1), text.concat()))
    }
}

#[test]
fn the_files_are_those_of_the_working_tree_and_secrets_stay_masked() -> Result<()> {
    if !program::docker_is_available()? {
        return Ok(());
    }
    let local = Local::create()?;
    std::fs::write(local.repository.path().join("file.txt"), "changed")?;
    let words = [
        "local.yml",
        "--job",
        "deploy",
        "--matrix",
        "size:large",
        "--secret",
        "TOKEN",
        "--approve",
    ];
    let (code, text) = local.run(&[&words[..], &["--env", "MOOD=good"]].concat())?;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("file: changed, size: large, mood: good"), "{text}");
    assert!(text.contains("the token is ***") && !text.contains("hush-hush"), "{text}");
    assert!(text.contains("deployed 42"), "{text}");
    // Neither asked for.
    assert!(!text.contains("size: small") && !text.contains("broken"), "{text}");
    Ok(())
}

#[test]
fn a_failure_and_a_deployment_that_nobody_approves_fail_the_run() -> Result<()> {
    if !program::docker_is_available()? {
        return Ok(());
    }
    let local = Local::create()?;
    let (code, text) = local.run(&["--secret", "TOKEN=hush-hush"])?;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("error: Process completed with exit code 3."), "{text}");
    assert!(text.contains("✗ failure  broken"), "{text}");
    assert!(text.contains("the deployment to `production` was rejected"), "{text}");
    assert!(!text.contains("deployed 42"), "{text}");
    Ok(())
}

const CALLER: &str = r#"
on: push
jobs:
  call:
    uses: ./.github/workflows/called.yml
    with: { who: world }
    secrets: inherit
  after:
    needs: call
    runs-on: ubuntu-latest
    steps:
      - run: echo "they said ${{ needs.call.outputs.said }}"
"#;

const CALLED: &str = r#"
on:
  workflow_call:
    inputs: { who: { type: string, required: true } }
    secrets: { TOKEN: { required: true } }
    outputs: { said: { value: "${{ jobs.inner.outputs.said }}" } }
jobs:
  inner:
    runs-on: ubuntu-latest
    outputs: { said: "${{ steps.say.outputs.said }}" }
    steps:
      - id: say
        run: echo "said=hello ${{ inputs.who }}" >> "$GITHUB_OUTPUT"
"#;

#[test]
fn a_workflow_of_the_same_repository_is_called() -> Result<()> {
    if !program::docker_is_available()? {
        return Ok(());
    }
    let files =
        [(".github/workflows/caller.yml", CALLER), (".github/workflows/called.yml", CALLED)];
    let local = Local { repository: TestRepository::create(&files)?, cache: tempfile::tempdir()? };
    let (code, text) = local.run(&["caller.yml", "--secret", "TOKEN"])?;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("✓ success  call / inner"), "{text}");
    assert!(text.contains("they said hello world"), "{text}");
    let (code, text) = local.run(&["caller.yml"])?;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("Secret TOKEN is required"), "{text}");
    Ok(())
}

#[test]
fn what_cannot_be_run_is_told_without_an_engine() -> Result<()> {
    let local = Local::create()?;
    let nothing = "--docker-host=unix:///nowhere";
    let (code, text) = local.run(&["other.yml", nothing])?;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("neither a file `other.yml` nor a workflow of that name"), "{text}");
    let (code, text) = local.run(&["--event", "issues", nothing])?;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("`issues` starts no workflow here"), "{text}");
    let (code, text) = local.run(&["--job", "nope", nothing])?;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("has no job `nope`; it has build, broken, deploy"), "{text}");
    let (code, text) = local.run(&["--list"])?;
    assert_eq!((code, text.lines().count()), (0, 4), "{text}");
    Ok(())
}

/// Files that the job's root makes are the job's last problem for a runner that is somebody else.
#[test]
fn whoever_may_use_the_engine_need_not_be_root() -> Result<()> {
    if !program::docker_is_available()? {
        return Ok(());
    }
    let socket = std::fs::metadata("/var/run/docker.sock")?;
    let local = Local::create()?;
    std::fs::write(
        local.repository.path().join(".github/workflows/local.yml"),
        "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      \
         - run: id -u; cat file.txt; mkdir -p made/by/root; touch made/by/root/file $RUNNER_TEMP/x $HOME/y\n",
    )?;
    let somebody = 65_534;
    for directory in [local.repository.path(), local.cache.path().to_owned()] {
        Command::new("chown").args(["-R", &somebody.to_string()]).arg(directory).status()?;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", &somebody.to_string(), "--regid", &somebody.to_string()]);
    command.args(["--groups", &socket.gid().to_string()]);
    command.arg(program::command()?.get_program()).args(["run", "local.yml"]);
    command.current_dir(local.repository.path()).stdin(Stdio::null());
    command.env("XDG_CACHE_HOME", local.cache.path()).env("HOME", local.cache.path());
    let Output { status, stdout, stderr } = command.output()?;
    let text = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(status.success(), "{text}");
    assert!(text.contains("committed"), "{text}");
    let left: Vec<_> = walk(local.cache.path()).filter(|path| path.ends_with("made")).collect();
    assert!(left.is_empty(), "{left:?}");
    Ok(())
}

fn walk(root: &Path) -> Box<dyn Iterator<Item = PathBuf>> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    Box::new(entries.flat_map(|entry| {
        let path = entry.path();
        let below: Box<dyn Iterator<Item = PathBuf>> =
            if path.is_dir() { walk(&path) } else { Box::new(std::iter::empty()) };
        std::iter::once(path).chain(below)
    }))
}
