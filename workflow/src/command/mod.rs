//! Parsers of what a job writes: workflow commands, file commands, masks.
