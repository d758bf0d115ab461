//! Effects on the outside, written in the transaction that causes them.
