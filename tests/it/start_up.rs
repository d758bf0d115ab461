//! A server that cannot start says why in one sentence, and ends with exit code 1.

use std::net::TcpListener;
use std::process::Output;

use anyhow::Result;
use gantry_tests::program;

/// Runs `gantry serve` with `arguments` on a fresh data directory until it ends.
fn serve(arguments: &[&str]) -> Result<Output> {
    let folder = tempfile::tempdir()?;
    let mut command = program::command()?;
    command.args(["serve", "--data-dir"]).arg(folder.path().join("data")).args(arguments);
    Ok(command.output()?)
}

fn check(arguments: &[&str], expected: &str) -> Result<()> {
    let output = serve(arguments)?;
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.starts_with("error: "), "{message}");
    assert!(message.contains(expected), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    Ok(())
}

#[test]
fn without_an_engine_it_names_the_socket() -> Result<()> {
    let arguments = ["--listen", "127.0.0.1:0", "--docker-host", "unix:///no/such/engine.sock"];
    check(&arguments, "/no/such/engine.sock")
}

#[test]
fn a_taken_port_is_named() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    check(&["--no-runner", "--listen", &address], &address)
}

#[test]
fn without_postgresql_it_says_what_is_missing() -> Result<()> {
    let arguments =
        ["--no-runner", "--listen", "127.0.0.1:0", "--postgres-bin-dir", "/no/such/bin"];
    check(&arguments, "initdb")
}

#[test]
fn an_unknown_variable_is_an_error() -> Result<()> {
    let output = program::command()?.arg("serve").env("GANTRY_LISTEN_ON", "x").output()?;
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("GANTRY_LISTEN_ON"), "{message}");
    Ok(())
}

#[test]
fn wrong_usage_is_exit_code_2() -> Result<()> {
    assert_eq!(serve(&["--no-such-flag"])?.status.code(), Some(2));
    Ok(())
}
