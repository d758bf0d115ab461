//! `gantry login`: a link for the browser.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::connection::Connection;
use super::output::{self, text};

#[derive(Debug, Args)]
pub(crate) struct LoginArguments {
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(arguments: LoginArguments) -> anyhow::Result<ExitCode> {
    let link = arguments.connection.client()?.post("/api/gantry/login-links", &json!({})).await?;
    output::line(text(&link, "url"))?;
    Ok(ExitCode::SUCCESS)
}
