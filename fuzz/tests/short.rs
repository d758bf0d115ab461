//! Every target over the golden corpus and over texts made from it, the same at each run.

#![expect(clippy::expect_used, reason = "helpers of tests are tests")]

use std::fs;
use std::path::{Path, PathBuf};

use gantry_fuzz::mutate::{Numbers, mutated};

/// Texts made for each target.
const N_TEXTS: u64 = 1_000;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../workflow/tests/read")
}

fn workflows() -> Vec<String> {
    texts(&corpus(), is_yaml)
}

fn actions() -> Vec<String> {
    texts(&corpus().join("actions"), is_yaml)
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yml")
}

/// The files of a folder, in the order of their names.
fn texts(folder: &Path, is_wanted: fn(&Path) -> bool) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder of texts");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> = paths.filter(|path| path.is_file() && is_wanted(path)).collect();
    paths.sort();
    paths.iter().map(|path| fs::read_to_string(path).expect("a text")).collect()
}

/// What stands between `${{` and `}}` in the corpus.
fn expressions() -> Vec<String> {
    let workflows = workflows();
    let parts = workflows.iter().flat_map(|text| text.split("${{").skip(1));
    parts.filter_map(|part| Some(part.split_once("}}")?.0.to_owned())).collect()
}

fn filters() -> Vec<String> {
    texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/filter"), |_| true)
}

fn drive(corpus: &[String], target: fn(&str)) {
    for text in corpus {
        target(text);
    }
    for seed in 0..N_TEXTS {
        let text = mutated(corpus, &mut Numbers::from_seed(seed));
        if std::panic::catch_unwind(|| target(&text)).is_err() {
            panic!("seed {seed} breaks a promise with the text {text:?}");
        }
    }
}

#[test]
fn yaml_keeps_its_promises() {
    drive(&workflows(), gantry_fuzz::yaml);
}

#[test]
fn workflows_keep_their_promises() {
    drive(&workflows(), gantry_fuzz::workflow);
}

#[test]
fn actions_keep_their_promises() {
    drive(&actions(), gantry_fuzz::action);
}

#[test]
fn expressions_keep_their_promises() {
    drive(&expressions(), gantry_fuzz::expression);
}

#[test]
fn filters_keep_their_promises() {
    drive(&filters(), gantry_fuzz::filter);
}

#[test]
fn the_same_seed_makes_the_same_text() {
    let corpus = workflows();
    let made = |seed| mutated(&corpus, &mut Numbers::from_seed(seed));
    assert_eq!(made(7), made(7));
    assert_ne!(made(7), made(8));
}
