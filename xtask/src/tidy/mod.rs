//! The rules of the house, checked over the files git knows.
//!
//! Reads `docs/ARCHITECTURE.md` for who may know whom. Each rule is one file and answers with
//! complaints; none changes a file.

mod dependencies;
mod heads;
mod sizes;
mod sources;
mod table_owners;
mod words;

use anyhow::{Result, bail};

use crate::command::{complain, say};
use sources::Source;

/// One broken rule, at one place.
#[derive(Debug)]
struct Complaint {
    /// Path relative to the checkout.
    path: String,
    /// From 1; 0 for the file as a whole.
    line: usize,
    text: String,
}

type Rule = fn(&[Source]) -> Result<Vec<Complaint>>;

/// Every rule, by name.
const RULES: &[(&str, Rule)] = &[
    ("heads", heads::check),
    ("sizes", sizes::check),
    ("dependencies", dependencies::check),
    ("table owners", table_owners::check),
    ("words", words::check),
];

/// `cargo xtask tidy`.
pub(crate) fn run() -> Result<()> {
    let sources = sources::read()?;
    let mut n_complaints = 0;
    for (name, rule) in RULES {
        for complaint in rule(&sources)? {
            n_complaints += 1;
            complain(&format!(
                "{}:{}: {} ({name})",
                complaint.path, complaint.line, complaint.text
            ));
        }
    }
    if n_complaints > 0 {
        bail!("tidy found {n_complaints} broken rules");
    }
    say(&format!("tidy: {} rules hold in {} files", RULES.len(), sources.len()));
    Ok(())
}
