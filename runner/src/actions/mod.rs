//! Actions: what `uses:` names, from where it comes, and the ones that are built in.
//!
//! Does not run steps ([`crate::steps`]). Invariant: no program of the host ever works inside a
//! directory that a job can write to.

mod build_context;
mod builtin;
mod cache;
mod checkout;
mod checkout_plan;
mod copy;
mod describe;
mod elsewhere;
mod git;
mod images;
mod inputs;
mod lfs;
mod locate;
mod place;
mod prepare;
mod source;
mod ssh_key;
mod stages;
mod submodules;
mod tool_versions;

pub(crate) use builtin::{BuiltinAction, CacheParts, builtin, is_builtin};
pub(crate) use checkout::check_out;
pub(crate) use images::{ImageSource, image_source, provide_image, wanted_images};
pub(crate) use inputs::{given_inputs, with_defaults};
pub(crate) use locate::{ActionPlace, LoadedAction, load};
pub(crate) use prepare::{MOST_DEPTH, prepare, prepare_cache, too_deep};
pub(crate) use ssh_key::remove_key;
pub(crate) use stages::{
    always, bare_scope, may_have_post, on_success, post_condition, pre_condition,
};
pub(crate) use tool_versions::{FoundTool, Tool, choose, wanted};
