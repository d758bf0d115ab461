//! Workflow files at a commit, read from git.
