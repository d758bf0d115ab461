//! Triggers, plans and the run's state machine, by their public faces.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in what it shares")]

mod advance;
mod any_order;
mod any_order_of_calls;
mod build;
mod call_errors;
mod calls;
mod computed;
mod cron;
mod dispatch;
mod environments;
mod files;
#[expect(clippy::expect_used, reason = "a golden file that cannot be read fails the test")]
#[path = "../golden/mod.rs"]
mod golden;
mod groups;
mod matrix;
mod origin;
mod pattern;
mod pattern_model;
mod permissions;
mod planner;
mod rerun;
mod run;
mod scripts;
mod select;
mod timers;
mod world;
