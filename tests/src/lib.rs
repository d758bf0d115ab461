//! The harness of the integration tests: a real server, real git, and a runner that plays a script.
//!
//! Touches Gantry only through its public faces: the `gantry` program, HTTP, and git. Waits for
//! states, never for times; every wait is bounded and says what it saw last.

pub mod chat;
pub mod emulate;
pub mod fake_runner;
pub mod kubernetes;
pub mod program;
pub mod registry;
pub mod repository;
pub mod scenario;
pub mod server;
pub mod webhook;

pub use fake_runner::{FakeRunner, Script};
pub use repository::TestRepository;
pub use server::{ServerOptions, TestServer};
