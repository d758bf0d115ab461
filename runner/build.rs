//! Compiles the shim as a static program of its own, to be embedded into the runner.
//!
//! Needs nothing but `rustc` and the C library's static archive, so it works without a network.

#![expect(clippy::disallowed_methods, reason = "a build script is told everything by environment")]

use std::env;
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    writeln!(std::io::stdout(), "cargo::rerun-if-changed=shim")?;
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    let rustc = env::var_os("RUSTC").ok_or("RUSTC is not set")?;
    let target = env::var_os("TARGET").ok_or("TARGET is not set")?;
    let status = Command::new(rustc)
        .args(["--edition", "2024", "--crate-name", "gantry_shim", "--crate-type", "bin"])
        .args(["-C", "opt-level=2", "-C", "panic=abort", "-C", "strip=symbols"])
        .args(["-C", "target-feature=+crt-static", "-D", "warnings"])
        .arg("--target")
        .arg(target)
        .arg("-o")
        .arg(Path::new(&out).join("gantry-shim"))
        .arg("shim/main.rs")
        .status()?;
    if status.success() { Ok(()) } else { Err("the shim does not compile".into()) }
}
