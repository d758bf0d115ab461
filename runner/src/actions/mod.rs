//! Actions: what `uses:` names, from where it comes, and the ones that are built in.
//!
//! Does not run steps ([`crate::steps`]). Invariant: no program of the host ever works inside a
//! directory that a job can write to.

mod checkout;
mod checkout_plan;
mod copy;
mod download;
mod git;
mod inputs;
mod manifest;
mod place;

pub(crate) use checkout::check_out;
pub(crate) use download::{MOST_DEPTH, directory_of, prepare};
pub(crate) use inputs::inputs;
pub(crate) use manifest::{LARGEST_MANIFEST_BYTES, MANIFEST_FILES, read_manifest};

use gantry_workflow::model::Uses;

/// Whether `uses` names the checkout that is part of the runner, in any version.
pub(crate) fn is_checkout(uses: &Uses) -> bool {
    matches!(uses, Uses::Repository { owner, repository, path: None, .. }
        if owner.eq_ignore_ascii_case("actions") && repository.eq_ignore_ascii_case("checkout"))
}
