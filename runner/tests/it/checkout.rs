//! The inputs of the runner's own checkout, with the servers that they are about.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use gantry_protocol::Conclusion;
use gantry_runner::RunnerConfig;

use crate::actions::queue_at;
use crate::fixture::{Fixture, Place};
use crate::javascript::node_directory;
use crate::repositories::{commit, git, repository};

const STEPS: &str = "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n";

/// Whether a program is there; a line says what is not tested without it. Nothing installs an SSH server
/// for the tests, because its package would also start it.
#[expect(clippy::disallowed_methods, reason = "tests are told by environment what must be there")]
#[expect(clippy::print_stdout, reason = "whoever runs the tests must see what was not tested")]
fn has(program: &str) -> bool {
    let found = Path::new("/usr/sbin").join(program).exists()
        || Path::new("/usr/bin").join(program).exists();
    let may_miss = program == "sshd" || std::env::var_os("TEST_REQUIRE_DOCKER").is_none();
    assert!(found || may_miss, "{program} is missing");
    if !found {
        println!("skipped: {program} is missing");
    }
    found
}

/// A repository whose file `big` is a pointer, with what it stands for.
fn with_large_file(path: &Path) -> String {
    repository(path, &[(".gitattributes", "big filter=lfs diff=lfs merge=lfs -text\n")]);
    git(path, &["lfs", "install", "--local"]);
    commit(path, &[("big", "large contents\n")])
}

#[tokio::test(flavor = "multi_thread")]
async fn large_files_are_pulled_when_they_are_asked_for() {
    let Some(t) = Fixture::start(Place::Processes).await.filter(|_| has("git-lfs")) else { return };
    let source = t.work.path().join("source");
    let sha = with_large_file(&source);
    let workflow = format!(
        "{STEPS}    - {{uses: actions/checkout@v4}}\n    - run: head -1 big\n    \
         - {{uses: actions/checkout@v4, with: {{lfs: true}}}}\n    - run: cat big; git status --short; ls .git/hooks/pre-push\n"
    );
    let job = queue_at(&t, &workflow, &source, &sha);
    let end = t.server.completed(job).await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Success, "{log}");
    assert!(t.server.step_log(job, 3).contains("\nversion https://git-lfs.github.com"), "{log}");
    assert!(
        t.server.step_log(job, 5).ends_with("\nlarge contents\n.git/hooks/pre-push\n"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_does_not_send_the_runner_elsewhere_for_large_files() {
    let Some(t) = Fixture::start(Place::Processes).await.filter(|_| has("git-lfs")) else { return };
    let source = t.work.path().join("source");
    with_large_file(&source);
    let sha = commit(&source, &[(".lfsconfig", "[lfs]\n\turl = http://127.0.0.1:1/x\n")]);
    let workflow = format!("{STEPS}    - {{uses: actions/checkout@v4, with: {{lfs: true}}}}\n");
    let job = queue_at(&t, &workflow, &source, &sha);
    assert_eq!(t.server.completed(job).await.conclusion, Conclusion::Failure);
    let log = t.server.step_log(job, 2);
    assert!(
        log.contains("##[error].lfsconfig says that large files are at http://127.0.0.1:1/x"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_and_parts_of_a_history_are_fetched_as_asked() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let source = t.work.path().join("source");
    repository(&source, &[("a", "1"), ("gone", "of the past")]);
    git(&source, &["config", "uploadpack.allowFilter", "true"]);
    git(&source, &["tag", "v1"]);
    git(&source, &["rm", "--quiet", "gone"]);
    let sha = commit(&source, &[("a", "2")]);
    let missing = "git rev-list --objects --all --missing=print | grep -c '^?' || true";
    let workflow = format!(
        "{STEPS}    - {{uses: actions/checkout@v4, with: {{fetch-tags: true}}}}\n    - run: git tag; git rev-list --count HEAD\n    \
         - {{uses: actions/checkout@v4, with: {{fetch-depth: 0, filter: 'blob:none', show-progress: false, set-safe-directory: false}}}}\n    \
         - run: \"{missing}; git rev-list --count HEAD; git show v1:gone\"\n    \
         - {{uses: actions/checkout@v4, with: {{ref: refs/tags/v1, fetch-tags: true}}}}\n    - run: cat gone\n"
    );
    let job = queue_at(&t, &workflow, &source, &sha);
    let end = t.server.completed(job).await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Success, "{log}");
    assert!(t.server.step_log(job, 3).ends_with("\nv1\n1\n"), "{log}");
    assert!(t.server.step_log(job, 5).ends_with("\n2\n2\nof the past\n"), "{log}");
    assert!(t.server.step_log(job, 7).ends_with("\nof the past\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_keeps_the_token_that_was_given_or_none() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let source = t.work.path().join("source");
    let sha = repository(&source, &[("a", "1")]);
    let show = "git config --get-regexp 'http.*extraheader' | sed 's/.* //' | base64 -d || true";
    let workflow = format!(
        "{STEPS}    - {{uses: actions/checkout@v4, with: {{token: a-token-of-my-own}}}}\n    - run: {show}\n    \
         - run: echo > left-over\n    - {{uses: actions/checkout@v4, with: {{persist-credentials: false, clean: false}}}}\n    \
         - run: ls; {show}\n    - {{uses: actions/checkout@v4}}\n    - run: ls\n"
    );
    let job = queue_at(&t, &workflow, &source, &sha);
    let end = t.server.completed(job).await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Success, "{log}");
    assert!(t.server.step_log(job, 3).ends_with("x-access-token:a-token-of-my-own\n"), "{log}");
    assert!(t.server.step_log(job, 6).ends_with("\na\nleft-over\n"), "{log}");
    assert!(t.server.step_log(job, 8).ends_with("\na\n"), "{log}");
}

/// An SSH server of this machine for whoever runs the tests.
struct SshServer {
    daemon: Child,
    port: u16,
    directory: tempfile::TempDir,
}

impl SshServer {
    fn start() -> Option<Self> {
        if !has("sshd") {
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).display().to_string();
        for name in ["host", "user"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f", &path(name)])
                .status();
            assert!(made.unwrap().success());
        }
        std::fs::copy(path("user.pub"), path("authorized")).unwrap();
        // Where a server of root shuts itself in.
        drop(std::fs::create_dir_all("/run/sshd"));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let options = [
            format!("Port={port}"),
            "ListenAddress=127.0.0.1".to_owned(),
            format!("HostKey={}", path("host")),
            format!("AuthorizedKeysFile={}", path("authorized")),
            "StrictModes=no".to_owned(),
            "UsePAM=no".to_owned(),
            "PidFile=none".to_owned(),
        ];
        let mut command = Command::new("/usr/sbin/sshd");
        command.args(["-D", "-e", "-f", "/dev/null"]);
        options.iter().for_each(|option| {
            command.args(["-o", option]);
        });
        let daemon = command.stderr(Stdio::null()).spawn().unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::yield_now();
        }
        Some(Self { daemon, port, directory })
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.directory.path().join(name)).unwrap()
    }

    /// The line that makes a client know this server.
    fn known_host(&self) -> String {
        let key = self.file("host.pub");
        let key: Vec<&str> = key.split_whitespace().take(2).collect();
        format!("[127.0.0.1]:{} {}", self.port, key.join(" "))
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        self.daemon.kill().unwrap();
        self.daemon.wait().unwrap();
    }
}

/// The name of whoever runs the tests.
fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A runner that goes to the SSH server for the repositories below its `hosts`.
async fn ssh_fixture(place: Place) -> Option<(SshServer, Fixture, PathBuf)> {
    let server = SshServer::start()?;
    let node = node_directory().await;
    let port = server.port;
    let configure = |config: &mut RunnerConfig| {
        let hosts = config.work_directory.with_file_name("hosts");
        config.checkout.ssh_source =
            format!("ssh://{{user}}@127.0.0.1:{port}{}/{{owner}}/{{repo}}", hosts.display());
        config.node_directory = Some(node);
    };
    let t = Fixture::start_with(place, configure).await?;
    let hosts = t.work.path().join("hosts");
    Some((server, t, hosts))
}

fn with_key(server: &SshServer, further: &str) -> String {
    let indented =
        |text: &str| text.lines().map(|line| format!("          {line}\n")).collect::<String>();
    format!(
        "    - uses: actions/checkout@v4\n      with:\n        ssh-user: {}\n        ssh-key: |\n{}{further}",
        user(),
        indented(&server.file("user"))
    )
}

fn known_hosts(server: &SshServer) -> String {
    format!("        ssh-known-hosts: '{}'\n", server.known_host())
}

/// An action whose post stage says what keys are left.
fn looks_for_keys(t: &Fixture) {
    let manifest = "runs: {using: node24, main: main.js, post: post.js}";
    let look = "console.log('left: ' + require('fs').readdirSync(process.env.RUNNER_TEMP).filter(name => name.includes('ssh')));";
    let action = t.work.path().join("actions/octo/look");
    repository(&action, &[("action.yml", manifest), ("main.js", ""), ("post.js", look)]);
}

async fn a_key_is_used_kept_and_removed(place: Place) {
    let Some((server, t, hosts)) = ssh_fixture(place).await else { return };
    looks_for_keys(&t);
    repository(&hosts.join("octo/library"), &[("code", "by ssh")]);
    let source = hosts.join("octo/app");
    repository(&source, &[("README", "the app")]);
    let library = hosts.join("octo/library");
    let arguments = [
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        library.to_str().unwrap(),
        "library",
    ];
    git(&source, &arguments);
    git(&source, &["config", "--file", ".gitmodules", "submodule.library.url", "../library"]);
    let sha = commit(&source, &[]);
    let checkout = with_key(&server, &(known_hosts(&server) + "        submodules: true\n"));
    let workflow = format!(
        "{STEPS}    - uses: octo/look@main\n{checkout}    \
         - run: cat README library/code; echo; git config core.sshCommand; git -C library config core.sshCommand; cd $RUNNER_TEMP/_ssh_key_1; stat -c '%a %n' . key known_hosts\n",
    );
    let job = queue_at(&t, &workflow, &source, &sha);
    let end = t.server.completed(job).await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Success, "{log}");
    let shown = t.server.step_log(job, 4);
    assert!(shown.contains("\nthe appby ssh\nssh -i "), "{log}");
    assert_eq!(shown.matches("/_temp/_ssh_key_1/key' -o IdentitiesOnly=yes").count(), 2, "{log}");
    assert!(shown.ends_with("\n700 .\n600 key\n600 known_hosts\n"), "{log}");
    let names = t.server.steps(job);
    assert!(
        names.contains(&"Post Run actions/checkout@v4 success success".to_owned()),
        "{names:?}"
    );
    assert!(log.contains("\nleft: \n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_used_kept_and_removed_with_processes() {
    a_key_is_used_kept_and_removed(Place::Processes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_used_kept_and_removed_in_containers() {
    a_key_is_used_kept_and_removed(Place::Containers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_jobs_own_git_uses_the_key_until_it_is_removed() {
    let Some((server, t, hosts)) = ssh_fixture(Place::Processes).await else { return };
    let source = hosts.join("octo/app");
    let sha = repository(&source, &[("README", "the app")]);
    let kept = with_key(&server, &known_hosts(&server));
    let dropped =
        with_key(&server, &(known_hosts(&server) + "        persist-credentials: false\n"));
    let workflow = format!(
        "{STEPS}{kept}    - run: git ls-remote origin main\n{dropped}    \
         - run: git config core.sshCommand || ls $RUNNER_TEMP | grep -c ssh_key_2 || true\n"
    );
    let job = queue_at(&t, &workflow, &source, &sha);
    let end = t.server.completed(job).await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Success, "{log}");
    assert!(t.server.step_log(job, 3).contains(&format!("\n{sha}\trefs/heads/main\n")), "{log}");
    assert!(t.server.step_log(job, 5).ends_with("\n0\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_ssh_server_is_trusted_only_when_the_workflow_says_so() {
    let Some((server, t, hosts)) = ssh_fixture(Place::Processes).await else { return };
    let source = hosts.join("octo/app");
    let sha = repository(&source, &[("README", "the app")]);
    let job = queue_at(&t, &format!("{STEPS}{}", with_key(&server, "")), &source, &sha);
    assert_eq!(t.server.completed(job).await.conclusion, Conclusion::Failure);
    let log = t.server.step_log(job, 2);
    assert!(log.contains("Host key verification failed"), "{log}");
    assert!(!log.contains("PRIVATE KEY-----\n##"), "{log}");
    let lax = with_key(&server, "        ssh-strict: false\n");
    let job = queue_at(&t, &format!("{STEPS}{lax}"), &source, &sha);
    let end = t.server.completed(job).await;
    assert_eq!(end.conclusion, Conclusion::Success, "{}", t.server.log(job));
}
