//! All integration tests, in one binary: the whole server, and the whole way of the data.

mod approvals;
mod builtin_store;
mod containers;
mod crashes;
mod documents;
mod github;
mod kubernetes;
mod leases;
mod local_run;
mod pipeline;
mod rest;
mod scenarios;
mod start_up;
mod toolkit;
mod webhooks;
