//! `gantry status`: whether the server is ready for requests.

use std::process::ExitCode;

use clap::Args;
use reqwest::Method;

use super::connection::Connection;
use super::output;

#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(arguments: StatusArguments) -> anyhow::Result<ExitCode> {
    let client = arguments.connection.client()?;
    client.send(client.anonymous(Method::GET, "/readyz")).await?;
    output::line(format!("The server at {} is ready.", client.url))?;
    Ok(ExitCode::SUCCESS)
}
