//! Images from a registry that asks who one is.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use gantry_protocol::Conclusion;

use crate::fixture::{Fixture, Place};

/// `octo` with the secret that the fixture gives to jobs.
const ACCOUNT: &str = "octo:$2b$05$QbVW73H8HKTCM7ytftZA2uQsJb7qSQrg67RTbHIOWXuw49vhEfFhi\n";
const PASSWORD: &str = "hunter2-and-more";

/// A registry on this machine, with one image.
struct Registry {
    server: Child,
    image: String,
    /// Of the image, whatever it is called.
    id: String,
    _files: tempfile::TempDir,
}

impl Registry {
    /// `None`, with a printed line, where the machine lacks a program. Nothing installs the registry for
    /// the tests, because its package would also start it.
    #[expect(clippy::print_stdout, reason = "whoever runs the tests must see what was not tested")]
    fn start() -> Option<Self> {
        for program in ["/usr/bin/docker-registry", "/bin/busybox", "/usr/bin/docker"] {
            if !Path::new(program).exists() {
                println!("skipped: {program} is missing");
                return None;
            }
        }
        let files = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let path = |name: &str| files.path().join(name).display().to_string();
        std::fs::write(path("accounts"), ACCOUNT).unwrap();
        let configuration = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http: {{addr: '127.0.0.1:{port}'}}\nauth: {{htpasswd: {{realm: test, path: {}}}}}\n",
            path("storage"),
            path("accounts")
        );
        std::fs::write(path("registry.yml"), configuration).unwrap();
        let server = Command::new("/usr/bin/docker-registry")
            .args(["serve", &path("registry.yml")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::yield_now();
        }
        let image = format!("127.0.0.1:{port}/acme/tool:1");
        let client = path("client");
        let mut registry = Self { server, image, id: String::new(), _files: files };
        registry.push(&client);
        Some(registry)
    }

    /// Pushes an image with a shell, and forgets it on this machine.
    fn push(&mut self, client: &str) {
        let script = r#"
            set -e
            root=$(mktemp -d)
            mkdir -p $root/bin $root/tmp
            cp /bin/busybox $root/bin/busybox
            for applet in sh sleep cat; do ln -s busybox $root/bin/$applet; done
            tar -C $root -c . | docker import --change 'ENV PATH=/bin' - "$1" > /dev/null
            rm -rf $root
            mkdir -p "$0"
            echo "$2" | docker --config "$0" login --username octo --password-stdin "${1%%/*}" 2> /dev/null
            docker --config "$0" push --quiet "$1" > /dev/null
            docker image inspect --format '{{.Id}}' "$1"
            docker rmi "$1" > /dev/null
        "#;
        let pushed = Command::new("sh")
            .args(["-c", script, client, &self.image, PASSWORD])
            .output()
            .unwrap();
        assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
        self.id = String::from_utf8(pushed.stdout).unwrap().trim().to_owned();
    }

    /// Whether it is there under its own name, where jobs without credentials would find it.
    fn is_public(&self) -> bool {
        let found = Command::new("docker").args(["image", "inspect", &self.image]).output();
        found.unwrap().status.success()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        Command::new("docker").args(["rmi", "--force", &self.id]).output().unwrap();
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

fn container(image: &str, password: &str) -> String {
    format!("{{image: '{image}', credentials: {{username: octo, password: '{password}'}}}}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_pulled_with_the_credentials_of_the_workflow() {
    // Dropped after the runner's containers, so that nothing uses the image any more.
    let Some(registry) = Registry::start() else { return };
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let container = container(&registry.image, "${{ secrets.PASSWORD }}");
    let log = t
        .succeed(&format!(
            "on: push\njobs: {{j: {{runs-on: ubuntu-latest, container: {container}, steps: [{{run: echo it runs}}]}}}}"
        ))
        .await;
    assert!(log.contains("\nit runs\n"), "{log}");
    assert!(!log.contains(PASSWORD), "{log}");
    assert!(!registry.is_public());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_pulled_with_the_credentials_of_the_workflow() {
    // Dropped after the runner's containers, so that nothing uses the image any more.
    let Some(registry) = Registry::start() else { return };
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let service = container(&registry.image, "${{ secrets.PASSWORD }}");
    let service = service.trim_end_matches('}').to_owned() + "}, command: sleep 1000}";
    let log = t
        .succeed(&format!(
            "on: push\njobs: {{j: {{runs-on: ubuntu-latest, services: {{tool: {service}}}, steps: [{{run: echo it runs}}]}}}}"
        ))
        .await;
    assert!(log.contains("\nit runs\n"), "{log}");
    assert!(!log.contains(PASSWORD), "{log}");
    assert!(!registry.is_public());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_or_none_fail_the_job_with_the_image_and_without_the_password() {
    // Dropped after the runner's containers, so that nothing uses the image any more.
    let Some(registry) = Registry::start() else { return };
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    for container in [
        container(&registry.image, "not-the-password-${{ secrets.PASSWORD }}"),
        format!("'{}'", registry.image),
    ] {
        let (job, end) = t
            .run(&format!(
                "on: push\njobs: {{j: {{runs-on: ubuntu-latest, container: {container}, steps: [{{run: echo}}]}}}}"
            ))
            .await;
        let log = t.server.log(job);
        assert_eq!(end.conclusion, Conclusion::Failure, "{log}");
        let error = log.lines().find(|line| line.starts_with("##[error]")).unwrap();
        assert!(error.contains(&registry.image), "{log}");
        assert!(log.contains("nauthorized") || log.contains("no basic auth credentials"), "{log}");
        assert!(!log.contains("not-the-password") && !log.contains(PASSWORD), "{log}");
        assert!(!registry.is_public());
    }
}
