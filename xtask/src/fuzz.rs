//! `cargo xtask fuzz`: libFuzzer on each target of `fuzz/`, from the golden corpus.
//!
//! Works with the stable compiler: the counters that libFuzzer reads are a stable option, and of the
//! sanitizers, which are not, safe Rust needs none. What was found before is kept in the target
//! folder and is where the next run begins.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{run, say};
use crate::setup::Install;
use crate::tools::Tool;
use crate::{root, setup, target_dir};

const CARGO_FUZZ: Tool =
    Tool { name: "cargo-fuzz", version: "0.13.2", why: "builds the targets and runs them" };

/// Longest text, in bytes. Most limits are reached far below, and short texts are tried faster.
const MAX_BYTES: u32 = 8192;

/// Seconds that one text may take.
const MAX_SECONDS_EACH: u32 = 10;

/// Programs in `fuzz/targets`, each with the folder its seeds come from.
const TARGETS: [(&str, Seeds); 5] = [
    ("yaml", Seeds::Folder("workflow/tests/read")),
    ("workflow", Seeds::Folder("workflow/tests/read")),
    ("action", Seeds::Folder("workflow/tests/read/actions")),
    ("expression", Seeds::Expressions("workflow/tests/read")),
    ("filter", Seeds::Folder("fuzz/seeds/filter")),
];

#[derive(Clone, Copy)]
enum Seeds {
    /// The files of a folder.
    Folder(&'static str),
    /// What stands between `${{` and `}}` in the files of a folder.
    Expressions(&'static str),
}

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Names of targets; all when none is given.
    names: Vec<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// Runs the targets one after another; the first that breaks ends the run.
pub(crate) fn run_all(install: &Install, arguments: &Arguments) -> Result<()> {
    let known: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    if let Some(name) = arguments.names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no target `{name}`; there are: {}", known.join(", "));
    }
    setup::require(install, &[setup::COMPILER])?;
    let is_wanted =
        |name: &str| arguments.names.is_empty() || arguments.names.iter().any(|it| it == name);
    let cargo_fuzz = CARGO_FUZZ.program(install)?;
    for (name, seeds) in TARGETS.into_iter().filter(|(name, _)| is_wanted(name)) {
        fuzz(&cargo_fuzz, (name, &folder_of(seeds)?), arguments.seconds)?;
    }
    say("\nno target broke");
    Ok(())
}

fn fuzz(cargo_fuzz: &Path, (name, seeds): (&str, &Path), seconds: u32) -> Result<()> {
    let corpus = target_dir().join("fuzz/corpus").join(name);
    let found = target_dir().join("fuzz/found").join(name);
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&found)?;
    let mut command = Command::new(cargo_fuzz);
    command
        .args(["fuzz", "run", "--fuzz-dir", "fuzz", "--features", "libfuzzer"])
        .args(["--sanitizer", "none", "--target-dir"])
        .arg(target_dir().join("fuzz"))
        .arg(name)
        .arg(corpus)
        .arg(seeds)
        .arg("--")
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={MAX_BYTES}"))
        .arg(format!("-timeout={MAX_SECONDS_EACH}"))
        .arg(format!("-artifact_prefix={}/", found.display()))
        .args(["-print_final_stats=1", "-verbosity=0"])
        .current_dir(root());
    run(&mut command).with_context(|| format!("what broke `{name}` is in {}", found.display()))
}

fn folder_of(seeds: Seeds) -> Result<PathBuf> {
    match seeds {
        Seeds::Folder(folder) => Ok(root().join(folder)),
        Seeds::Expressions(folder) => write_expressions(&root().join(folder)),
    }
}

/// One file for each expression of the files in `folder`.
fn write_expressions(folder: &Path) -> Result<PathBuf> {
    let seeds = target_dir().join("fuzz/seeds/expression");
    fs::create_dir_all(&seeds)?;
    let mut n_seeds = 0;
    for entry in fs::read_dir(folder).context("reading the golden corpus")? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "yml") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        for expression in text.split("${{").skip(1).filter_map(|part| part.split_once("}}")) {
            fs::write(seeds.join(n_seeds.to_string()), expression.0.trim())?;
            n_seeds += 1;
        }
    }
    Ok(seeds)
}
