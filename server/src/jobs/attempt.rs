//! Which jobs of a run are meant.

use gantry_protocol::RunId;

/// One attempt of a run; its jobs are rows of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub run: RunId,
    pub number: i32,
}
