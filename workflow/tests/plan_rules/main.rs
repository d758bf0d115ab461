//! Triggers, plans and the run's state machine, by their public faces.

mod build;
mod cron;
mod dispatch;
mod origin;
mod pattern;
mod select;
