//! Job containers and service containers.

use gantry_protocol::Conclusion;

use crate::fixture::{Fixture, Place};

/// Two services that listen on the same port and say who they are.
fn two_services(job_keys: &str, steps: &str) -> String {
    let service = |name: &str, port: u16| {
        format!(
            r#"      {name}:
        image: gantry/job:latest
        ports: ["{port}:8000"]
        entrypoint: sh
        command: -c "mkdir /www && cd /www && echo I am {name} > index.html && exec python3 -m http.server 8000"
        options: --health-cmd "curl -fs localhost:8000" --health-interval 200ms
"#
        )
    };
    format!(
        "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n{job_keys}    services:\n{}{}    steps:\n{steps}",
        service("first", 5432),
        service("second", 5433)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn mapped_ports_of_services_are_on_localhost() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let steps = r#"      - run: |
          curl -fs localhost:5432; curl -fs localhost:5433; curl -fs second:8000
          echo "ports ${{ job.services.first.ports['8000'] }} ${{ job.services.second.ports[8000] }}"
"#;
    let log = t.succeed(&two_services("", steps)).await;
    assert!(log.contains("\nI am first\nI am second\nI am second\n"), "{log}");
    assert!(log.contains("\nports 5432 5433\n"), "{log}");
    assert!(log.contains("first service is healthy.\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_container_reaches_services_by_name_and_runs_sh() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let keys = "    container: {image: 'gantry/job:latest', env: {FROM: container}}\n";
    let log = t
        .succeed(&two_services(
            keys,
            "      - run: curl -fs first:8000; echo \"$FROM $PWD $HOME\"\n",
        ))
        .await;
    assert!(log.contains("sh -e {0}\n"), "{log}");
    assert!(log.contains("\nI am first\ncontainer /__w/app/app /github/home\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_ends_fails_the_job_with_its_log() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let workflow = r#"
on: push
jobs:
  j:
    runs-on: ubuntu-latest
    services:
      broken: {image: "gantry/job:latest", entrypoint: sh, command: -c "echo no disk; exit 3"}
    steps: [{run: echo never}]
"#;
    let (job, end) = t.run(workflow).await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Failure);
    assert!(log.contains("\nno disk\n"), "{log}");
    assert!(log.contains("##[error]One or more containers failed to start.\n"), "{log}");
    assert!(!log.contains("\nnever\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_image_and_a_forbidden_option_are_said_in_the_log() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let job = |container: &str| {
        format!(
            "on: push\njobs: {{j: {{runs-on: ubuntu-latest, container: {container}, steps: [{{run: echo}}]}}}}"
        )
    };
    let (id, end) = t.run(&job("'gantry-test/no-such-image:1'")).await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    let log = t.server.log(id);
    assert!(log.contains("image `gantry-test/no-such-image:1` is not on this machine"), "{log}");
    assert!(end.infrastructure_error.is_some());

    let (id, end) = t.run(&job("{image: 'gantry/job:latest', options: --privileged}")).await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    let log = t.server.log(id);
    assert!(log.contains("option `--privileged` is not allowed"), "{log}");
    assert!(end.infrastructure_error.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_speaks_udp_is_on_localhost() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let workflow = r#"
on: push
jobs:
  j:
    runs-on: ubuntu-latest
    services:
      echo:
        image: gantry/job:latest
        ports: ["5300:53/udp"]
        entrypoint: python3
        command: >-
          -c "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('', 53)); open('/up', 'w');
          exec('while True: d, a = s.recvfrom(999); s.sendto(d.upper(), a)')"
        options: --health-cmd "test -e /up" --health-interval 200ms
    steps:
      - shell: python
        run: |
          import socket
          for word in (b"once", b"again"):
              s = socket.socket(type=socket.SOCK_DGRAM)
              s.settimeout(10)
              s.sendto(word, ("127.0.0.1", 5300))
              print(s.recv(99).decode(), "${{ job.services.echo.ports['53'] }}", flush=True)
"#;
    let log = t.succeed(workflow).await;
    assert!(log.contains("\nONCE 5300\nAGAIN 5300\n"), "{log}");
}
