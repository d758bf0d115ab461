//! Environments, their rules, and the reviews of deployments.
//!
//! Does not move jobs: a review is a row that `runs` reads when it advances the run. Invariant: a
//! review counts only for the run, the attempt and the commit it was given for.

mod decision;
mod delete;
mod gates;
pub mod history;
mod policies;
mod queries;
mod review;
mod rules;
pub mod view;

pub use delete::delete;
pub use gates::{
    GateAnswer, GateView, NewGate, answer_gate, call_gates, create_gate, delete_gate, list_gates,
    seal_gates_anew,
};
pub use policies::{RefPolicyView, create_policy, delete_policy, list_policies, rename_policy};
pub use queries::{ensure, protections, reviews, set_rules, take_unseen_reviews};
pub use review::{ReviewError, ReviewRequest, review, teams_of};
pub use rules::{NoReviewer, Rules};
