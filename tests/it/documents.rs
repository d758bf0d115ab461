//! The documents: their links lead somewhere, their commands exist, and the quick start works.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use gantry_tests::{ServerOptions, TestServer, program};

/// Every document with its text.
fn documents() -> Result<Vec<(PathBuf, String)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let list = Command::new("git").arg("-C").arg(&root).args(["ls-files", "*.md"]).output()?;
    let mut found = Vec::new();
    for path in String::from_utf8(list.stdout)?.lines() {
        let path = root.join(path);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        found.push((path, text));
    }
    ensure!(found.len() > 10, "only {} documents", found.len());
    Ok(found)
}

/// A text without its fenced blocks, and the blocks in `sh` by themselves.
fn prose_and_blocks(text: &str) -> (String, Vec<String>) {
    let (mut prose, mut blocks) = (String::new(), Vec::new());
    let mut block: Option<(bool, String)> = None;
    for line in text.lines() {
        match (line.trim().strip_prefix("```"), &mut block) {
            (Some(language), None) => block = Some((language == "sh", String::new())),
            (Some(_), Some(_)) => {
                if let Some((true, lines)) = block.take() {
                    blocks.push(lines);
                }
                block = None;
            }
            (None, Some((_, lines))) => lines.push_str(&format!("{line}\n")),
            (None, None) => prose.push_str(&format!("{line}\n")),
        }
    }
    (prose, blocks)
}

/// What stands between single backticks.
fn code_spans(prose: &str) -> Vec<String> {
    let paragraphs = prose.split("\n\n");
    paragraphs
        .flat_map(|paragraph| {
            let pieces: Vec<&str> = paragraph.split('`').collect();
            let spans = pieces.iter().skip(1).step_by(2);
            spans.map(|span| span.replace('\n', " ")).collect::<Vec<_>>()
        })
        .collect()
}

/// The anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let heading = heading.to_lowercase();
    let kept = heading.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
        _ => None,
    });
    kept.collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let (prose, _) = prose_and_blocks(text);
    let headings = prose.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(' '));
    headings.map(anchor).collect()
}

#[test]
fn every_link_between_documents_leads_somewhere() -> Result<()> {
    let mut dead = Vec::new();
    let mut n_links = 0;
    for (path, text) in documents()? {
        let (prose, _) = prose_and_blocks(&text);
        for piece in prose.split("](").skip(1) {
            let target = piece.split(')').next().unwrap_or_default();
            if target.contains("://") || target.contains(' ') {
                continue;
            }
            n_links += 1;
            let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
            let folder = path.parent().context("a document in no folder")?;
            let file = if file.is_empty() { path.clone() } else { folder.join(file) };
            let is_there = match fragment {
                "" => file.exists(),
                _ => fs::read_to_string(&file).is_ok_and(|text| anchors(&text).contains(fragment)),
            };
            if !is_there {
                dead.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(n_links > 30, "only {n_links} links were found");
    assert!(dead.is_empty(), "{dead:#?}");
    Ok(())
}

/// The help of every subcommand, asked for once.
#[derive(Default)]
struct Helps(BTreeMap<Vec<String>, String>);

impl Helps {
    fn of(&mut self, command: &[String]) -> Result<&str> {
        if !self.0.contains_key(command) {
            let output = program::command()?.args(command).arg("--help").output()?;
            ensure!(output.status.success(), "gantry {command:?} --help");
            self.0.insert(command.to_vec(), String::from_utf8(output.stdout)?);
        }
        Ok(&self.0[command])
    }

    /// What is wrong with the words that follow `gantry`.
    fn problem(&mut self, words: &[&str]) -> Result<Option<String>> {
        let mut command: Vec<String> = Vec::new();
        let mut words = words.iter().peekable();
        while let Some(word) = words.peek() {
            let help = self.of(&command)?;
            let Some((_, commands)) = help.split_once("\nCommands:\n") else { break };
            let mut names = commands.lines().take_while(|line| line.starts_with("  "));
            if names.any(|line| line.split_whitespace().next() == Some(word)) {
                command.push((*word).to_string());
                words.next();
            } else if help.contains("Usage: gantry <COMMAND>") && !word.starts_with('-') {
                return Ok(Some(format!("there is no command `{word}`")));
            } else {
                break;
            }
        }
        let help = self.of(&command)?;
        for word in words {
            let flag = word.split('=').next().unwrap_or_default();
            let is_flag = flag.starts_with("--") && flag.len() > 2;
            if is_flag
                && !help.split(|c: char| !(c.is_alphanumeric() || c == '-')).any(|w| w == flag)
            {
                return Ok(Some(format!("`gantry {}` has no `{flag}`", command.join(" "))));
            }
        }
        Ok(None)
    }
}

#[test]
fn every_gantry_command_in_the_documents_exists() -> Result<()> {
    let mut helps = Helps::default();
    let mut wrong = Vec::new();
    let mut n_commands = 0;
    for (path, text) in documents()? {
        let (prose, blocks) = prose_and_blocks(&text);
        let lines = blocks.iter().flat_map(|block| block.lines().map(str::to_owned));
        for line in lines.chain(code_spans(&prose)) {
            let line = line.split(" #").next().unwrap_or_default();
            for part in line.split('|') {
                let Some(rest) = part.trim().strip_prefix("gantry ") else { continue };
                let words: Vec<&str> =
                    rest.split_whitespace().take_while(|word| !"<>;&".contains(word)).collect();
                n_commands += 1;
                // A table may name several commands at once: `token create|list`.
                let words: Vec<&str> = words.iter().map(|w| w.trim_matches(['[', ']'])).collect();
                if let Some(problem) = helps.problem(&words)? {
                    wrong.push(format!("{}: `{}`: {problem}", path.display(), part.trim()));
                }
            }
        }
    }
    assert!(n_commands > 30, "only {n_commands} commands were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "the script finds programs where we do")]
async fn the_quick_start_works_as_written() -> Result<()> {
    if !program::docker_is_available()? {
        return Ok(());
    }
    let text = include_str!("../../docs/quick-start.md");
    let tested = text.split("<!-- tested -->\n").skip(1);
    let script: String =
        tested.flat_map(|rest| prose_and_blocks(rest).1.into_iter().next()).collect();
    assert!(script.contains("gantry deliver"), "{script}");
    let options = ServerOptions { embedded_runner: true, ..ServerOptions::default() };
    let server = TestServer::start_with(options).await?;
    let folder = tempfile::tempdir()?;
    let programs = program::gantry()?.parent().context("a program in no folder")?.to_owned();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH")?);
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(folder.path())
        .envs([
            ("PATH", path.as_str()),
            ("GANTRY_URL", server.url()),
            ("GANTRY_TOKEN", server.token()),
        ])
        .env("GANTRY_DATA_DIR", server.data_dir())
        .envs([("GIT_AUTHOR_NAME", "Tess"), ("GIT_AUTHOR_EMAIL", "tess@example.com")])
        .envs([("GIT_COMMITTER_NAME", "Tess"), ("GIT_COMMITTER_EMAIL", "tess@example.com")])
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}\n{}", server.log());
    assert_eq!(said.matches(": success after").count(), 2, "{said}");
    Ok(())
}
