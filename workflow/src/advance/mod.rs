//! The run's state machine: `advance(plan, state, now)` decides, and nothing else does.
//!
//! Applies nothing: the server writes transitions in a transaction, `gantry run` in memory.
//! Invariants: nothing runs before its needs; every leg gets exactly one conclusion; the order in
//! which jobs complete does not change any conclusion.

mod apply;
mod call_secrets;
mod calls;
mod cancel;
mod condition;
mod deadlock;
mod expand;
mod gate;
mod group;
mod leg;
mod legs;
mod machine;
mod needs;
mod protection;
mod rerun;
mod scope;
mod state;
mod timers;
mod transition;

pub use call_secrets::{Secrets, secrets_of_job};
pub use deadlock::{Claim, waits_for_itself};
pub use group::{Admission, Group, MAX_PENDING, Verdict};
pub use machine::advance;
pub use needs::{job_result, needs_context};
pub use protection::{Protection, RefKind, RefPolicy};
pub use rerun::{Fate, Legs, Rerun, rerun};
pub use scope::Scope;
pub use state::{
    Call, Conclusion, JobState, LegKey, LegState, LegStatus, Review, RunState, SlotState,
};
pub use timers::{Limits, next_look};
pub use transition::{NewJob, NewLeg, Transition};
