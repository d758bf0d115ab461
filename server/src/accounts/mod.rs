//! Who asks, and what they may do: access tokens, sessions, roles, job tokens.
//!
//! Does not know routes; `http/routes.rs` names the access each of them needs.

mod access;
mod admin_token;
mod authenticate;
mod job_token;
mod login;
mod queries;
mod sessions;
mod signed_link;
mod token;

pub use access::{
    Access, Caller, Grant, Identity, JobIdentity, Refusal, Rights, Role, Subject, check,
};
pub use admin_token::{ADMIN_LOGIN, ADMIN_TOKEN_FILE, bootstrap_admin_token};
pub use authenticate::{Credential, HOST_SESSION_COOKIE, SESSION_COOKIE, authenticate, credential};
pub use job_token::{job_token, verify_job_token};
pub use login::{create_login_code, redeem_login_code};
pub use queries::{account_since, known_logins};
pub use sessions::{
    NewSession, SessionView, begin_session, end_session, list_sessions, revoke_session,
};
pub use signed_link::{opens, sign_lasting_link, sign_link, sign_link_until};
pub use token::{
    AccessTokenView, NewAccessToken, issue_access_token, list_access_tokens, revoke_access_token,
};
