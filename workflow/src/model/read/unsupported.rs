//! Everything the language has and Gantry does not honour yet: one function each.
//!
//! A warning where the run does the same without it or the job fails and says why.
//! Invariant: each message says what happens, at the place that asks for it.

use crate::diagnostic::{Diagnostics, Position};

const CODE: &str = "not-supported-yet";

pub(super) fn permissions(diagnostics: &mut Diagnostics, position: Position) {
    let message = "`permissions` is checked and shown, and the token of a job can do less yet: read \
                   the contents of its repository";
    diagnostics.warn(position, CODE, message);
}
