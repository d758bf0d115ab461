//! Every Rust file says in its first line what it is.

use anyhow::Result;

use super::Complaint;
use super::sources::Source;

pub(super) fn check(sources: &[Source]) -> Result<Vec<Complaint>> {
    let complaints = sources
        .iter()
        .filter(|source| source.is_rust() && !source.text.starts_with("//! "))
        .map(|source| Complaint {
            path: source.path.clone(),
            line: 1,
            text: "starts without a `//!` sentence that says what the file is".to_owned(),
        })
        .collect();
    Ok(complaints)
}
