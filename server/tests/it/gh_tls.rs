//! GitHub's own command line over TLS, with a certificate of the server's own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gantry_server::http::tls::{self, Certificate, TlsFiles};

use crate::harness::TestServer;

/// A new certificate of `localhost`, over whatever was there.
fn make_certificate(files: &TlsFiles) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .arg("-keyout")
        .arg(&files.key)
        .arg("-out")
        .arg(&files.certificate)
        .output()
        .expect("openssl is installed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// `gh` with the two lines that the page shows, and the certificate that it trusts.
async fn gh(server: &TestServer, port: u16, trusted: &Path, arguments: &[&str]) -> Output {
    let directory = server.directory.path();
    let mut command = Command::new("gh");
    command
        .args(arguments)
        .env("GH_HOST", format!("localhost:{port}"))
        .env("GH_ENTERPRISE_TOKEN", &server.read)
        .env("SSL_CERT_FILE", trusted)
        .env_remove("HTTPS_PROXY")
        .env_remove("https_proxy")
        .env("GH_CONFIG_DIR", directory)
        .env("TMPDIR", directory)
        .env("XDG_CACHE_HOME", directory)
        .env("NO_COLOR", "1")
        .env("GH_NO_UPDATE_NOTIFIER", "1");
    tokio::task::spawn_blocking(move || command.output().expect("gh starts")).await.expect("it ran")
}

fn copy(from: &Path, name: &str) -> PathBuf {
    let to = from.with_file_name(name);
    std::fs::copy(from, &to).expect("a copy");
    to
}

#[tokio::test]
async fn gh_trusts_the_certificate_and_the_one_that_replaces_it() {
    if Command::new("gh").arg("--version").output().is_err() {
        eprintln!("skipped: gh is not installed");
        return;
    }
    let Some(server) = TestServer::start().await else { return };
    let repository = server.rows().repository("/nowhere").await;
    server.rows().run(repository, "d-1", "completed").await;
    let directory = server.directory.path();
    let files = TlsFiles { certificate: directory.join("tls.crt"), key: directory.join("tls.key") };
    make_certificate(&files);
    let certificate = Certificate::load(files.clone()).await.expect("a certificate");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let listener = listener.into_std().expect("a listener");
    let served = tls::serve(server.app.clone(), certificate.clone(), listener);
    server.app.tasks.spawn("https", served);

    let old = copy(&files.certificate, "old.crt");
    let list = ["run", "list", "-R", "acme/app", "--json", "displayTitle,url"];
    let output = gh(&server, port, &old, &list).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("Add the thing"), "{text}");
    assert!(text.contains(&format!("https://localhost:{port}/acme/app/actions/runs/")), "{text}");
    // What it follows by itself is over TLS as well.
    let view = gh(&server, port, &old, &["run", "view", "-R", "acme/app", "10001"]).await;
    let told = String::from_utf8_lossy(&view.stderr).into_owned();
    assert!(view.status.success() || told.contains("404"), "{told}");

    std::fs::write(&files.certificate, "half of a certifi").expect("written");
    certificate.reload().await.expect_err("no certificate");
    assert!(gh(&server, port, &old, &list).await.status.success(), "the old one is used on");
    make_certificate(&files);
    certificate.reload().await.expect("reloaded");
    let refused = gh(&server, port, &old, &list).await;
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("certificate"), "{told}");
    let new = copy(&files.certificate, "new.crt");
    assert!(gh(&server, port, &new, &list).await.status.success(), "the new one is trusted");
}
