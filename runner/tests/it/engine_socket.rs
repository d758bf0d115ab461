//! The engine as a job sees it that may use it: its own containers, and nobody else's.

use std::process::Command;

use gantry_protocol::{Conclusion, JobId, JobMessage};
use gantry_runner::config::DockerSocket;

use crate::fixture::{Fixture, Place};

fn allowed(message: &mut JobMessage) {
    message.policy.docker_socket = true;
}

async fn start() -> Option<Fixture> {
    Fixture::start_with(Place::Containers, |config| config.docker_socket = DockerSocket::Own).await
}

fn steps(script: &str) -> String {
    let script: String =
        script.lines().map(|line| format!("          {}\n", line.trim())).collect();
    format!(
        "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n{script}"
    )
}

async fn run(t: &Fixture, script: &str) -> (JobId, String) {
    let job = t.queue_with(&steps(script), allowed);
    let end = t.server.completed(job).await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Success, "{log}");
    (job, log)
}

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_run_with_names_ports_volumes_and_networks() {
    let Some(mut t) = start().await else { return };
    let script = r#"
        docker version --format '{{.Server.Os}}'
        echo 'I am served' > index.html
        docker run -d --name web -p 8080:8000 -v "$PWD:/www:ro" -w /www gantry/job:latest python3 -m http.server 8000
        for i in $(seq 50); do curl -fs localhost:8080 && break; sleep 0.1; done
        docker ps --format '{{.Names}} {{.Ports}}'
        docker ps --filter name=^web$ --quiet | wc -l | sed 's/^/found /'
        docker port web
        docker exec web sh -c 'echo exec $((40 + 2))'
        echo typed | docker run -i --rm gantry/job:latest cat
        docker run --rm gantry/job:latest sh -c 'exit 7' || echo "exit $?"
        docker network create net
        docker volume create vol
        docker run --rm -v vol:/data gantry/job:latest sh -c 'echo kept > /data/file'
        docker run -d --name peer --network net -v vol:/data gantry/job:latest sh -c 'cd /data && exec python3 -m http.server 8000'
        for i in $(seq 50); do docker run --rm --network net gantry/job:latest curl -fs peer:8000/file && break; sleep 0.1; done
        curl -fs http://$(docker inspect -f '{{.NetworkSettings.Networks.net.IPAddress}}' peer):8000/file
        docker logs web 2>&1 | grep -c GET | sed 's/^/logged /'
        docker rm -f peer
        docker network rm net
        docker rm -f web
        python3 -m http.server 8080 & sleep 0.5; curl -fs localhost:8080 | sed 's/^/again /'
        docker run --rm -v /var/run/docker.sock:/var/run/docker.sock gantry/job:latest docker volume ls --quiet | sed 's/^/volume /'
        docker cp nothing:/x . 2>&1 || true
        docker run -d --name left gantry/job:latest sleep 1000
    "#;
    let (job, log) = run(&t, script).await;
    for line in [
        "linux",
        "I am served",
        "web 0.0.0.0:8080->8000/tcp",
        "found 1",
        "8000/tcp -> 0.0.0.0:8080",
        "exec 42",
        "typed",
        "exit 7",
        "kept",
        "logged 1",
        "again I am served",
        "volume vol",
    ] {
        assert!(log.contains(&format!("\n{line}\n")), "{line}: {log}");
    }
    t.drain().await;
    assert_eq!(left(&t, job), "");
}

/// What the engine has of a job.
fn left(t: &Fixture, job: JobId) -> String {
    let path = t.config.work_directory.join("installation");
    let runner = std::fs::read_to_string(path).unwrap();
    let [of_runner, of_job] =
        [format!("label=gantry.runner={}", runner.trim()), format!("label=gantry.job={job}")];
    let filters = ["--filter", &of_runner, "--filter", &of_job];
    let list = |kind: &[&str]| docker(&[kind, &filters].concat());
    list(&["ps", "--all", "--quiet"])
        + &list(&["network", "ls", "--quiet"])
        + &list(&["volume", "ls", "--quiet"])
        + &list(&["image", "ls", "--quiet"])
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_built_upon_each_other_and_go_with_the_job() {
    let Some(mut t) = start().await else { return };
    let script = r#"
        mkdir -p one two
        printf 'FROM gantry/job:latest\nRUN echo built > /made\nCMD cat /made\n' > one/Dockerfile
        printf 'ARG BASE=demo:1\nFROM ${BASE}\nRUN echo upon >> /made\n' > two/Dockerfile
        docker build -q -t demo:1 one
        docker build -t upon two
        docker run --rm upon
        docker image ls --format '{{.Repository}}:{{.Tag}}' | grep -E 'demo|upon' | sort
        docker tag upon localhost:5000/acme/upon:2
        docker image inspect --format '{{.RepoTags}}' localhost:5000/acme/upon:2
        docker rmi localhost:5000/acme/upon:2 > /dev/null
        docker rmi gantry/job:latest 2>&1 || echo stays
        docker build -t gantry/job:latest one > /dev/null
        docker run --rm gantry/job:latest
        docker pull gantry/job:latest 2>&1 || echo not replaced
    "#;
    let before = docker(&["image", "inspect", "--format", "{{.Id}}", "gantry/job:latest"]);
    let (job, log) = run(&t, script).await;
    for line in ["built\nupon", "demo:1\nupon:latest", "stays", "not replaced"] {
        assert!(log.contains(&format!("\n{line}\n")), "{line}: {log}");
    }
    assert!(log.contains("localhost:5000/acme/upon:2"), "{log}");
    assert!(!log.contains("gantry-own-"), "{log}");
    t.drain().await;
    assert_eq!(left(&t, job), "");
    assert!(!docker(&["image", "ls"]).contains(&format!("-{job}-")), "names are gone");
    assert_eq!(docker(&["image", "inspect", "--format", "{{.Id}}", "gantry/job:latest"]), before);
}

/// Each of these must be refused, and none may change anything. `no` prints `BROKEN` for what works.
const ATTACKS: &str = r#"
        no() { if "$@" > out 2>&1; then echo "BROKEN $*"; fi; cat out; rm -f out; }
        for it in CANARY ID $(hostname) ; do
          for what in "inspect" "logs" "top" "exec CMD true" "rm" "stop -t 0" "kill" "pause" "rename CMD x" "cp CMD:/etc/hostname ." "export" "diff" "update --memory 100m" "commit" "restart -t 0" "wait" "attach"; do
            case "$what" in *CMD*) no docker ${what/CMD/$it} ;; *) no docker $what $it ;; esac
          done
        done
        docker ps -a --format 'seen {{.Names}}'
        docker volume ls -q | sed 's/^/seen /'
        docker network ls --format 'network {{.Name}}'
        R="docker run --rm"
        I="gantry/job:latest true"
        no $R --privileged $I
        no $R --pid host $I
        no $R --ipc host $I
        no $R --uts host $I
        no $R --network host $I
        no $R --cgroupns host $I
        no $R --userns host $I
        no $R --cap-add SYS_ADMIN $I
        no $R --security-opt seccomp=unconfined $I
        no $R --security-opt apparmor=unconfined $I
        no $R --device /dev/null $I
        no $R --cgroup-parent /x $I
        no $R -v /:/host $I
        no $R -v /etc:/host $I
        no $R -v /__w/../etc:/host $I
        no $R -v /var/run:/host $I
        no $R -v /__w:/x:rshared $I
        no $R --mount type=bind,source=/etc,target=/x $I
        no $R --mount type=volume,source=v,target=/x,volume-driver=local,volume-opt=type=none,volume-opt=device=/,volume-opt=o=bind $I
        no $R --volumes-from CANARY $I
        no $R --network container:CANARY $I
        no $R --pid container:$(hostname) $I
        no docker volume create --opt type=none --opt device=/ --opt o=bind bad
        no docker network create --subnet 10.9.0.0/16 bad
        no docker network create --driver macvlan bad
        no docker network create -o com.docker.network.bridge.name=docker0 bad
        no docker network connect bridge CANARY
        no docker network inspect host
        ln -s /etc link
        no $R -v "$PWD/link:/x" $I
        no $R -v "$PWD/link/ssl:/x" $I
        printf 'FROM gantry/job:latest\n' > Dockerfile
        no docker build --network host .
        no env DOCKER_BUILDKIT=1 docker build .
        no docker build --cgroup-parent /x .
        no docker load -i Dockerfile
        no docker import Dockerfile
        no docker swarm init
        no docker plugin ls
        no docker system df
        ask() { curl -s --unix-socket /var/run/docker.sock "http://d$1" "${@:2}"; echo; }
        ask /v1.41/containers/create -H 'Content-Type: application/json' -d '{"Image":"gantry/job:latest","hostconfig":{"privileged":true}}'
        ask /v1.41/containers/create -H 'Content-Type: application/json' -d '{"Image":"gantry/job:latest","HostConfig":{"Privileged":false,"privileged":true}}'
        ask /v1.41/containers/create -H 'Content-Type: application/json' -d '{"Image":"gantry/job:latest","HostConfig":{"MaskedPaths":[]}}'
        ask /v1.41/containers/%2e%2e/info
        ask /v1.41/images/create?fromImage=x -H 'Content-Type: application/x-www-form-urlencoded' -d fromSrc=-
        ask /v1.41/containers/json?all=1 | grep -c CANARY || true
        docker run -d --name mine --label gantry.job=1 gantry/job:latest sleep 100
        docker inspect --format 'caps {{.HostConfig.CapDrop}} pids {{.HostConfig.PidsLimit}} job {{index .Config.Labels "gantry.job"}} masked {{len .HostConfig.MaskedPaths}}' mine
        no docker exec --privileged mine true
        docker rm -f CANARY || true
        docker update --pids-limit -1 mine
        docker inspect --format 'still {{.HostConfig.PidsLimit}}' mine
    "#;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_machine_is_seen_or_mounted() {
    let Some(t) = start().await else { return };
    let canary = format!("gantry-canary-{}", std::process::id());
    docker(&[
        "run",
        "-d",
        "--name",
        &canary,
        "--label",
        "gantry.job=1",
        "gantry/job:latest",
        "sleep",
        "600",
    ]);
    let id = docker(&["inspect", "--format", "{{.Id}}", &canary]);
    let script = ATTACKS.replace("CANARY", &canary).replace("ID", id.trim());
    let (job, log) = run(&t, &script).await;
    assert!(!log.contains("\nBROKEN"), "{log}");
    assert!(!log.contains("seen gantry") && !log.contains(&format!("seen {canary}")), "{log}");
    assert!(log.contains("\nnetwork bridge\n"), "{log}");
    assert!(!log.contains("\nnetwork host\n"), "{log}");
    assert!(log.contains(&format!("\ncaps [ALL] pids 4096 job {job} masked ")), "{log}");
    assert!(log.contains("\nstill 4096\n"), "{log}");
    assert_eq!(docker(&["inspect", "--format", "{{.State.Status}}", &canary]), "running\n");
    docker(&["rm", "-f", &canary]);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_beside_each_other_use_the_same_names() {
    let Some(t) = start().await else { return };
    let script = |text: &str| {
        steps(&format!(
            "echo {text} > file
            printf 'FROM gantry/job:latest\\nCOPY file /file\\n' > Dockerfile
            docker build -q -t app .
            docker run -d --name db -p 9000:8000 -v data:/data app sh -c 'cp /file /data && cd /data && exec python3 -m http.server 8000'
            for i in $(seq 50); do curl -fs localhost:9000/file && break; sleep 0.1; done
            echo ready; while ! test -e done; do sleep 0.1; curl -fs localhost:9000/file | grep -q {text}; docker ps --quiet | wc -l > done; done
            docker ps --format '{{{{.Names}}}}' | wc -l | sed 's/^/containers /'"
        ))
    };
    let [first, second] = ["first", "second"].map(|text| t.queue_with(&script(text), allowed));
    for (job, text) in [(first, "first"), (second, "second")] {
        let end = t.server.completed(job).await;
        let log = t.server.log(job);
        assert_eq!(end.conclusion, Conclusion::Success, "{log}");
        assert!(log.contains(&format!("\n{text}\n")), "{log}");
        assert!(log.contains("\ncontainers 1\n"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_swapped_all_the_time_never_shows_the_machine() {
    let Some(t) = start().await else { return };
    let script = r#"
        mkdir real; touch real/mine
        (set +e; while :; do rm -rf swap; ln -s /etc swap; rm -f swap; mkdir swap; done) 2> /dev/null &
        swapper=$!
        docker run --rm -v "$PWD:/w" gantry/job:latest sh -c 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); rm -rf /w/other; ln -s /etc /w/other; rm -f /w/other; mkdir /w/other; done' 2> /dev/null &
        for i in $(seq 15); do
          docker run --rm -v "$PWD/swap:/x" gantry/job:latest sh -c 'test ! -e /x/passwd || echo LEAKED' 2> /dev/null || true
          docker run --rm -v "$PWD/other:/x" gantry/job:latest sh -c 'test ! -e /x/passwd || echo LEAKED' 2> /dev/null || true
        done
        kill $swapper || true
        echo over
    "#;
    let (_, log) = run(&t, script).await;
    assert!(log.contains("\nover\n") && !log.contains("\nLEAKED\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_runner_serves_the_socket_again() {
    let Some(mut t) = start().await else { return };
    let script =
        "docker run -d --name web -p 8080:8000 gantry/job:latest python3 -m http.server 8000
        echo up; while ! test -e $RUNNER_TEMP/go; do sleep 0.1; done
        docker ps --format 'still {{.Names}}'; curl -fs localhost:8080 > /dev/null && echo served";
    let job = t.queue_with(&steps(script), allowed);
    t.server.wait_for_line(job, "\nup\n").await;
    t.kill_runner().await;
    t.start_runner();
    std::fs::write(t.job_directory(job).join("work/_temp/go"), "").unwrap();
    let end = t.server.completed(job).await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Success, "{log}");
    assert!(log.contains("\nstill web\nserved\n"), "{log}");
}

/// What the example's development set-up asks for: a build, a database with a health check and a volume,
/// networks and a published port.
const COMPOSE: &str = r#"
services:
  database:
    image: gantry/postgres:15
    environment: {POSTGRES_USER: app, POSTGRES_PASSWORD: secret, POSTGRES_DB: app}
    volumes: ["database:/var/lib/postgresql/data"]
    healthcheck: {test: [CMD, pg_isready, --username, app, --dbname, app], interval: 1s, timeout: 5s, retries: 30}
    restart: unless-stopped
  web:
    build: .
    ports: ["127.0.0.1:8080:8000"]
    depends_on: {database: {condition: service_healthy}}
volumes:
  database:
"#;

#[tokio::test(flavor = "multi_thread")]
async fn compose_brings_an_application_up_and_down() {
    let Some(t) = start().await else { return };
    let job = t.queue_with(
        &steps(
            "echo waiting; while ! test -e $RUNNER_TEMP/up; do sleep 0.1; done
            curl -fs localhost:8080/page; docker ps --format '{{.Names}}' | sort
            echo seen; while ! test -e $RUNNER_TEMP/down; do sleep 0.1; done
            docker ps --all --quiet | wc -l | sed 's/^/left /'; docker network ls --quiet | wc -l | sed 's/^/networks /'",
        ),
        allowed,
    );
    t.server.wait_for_line(job, "\nwaiting\n").await;
    let project = tempfile::tempdir().unwrap();
    std::fs::write(project.path().join("docker-compose.yml"), COMPOSE).unwrap();
    let recipe = "FROM gantry/job:latest\nRUN mkdir /www && echo page of the application > /www/page\n\
                  WORKDIR /www\nCMD [\"python3\", \"-m\", \"http.server\", \"8000\"]\n";
    std::fs::write(project.path().join("Dockerfile"), recipe).unwrap();
    let socket = t.job_directory(job).join("engine/docker.sock");
    let compose = |arguments: &[&str]| {
        let output = Command::new("docker-compose")
            .args(["--project-name", "demo"])
            .args(arguments)
            .current_dir(project.path())
            .env("DOCKER_HOST", format!("unix://{}", socket.display()))
            .output();
        let Ok(output) = output else { return false };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        true
    };
    if !compose(&["up", "--detach", "--build"]) {
        println!("skipped: no docker-compose");
        return;
    }
    let temporary = t.job_directory(job).join("work/_temp");
    std::fs::write(temporary.join("up"), "").unwrap();
    t.server.wait_for_line(job, "\nseen\n").await;
    compose(&["exec", "-T", "database", "psql", "-U", "app", "-c", "select 1"]);
    compose(&["down", "--volumes"]);
    std::fs::write(temporary.join("down"), "").unwrap();
    let end = t.server.completed(job).await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Success, "{log}");
    assert!(
        log.contains("\npage of the application\ndemo_database_1\ndemo_web_1\nseen\n"),
        "{log}"
    );
    assert!(log.contains("\nleft 0\nnetworks 1\n"), "{log}");
}
