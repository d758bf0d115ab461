//! What may go wrong between a client and the store, and what is left of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{TimeDelta, Utc};
use gantry_server::accounts::sign_link_until;
use serde_json::{Value, json};

use crate::harness::{RunningJob, TestServer};
use crate::server_or_skip;

async fn start<'a>(server: &'a TestServer, guid: &str) -> RunningJob<'a> {
    let repository = server.rows().repository("/nowhere").await;
    RunningJob::start(server, repository, guid).await
}

async fn create(job: &RunningJob<'_>, name: &str) -> String {
    let (status, created) = job.artifacts("CreateArtifact", json!({ "name": name })).await;
    assert_eq!(status, 200, "{created}");
    created["signed_upload_url"].as_str().expect("a URL").to_owned()
}

async fn commit(job: &RunningJob<'_>, url: &str, names: &[&str]) -> u16 {
    let names: String = names.iter().map(|name| format!("<Latest>{name}</Latest>")).collect();
    let list = format!("<BlockList>{names}</BlockList>");
    job.put(&format!("{url}&comp=blocklist"), list.as_bytes()).await.status().as_u16()
}

async fn listed(job: &RunningJob<'_>) -> usize {
    let (_, listed) = job.artifacts("ListArtifacts", json!({})).await;
    listed["artifacts"].as_array().map_or(0, Vec::len)
}

async fn download(job: &RunningJob<'_>, name: &str) -> Vec<u8> {
    let (status, found) = job.artifacts("GetSignedArtifactURL", json!({ "name": name })).await;
    assert_eq!(status, 200, "{found}");
    let url = found["signed_url"].as_str().expect("a URL");
    let answer = job.server.client.get(url).send().await.expect("an answer");
    answer.bytes().await.expect("bytes").to_vec()
}

#[tokio::test]
async fn an_expired_signature_opens_nothing() {
    let server = server_or_skip!();
    let job = start(&server, "d-1").await;
    let url = create(&job, "dist").await;
    let path = url.split('?').next().and_then(|url| url.strip_prefix(&server.url)).expect("a path");
    let sign = |end| format!("{}{}", server.url, sign_link_until(&server.app.vault, path, end));
    let expired = sign(Utc::now() - TimeDelta::seconds(1));
    assert_eq!(job.put(&expired, b"late").await.status(), 403);
    // The time is part of what is signed.
    let stretched = expired.replace("expires=", "expires=9");
    assert_eq!(job.put(&stretched, b"late").await.status(), 403);
    assert_eq!(job.put(&sign(Utc::now() + TimeDelta::minutes(1)), b"in time").await.status(), 201);
}

#[tokio::test]
async fn missing_blocks_make_no_artifact() {
    let server = server_or_skip!();
    let job = start(&server, "d-1").await;
    let url = create(&job, "dist").await;
    let block = format!("{url}&comp=block&blockid=YQ%3D%3D");
    assert_eq!(job.put(&block, b"one").await.status(), 201);
    assert_eq!(commit(&job, &url, &["YQ==", "Yg=="]).await, 400);
    let said = json!({ "name": "dist", "size": "3" });
    assert_eq!(job.artifacts("FinalizeArtifact", said).await.0, 412);
    assert_eq!(listed(&job).await, 0);
}

#[tokio::test]
async fn of_two_writers_of_one_block_one_wins_whole() {
    let server = server_or_skip!();
    let job = start(&server, "d-1").await;
    let url = create(&job, "dist").await;
    let block = format!("{url}&comp=block&blockid=YQ%3D%3D");
    let (ones, twos) = (vec![b'1'; 300_000], vec![b'2'; 300_000]);
    let (first, second) = tokio::join!(job.put(&block, &ones), job.put(&block, &twos));
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (201, 201));
    let (one, two) = tokio::join!(commit(&job, &url, &["YQ=="]), commit(&job, &url, &["YQ=="]));
    assert_eq!((one, two), (201, 201));
    let said = json!({ "name": "dist", "size": "300000" });
    let (said_again, done) = tokio::join!(
        job.artifacts("FinalizeArtifact", said.clone()),
        job.artifacts("FinalizeArtifact", said)
    );
    assert_eq!((said_again.0, done.0), (200, 200));
    let bytes = download(&job, "dist").await;
    assert!(bytes == ones || bytes == twos, "a mixture of both");
    assert_eq!(listed(&job).await, 1);
}

/// A small file system in memory at a directory, until it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, with a printed line, where the user may not mount.
    #[expect(clippy::print_stdout, reason = "whoever runs the tests must see what was not tested")]
    fn mount(place: &Path) -> Option<Self> {
        std::fs::create_dir_all(place).expect("a directory");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
            .arg(place)
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(place.to_owned()));
        }
        println!("skipped: only root may mount a small file system");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).output());
    }
}

#[tokio::test]
async fn a_full_disk_is_named_and_takes_the_upload_again_when_there_is_room() {
    let server = server_or_skip!();
    let Some(disk) = SmallDisk::mount(&server.directory.path().join("objects")) else { return };
    let job = start(&server, "d-1").await;
    let kept = create(&job, "kept").await;
    assert_eq!(job.put(&kept, b"before").await.status(), 201);
    let said = json!({ "name": "kept", "size": "6" });
    assert_eq!(job.artifacts("FinalizeArtifact", said).await.0, 200);
    let url = create(&job, "large").await;
    let answer = job.put(&url, &vec![7; 6 << 20]).await;
    assert_eq!(answer.status(), 507);
    assert!(answer.text().await.expect("a text").contains("AccountIsFull"));
    let said = json!({ "name": "large", "size": (6 << 20).to_string() });
    assert_eq!(
        job.artifacts("FinalizeArtifact", said.clone()).await.0,
        412,
        "nothing half is seen"
    );
    assert_eq!(download(&job, "kept").await, b"before");
    let grown = Command::new("mount").args(["-o", "remount,size=32m"]).arg(&disk.0).status();
    assert!(grown.expect("mount").success());
    assert_eq!(job.put(&url, &vec![7; 6 << 20]).await.status(), 201);
    assert_eq!(job.artifacts("FinalizeArtifact", said).await.0, 200);
    assert_eq!(listed(&job).await, 2);
}

#[tokio::test]
async fn a_path_that_leads_out_of_an_artifact_is_refused() {
    let server = server_or_skip!();
    let job = start(&server, "d-1").await;
    let place = format!("/toolkit/_apis/pipelines/workflows/{}/artifacts", job.run);
    let (_, made) = job.call(&place, json!({ "Type": "actions_storage", "Name": "old" })).await;
    let url = made["fileContainerResourceUrl"].as_str().expect("a URL");
    for path in
        ["old/../../etc/passwd", "old//x", "old/a\\..\\b", "old/", "other/x", "old/a:b", "old/./x"]
    {
        let request = server.client.put(url).query(&[("itemPath", path)]);
        let request =
            request.bearer_auth(&job.token).header("content-range", "bytes 0-0/1").body("x");
        assert_eq!(request.send().await.expect("an answer").status(), 400, "{path}");
    }
    let root = server.directory.path().join("objects");
    assert!(!contains(&root, "passwd"), "nothing is called as a client wants it");
}

fn contains(directory: &Path, name: &str) -> bool {
    let Ok(entries) = std::fs::read_dir(directory) else { return false };
    entries.flatten().any(|entry| entry.file_name() == name || contains(&entry.path(), name))
}

#[tokio::test]
async fn a_token_of_another_job_finds_nothing_of_this_one() {
    let server = server_or_skip!();
    let job = start(&server, "d-1").await;
    job.upload_artifact("dist", b"mine").await;
    let other =
        RunningJob::start(&server, server.rows().named_repository("b", "/other").await, "d-2")
            .await;
    let (status, found) = other.artifacts("GetSignedArtifactURL", json!({ "name": "dist" })).await;
    assert_eq!((status, &found["code"]), (404, &json!("not_found")));
    let body = json!({ "name": "dist", "workflow_run_backend_id": job.run.to_string() });
    let (status, refused): (u16, Value) = other
        .call("/twirp/github.actions.results.api.v1.ArtifactService/DeleteArtifact", body)
        .await;
    assert_eq!((status, &refused["code"]), (403, &json!("permission_denied")));
    assert_eq!(listed(&job).await, 1);
}
