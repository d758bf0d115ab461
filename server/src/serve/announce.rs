//! What `gantry serve` tells its person once it is up.

use std::io::Write as _;

use gantry_server::Instance;
use gantry_server::accounts::ADMIN_TOKEN_FILE;

use super::data_dir::DataDir;

/// Prints where everything is, on standard output; scripts read `server.json`.
pub(super) fn announce(instance: &Instance, data_dir: &DataDir, has_own_secret: bool) {
    let app = instance.app();
    let url = &app.config.public_url;
    let mut text = format!("Gantry is ready at {url}\n");
    text.push_str(&format!("  webhook URL     {url}/webhooks/github\n"));
    if has_own_secret {
        let file = data_dir.webhook_secret_file();
        text.push_str(&format!("  webhook secret  in {}\n", file.display()));
    }
    let token = data_dir.path().join(ADMIN_TOKEN_FILE);
    text.push_str(&format!("  access token    in {}\n", token.display()));
    // Nobody may be reading.
    let _ = std::io::stdout().write_all(text.as_bytes());
}
