//! Compares our reading of the Actions language with that of GitHub's own packages for editors.
//!
//! Both read the project's golden files and expressions. Invariant: each difference is explained in
//! `docs/compatibility.md`, and each explanation there still explains one.

mod compare;
mod corpus;
mod explained;
mod outcomes;

use anyhow::{Result, bail};

use crate::command::{complain, say};
use compare::Difference;

/// `cargo xtask peer-language`.
pub(crate) fn run() -> Result<()> {
    let cases = corpus::read()?;
    let ours = outcomes::ours(&cases)?;
    let peers = outcomes::peers(&cases)?;
    let explanations = explained::read()?;
    let differences = compare::differences(&cases, &ours, &peers);
    for difference in &differences {
        say(&difference.to_string());
    }
    let unexplained: Vec<&Difference> = differences
        .iter()
        .filter(|difference| !explanations.iter().any(|it| it.explains(difference)))
        .collect();
    for difference in &unexplained {
        complain(&format!("not explained in {}: {difference}", explained::DOCUMENT));
    }
    let is_stale = |it: &&explained::Explanation| {
        !differences.iter().any(|difference| it.explains(difference))
    };
    let stale: Vec<_> = explanations.iter().filter(is_stale).collect();
    for explanation in &stale {
        complain(&format!("{}:{}: explains nothing", explained::DOCUMENT, explanation.line));
    }
    say(&format!(
        "{} cases, {} differences, {} explanations",
        cases.len(),
        differences.len(),
        explanations.len()
    ));
    if !unexplained.is_empty() || !stale.is_empty() {
        bail!(
            "{} differences are not explained, {} explanations are stale",
            unexplained.len(),
            stale.len()
        );
    }
    Ok(())
}
