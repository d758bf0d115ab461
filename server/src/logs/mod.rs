//! Logs: append, tail, archive.
