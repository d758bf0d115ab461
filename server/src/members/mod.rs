//! People of GitHub: their sign-in, and what they may do here because they may do it there.
//!
//! Does not know cookies or routes. Invariant: what GitHub said counts for a few minutes; what it has
//! not said is no.

mod admission;
mod memberships;
mod queries;
mod roles;
mod sign_in;

pub use admission::is_admitted;
pub use memberships::{belongs_to, belongs_to_any, team_of_number};
pub use queries::known_groups;
pub use roles::{About, CHECK_INTERVAL, current_rights};
pub use sign_in::{Attempt, SignInError, begin_sign_in, finish_sign_in, oauth_client};

/// How long an answer of GitHub's counts, in minutes. Together with the [`CHECK_INTERVAL`] of open
/// streams, somebody who lost their access has lost it here after five.
const LIFE_MINUTES: i32 = 4;
