//! What server and runner say to each other: ids, status words, messages.
//!
//! Only data: no HTTP, no state. Both sides tolerate unknown fields, so that a runner one version
//! older or newer keeps working. Paths and headers: [`routes`].
//!
//! Life of a job on the wire: `lease` (long poll) hands out one [`JobMessage`] with a [`LeaseToken`];
//! every later call names that token, and a call with a stale one is refused with 409 and changes
//! nothing. `renew` is a long poll as well: it answers at once when a cancellation is asked for.
//! Log chunks, step updates and the completion may be sent any number of times; a repeated one is
//! accepted and changes nothing.

pub mod complete;
pub mod ids;
pub mod job;
pub mod lease;
pub mod log;
pub mod register;
pub mod routes;
pub mod step;
pub mod summary;

pub use complete::{Annotation, AnnotationLevel, CompleteJob};
pub use ids::{ClaimId, JobId, LeaseToken, RepositoryId, RunId, RunnerId};
pub use job::{
    ActionsRuntime, IdTokenRequest, JobContexts, JobMessage, JobPolicy, JobRepository,
    WorkflowSettings,
};
pub use lease::{CancelRequest, LeaseRequest, RenewRequest, RenewResponse};
pub use log::{LogChunk, LogChunks};
pub use register::{RegisterRequest, RegisterResponse};
pub use step::{StepStatus, StepUpdate, StepUpdates};
pub use summary::StepSummary;

pub use gantry_workflow::advance::Conclusion;
