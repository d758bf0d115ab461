//! Runs: create, advance, cancel, conclude.
