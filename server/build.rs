//! Makes the server build without Node, and rebuild when an embedded folder changes: cargo does not
//! watch what `sqlx::migrate!` and `rust-embed` read.

use std::fs;
use std::io;
use std::path::Path;

/// Shown when the server was built before the page was.
const PLACEHOLDER: &str = "<!doctype html>
<html lang=\"en\">
<title>Gantry</title>
<p>This server was built without its page. Build the page in <code>web/</code>, then the server.
The API and the <code>gantry</code> command work without it.</p>
</html>
";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=../migrations");
    println!("cargo::rerun-if-changed=../web/dist");
    let index = Path::new("../web/dist/index.html");
    if !index.exists() {
        fs::create_dir_all("../web/dist")?;
        fs::write(index, PLACEHOLDER)?;
    }
    Ok(())
}
