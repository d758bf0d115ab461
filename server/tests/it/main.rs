//! The server through its public faces, against a real PostgreSQL.
//!
//! Needs `DATABASE_URL` with the right to create databases; without it each test says that it was
//! skipped.

#![expect(clippy::expect_used, clippy::print_stderr, reason = "helpers of tests are tests")]

mod accounts;
mod artifacts;
mod audit;
mod caches;
mod chains;
mod cli;
mod commands;
mod concurrency;
mod embedded_postgres;
mod events;
mod fake_github;
mod fake_people;
mod fork_approval;
mod gates;
mod gh;
mod gh_tls;
mod git;
mod github_accounts;
mod github_description;
mod github_events;
mod harness;
mod id_tokens;
mod inbox;
mod job_calls;
mod leases;
mod limited_tokens;
mod logs;
mod missed_deliveries;
mod openapi;
mod page;
mod page_data;
mod page_repository;
mod pipeline;
mod polling;
mod reporting;
mod reports;
mod reruns;
mod rest;
mod rest_environments;
mod rest_removal;
mod rest_runners;
mod rest_schemas;
mod rest_workflows;
mod secrets;
mod secrets_sealed;
mod setup;
mod sources;
mod storage_faults;
mod storm;
mod webhook;
