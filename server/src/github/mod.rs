//! The connection to GitHub: who we are there, and calls that are made once.
//!
//! Does not know what is asked, and never tries again by itself: a repeated `POST` would do a thing
//! twice, and only the caller knows when a retry is due. Invariant: no token leaves this folder but
//! inside a request or as a `SecretString`.

mod answer;
mod client;
mod connection;
mod forward;
mod job_tokens;
mod oauth;
mod pacer;
mod setup;
mod tokens;

pub use answer::GitHubError;
pub use client::{Client, Read};
pub use connection::GitHub;
pub use forward::{ApiCall, Target};
pub use job_tokens::{find_job_by_token, lasting_token, revoke_tokens, store_token};
pub use oauth::{Authorization, Exchange, GitHubUser};
pub use setup::{
    MadeApp, PERMISSIONS, SetupError, begin_setup, connect_made_app, finish_setup, manifest,
    seal_app_anew,
};
pub use tokens::{IssuedToken, TokenScope};
