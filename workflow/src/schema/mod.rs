//! The table of keys: which exist where, of which kind, with which contexts.
