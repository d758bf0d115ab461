//! Artifacts at the wire: what the clients within actions send, and what they look at.

use gantry_protocol::RepositoryId;
use gantry_server::artifacts::expire_artifacts;
use gantry_server::storage::sweep_blobs;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{RunningJob, TestServer};
use crate::server_or_skip;

async fn repository(server: &TestServer) -> RepositoryId {
    server.rows().repository("/nowhere").await
}

fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// A link to upload a new artifact with.
async fn create(job: &RunningJob<'_>, request: Value) -> String {
    let (status, created) = job.artifacts("CreateArtifact", request).await;
    assert_eq!(status, 200, "{created}");
    created["signed_upload_url"].as_str().expect("a URL").to_owned()
}

fn list_of(names: &[&str]) -> String {
    let names: String = names.iter().map(|name| format!("<Latest>{name}</Latest>")).collect();
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>{names}</BlockList>")
}

async fn commit(job: &RunningJob<'_>, url: &str, names: &[&str]) -> reqwest::Response {
    job.put(&format!("{url}&comp=blocklist"), list_of(names).as_bytes()).await
}

/// What a download of the artifact gives, by the link that clients ask for.
async fn download(job: &RunningJob<'_>, name: &str) -> reqwest::Response {
    try_download(job, name).await.expect("an answer")
}

async fn try_download(job: &RunningJob<'_>, name: &str) -> reqwest::Result<reqwest::Response> {
    let (status, found) = job.artifacts("GetSignedArtifactURL", json!({ "name": name })).await;
    assert_eq!(status, 200, "{found}");
    let url = found["signed_url"].as_str().expect("a URL");
    job.server.client.get(url).send().await
}

#[tokio::test]
async fn trap_5_blocks_come_in_any_order_and_the_list_decides() {
    let server = server_or_skip!();
    let job = RunningJob::start(&server, repository(&server).await, "d-1").await;
    let url = create(&job, json!({ "name": "dist", "version": 4 })).await;
    let blocks = [("Yw==", "three"), ("YQ==", "one "), ("Yg==", "two ")];
    let sent = blocks.map(|(id, text)| {
        let url = format!("{url}&comp=block&blockid={}", id.replace('=', "%3D"));
        let job = &job;
        async move { job.put(&url, text.as_bytes()).await.status() }
    });
    let statuses = futures_util::future::join_all(sent).await;
    assert!(statuses.iter().all(|status| *status == 201), "{statuses:?}");
    assert_eq!(commit(&job, &url, &["YQ==", "Yg==", "Yw=="]).await.status(), 201);
    // The answer may have been lost on the way.
    assert_eq!(commit(&job, &url, &["YQ==", "Yg==", "Yw=="]).await.status(), 201);
    let said = json!({ "name": "dist", "size": "13", "hash": sha256(b"one two three") });
    let (status, done) = job.artifacts("FinalizeArtifact", said).await;
    assert_eq!((status, &done["ok"]), (200, &json!(true)), "{done}");
    assert_eq!(download(&job, "dist").await.text().await.expect("bytes"), "one two three");
}

#[tokio::test]
async fn trap_4_the_links_signature_has_no_padding_and_survives_what_clients_append() {
    let server = server_or_skip!();
    let job = RunningJob::start(&server, repository(&server).await, "d-1").await;
    let url = create(&job, json!({ "name": "dist" })).await;
    assert!(!url.ends_with('='), "{url}");
    let signature = url.split("signature=").nth(1).expect("a signature");
    assert!(signature.bytes().all(|byte| byte.is_ascii_hexdigit()), "{url}");
    let more = format!("{url}&comp=block&blockid=YQ%3D%3D&timeout=60&x-id=PutObject");
    assert_eq!(job.put(&more, b"x").await.status(), 201);
    for wrong in [url.replace("signature=", "signature=0"), url.replace("/uploads/", "/other/")] {
        assert!(job.put(&wrong, b"x").await.status().is_client_error(), "{wrong}");
    }
    let without = url.split('?').next().expect("a path");
    assert_eq!(job.put(without, b"x").await.status(), 403);
}

#[tokio::test]
async fn trap_7_every_answer_to_an_upload_has_azures_headers() {
    let server = server_or_skip!();
    let job = RunningJob::start(&server, repository(&server).await, "d-1").await;
    let url = create(&job, json!({ "name": "dist" })).await;
    let block = format!("{url}&comp=block&blockid=YQ%3D%3D");
    let answers = [
        job.put(&block, b"x").await,
        commit(&job, &url, &["bm9uZQ=="]).await,
        commit(&job, &url, &["YQ=="]).await,
        job.put(&block, b"too late").await,
    ];
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status().as_u16()).collect();
    assert_eq!(statuses, [201, 400, 201, 409]);
    for answer in answers {
        for name in ["x-ms-request-id", "x-ms-version", "last-modified"] {
            assert!(answer.headers().contains_key(name), "{name}");
        }
    }
}

#[tokio::test]
async fn trap_6_a_download_says_what_it_is_and_what_it_is_called() {
    let server = server_or_skip!();
    let job = RunningJob::start(&server, repository(&server).await, "d-1").await;
    // What clients up to version 6 say of a zip file is no type.
    for (name, mime, kind, file) in [
        ("dist", Some("zip"), "application/zip", "dist.zip"),
        ("old", None, "application/zip", "old.zip"),
        ("page é.html", Some("text/html"), "text/html", "page%20%C3%A9.html"),
    ] {
        let url = create(&job, json!({ "name": name, "mime_type": mime })).await;
        assert_eq!(job.put(&url, b"x").await.status(), 201);
        let (status, _) =
            job.artifacts("FinalizeArtifact", json!({ "name": name, "size": 1 })).await;
        assert_eq!(status, 200);
        let answer = download(&job, name).await;
        assert_eq!(answer.headers()["content-type"], kind);
        assert_eq!(answer.headers()["content-length"], "1");
        let place = answer.headers()["content-disposition"].to_str().expect("text").to_owned();
        assert!(place.starts_with("attachment; filename=\""), "{place}");
        assert!(place.ends_with(&format!("filename*=UTF-8''{file}")), "{place}");
        // A page that a job made runs nothing in our name.
        let policy = answer.headers()["content-security-policy"].to_str().expect("text");
        assert!(policy.starts_with("sandbox;"), "{policy}");
    }
}

#[tokio::test]
async fn a_name_is_given_once_and_an_unfinished_upload_gives_it_back() {
    let server = server_or_skip!();
    let run = server.rows().run(repository(&server).await, "d-1", "in_progress").await;
    let one = RunningJob::start_in(&server, run, "one").await;
    let two = RunningJob::start_in(&server, run, "two").await;
    let name = json!({ "name": "dist" });
    create(&one, name.clone()).await;
    // Two writers at once: the second is refused, as on GitHub.
    let (status, refused) = two.artifacts("CreateArtifact", name.clone()).await;
    assert_eq!((status, &refused["code"]), (409, &json!("already_exists")), "{refused}");
    // The first job's step was cut off and is repeated.
    one.upload_artifact("dist", b"first").await;
    let (status, _) = two.artifacts("CreateArtifact", name.clone()).await;
    assert_eq!(status, 409);
    // `overwrite: true` is a deletion by name.
    let (status, deleted) = two.artifacts("DeleteArtifact", name).await;
    assert_eq!((status, &deleted["ok"]), (200, &json!(true)), "{deleted}");
    two.upload_artifact("dist", b"second").await;
    let (_, listed) = one.artifacts("ListArtifacts", json!({ "name_filter": "dist" })).await;
    assert_eq!(listed["artifacts"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["artifacts"][0]["digest"], sha256(b"second"));
    assert_eq!(listed["artifacts"][0]["size"], "6");
    assert_eq!(download(&one, "dist").await.text().await.expect("bytes"), "second");
}

#[tokio::test]
async fn what_does_not_fit_what_the_client_says_is_refused() {
    let server = server_or_skip!();
    let job = RunningJob::start(&server, repository(&server).await, "d-1").await;
    for (wrong, size, hash) in
        [("size", 4, sha256(b"abc")), ("digest", 3, sha256(b"abd")), ("neither", 3, sha256(b"abc"))]
    {
        let url = create(&job, json!({ "name": wrong })).await;
        assert_eq!(job.put(&url, b"abc").await.status(), 201);
        let said = json!({ "name": wrong, "size": size, "hash": hash });
        let (status, answer) = job.artifacts("FinalizeArtifact", said).await;
        assert_eq!(status, if wrong == "neither" { 200 } else { 400 }, "{wrong}: {answer}");
    }
    create(&job, json!({ "name": "nothing" })).await;
    let said = json!({ "name": "nothing", "size": "0" });
    assert_eq!(job.artifacts("FinalizeArtifact", said).await.0, 412);
    let (_, listed) = job.artifacts("ListArtifacts", json!({})).await;
    let names: Vec<_> = listed["artifacts"].as_array().expect("a list").iter().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    for name in ["../evil", "a/b", "a\\b", "", "a:b", ".."] {
        let (status, answer) = job.artifacts("CreateArtifact", json!({ "name": name })).await;
        assert_eq!((status, &answer["code"]), (400, &json!("invalid_argument")), "{name}");
    }
}

#[tokio::test]
async fn an_upload_that_is_cut_in_the_middle_leaves_no_block() {
    let server = server_or_skip!();
    let job = RunningJob::start(&server, repository(&server).await, "d-1").await;
    let url = create(&job, json!({ "name": "dist" })).await;
    let block = format!("{url}&comp=block&blockid=YQ%3D%3D");
    let pieces = [Ok("half of "), Err(std::io::Error::other("the line is dead"))];
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    assert!(server.client.put(&block).body(body).send().await.is_err());
    assert_eq!(commit(&job, &url, &["YQ=="]).await.status(), 400);
    // The same link goes on.
    assert_eq!(job.put(&block, b"whole").await.status(), 201);
    assert_eq!(commit(&job, &url, &["YQ=="]).await.status(), 201);
}

#[tokio::test]
async fn a_token_opens_its_own_run_alone_and_dies_with_its_job() {
    let server = server_or_skip!();
    let repository = repository(&server).await;
    let job = RunningJob::start(&server, repository, "d-1").await;
    let other = RunningJob::start(&server, repository, "d-2").await;
    other.upload_artifact("theirs", b"x").await;
    let (_, listed) = job.artifacts("ListArtifacts", json!({})).await;
    assert_eq!(listed["artifacts"], json!([]));
    let path = "/twirp/github.actions.results.api.v1.ArtifactService/ListArtifacts";
    let foreign = json!({ "workflow_run_backend_id": other.run.to_string() });
    assert_eq!(job.call(path, foreign).await.0, 403);
    let (status, missing) =
        job.artifacts("GetSignedArtifactURL", json!({ "name": "theirs" })).await;
    assert_eq!((status, &missing["code"]), (404, &json!("not_found")));
    for token in ["", "x.y.z", &job.token[..job.token.len() - 2], &server.admin] {
        let request = server.anonymous(Method::POST, path).bearer_auth(token).json(&json!({}));
        assert_eq!(request.send().await.expect("an answer").status(), 401, "{token}");
    }
    sqlx::query("update jobs set status = 'completed', conclusion = 'success' where id = $1")
        .bind(job.id.0)
        .execute(&server.app.db)
        .await
        .expect("an update");
    assert_eq!(job.artifacts("ListArtifacts", json!({})).await.0, 401);
}

#[tokio::test]
async fn parts_are_read_by_ranges() {
    let server = server_or_skip!();
    let job = RunningJob::start(&server, repository(&server).await, "d-1").await;
    let url = create(&job, json!({ "name": "dist" })).await;
    for (id, text) in [("YQ==", "0123"), ("Yg==", "4567"), ("Yw==", "89")] {
        job.put(&format!("{url}&comp=block&blockid={}", id.replace('=', "%3D")), text.as_bytes())
            .await;
    }
    commit(&job, &url, &["YQ==", "Yg==", "Yw=="]).await;
    job.artifacts("FinalizeArtifact", json!({ "name": "dist", "size": 10 })).await;
    let (_, found) = job.artifacts("GetSignedArtifactURL", json!({ "name": "dist" })).await;
    let url = found["signed_url"].as_str().expect("a URL");
    let get = async |name: &str, range: &str| {
        let answer = server.client.get(url).header(name, range).send().await.expect("an answer");
        let place = answer.headers().get("content-range").map(|it| it.to_str().unwrap().to_owned());
        (answer.status().as_u16(), place.unwrap_or_default(), answer.text().await.expect("bytes"))
    };
    let part = |range: &str, text: &str| (206, format!("bytes {range}/10"), text.to_owned());
    assert_eq!(get("range", "bytes=2-5").await, part("2-5", "2345"));
    assert_eq!(get("x-ms-range", "bytes=7-").await, part("7-9", "789"));
    assert_eq!(get("range", "bytes=-1").await, part("9-9", "9"));
    assert_eq!(get("range", "bytes=10-").await, (416, "bytes */10".into(), String::new()));
    assert_eq!(get("accept", "*/*").await, (200, String::new(), "0123456789".into()));
    let head = server.client.head(url).send().await.expect("an answer");
    assert_eq!(head.headers()["content-length"], "10");
}

#[tokio::test]
async fn a_damaged_object_ends_the_download_with_an_error() {
    let server = server_or_skip!();
    let job = RunningJob::start(&server, repository(&server).await, "d-1").await;
    job.upload_artifact("dist", b"the right bytes").await;
    let object = objects(&server).pop().expect("an object");
    std::fs::write(&object, b"the wrong bytes").expect("written");
    // The connection may break before the head of the answer is out, or behind it.
    let bytes = async { try_download(&job, "dist").await?.bytes().await };
    assert!(bytes.await.is_err(), "the wrong bytes came with a good end");
}

/// Files below the store's root.
fn objects(server: &TestServer) -> Vec<std::path::PathBuf> {
    fn walk(directory: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            match entry.path() {
                path if path.is_dir() => walk(&path, found),
                path => found.push(path),
            }
        }
    }
    let mut found = Vec::new();
    walk(&server.directory.path().join("objects/blobs"), &mut found);
    found
}

#[tokio::test]
async fn an_artifact_whose_time_is_over_is_gone_and_so_are_its_bytes() {
    let server = server_or_skip!();
    let job = RunningJob::start(&server, repository(&server).await, "d-1").await;
    job.upload_artifact("old", b"x").await;
    job.upload_artifact("new", b"y").await;
    let age = "update artifacts set expires_at = now() - interval '1 second' where name = 'old'";
    sqlx::query(age).execute(&server.app.db).await.expect("an update");
    let (_, listed) = job.artifacts("ListArtifacts", json!({})).await;
    assert_eq!(listed["artifacts"][0]["name"], "new");
    assert_eq!(listed["artifacts"].as_array().map(Vec::len), Some(1));
    assert_eq!(expire_artifacts(&server.app).await.expect("a pass"), 1);
    // A download that has begun may come to its end.
    assert_eq!(sweep_blobs(&server.app).await.expect("a pass"), 0);
    let age = "update blobs set updated_at = now() - interval '1 hour' where state = 'discarded'";
    sqlx::query(age).execute(&server.app.db).await.expect("an update");
    assert_eq!(sweep_blobs(&server.app).await.expect("a pass"), 1);
    assert_eq!(objects(&server).len(), 1);
}

#[tokio::test]
async fn a_deleted_run_takes_its_artifacts_along() {
    let server = server_or_skip!();
    let job = RunningJob::start(&server, repository(&server).await, "d-1").await;
    job.upload_artifact("dist", b"x").await;
    for sql in [
        "update jobs set status = 'completed', conclusion = 'success'",
        "update workflow_runs set status = 'completed', conclusion = 'success'",
    ] {
        sqlx::query(sql).execute(&server.app.db).await.expect("an update");
    }
    let path = format!("/repos/acme/app/actions/runs/{}", job.run);
    let gone = server.as_admin(Method::DELETE, &path).send().await.expect("an answer");
    assert_eq!(gone.status(), 204);
    let left: Vec<String> = sqlx::query_scalar("select distinct state from blobs")
        .fetch_all(&server.app.db)
        .await
        .expect("states");
    assert_eq!(left, ["discarded"]);
}

#[tokio::test]
async fn the_rest_api_finds_artifacts_by_name_and_sends_to_a_link_without_token() {
    let server = server_or_skip!();
    let job = RunningJob::start(&server, repository(&server).await, "d-1").await;
    job.upload_artifact("dist", b"zip bytes").await;
    job.upload_artifact("other", b"other").await;
    let runs = format!("/repos/acme/app/actions/runs/{}/artifacts", job.run);
    // A client that asks by name takes the first.
    let found = server.json(&format!("{runs}?name=dist")).await;
    assert_eq!(found["total_count"], 1);
    let artifact = &found["artifacts"][0];
    assert_eq!((&artifact["name"], &artifact["size_in_bytes"]), (&json!("dist"), &json!(9)));
    let zip = format!("/repos/acme/app/actions/artifacts/{}/zip", artifact["id"]);
    let answer = server.follow(&zip).await;
    assert_eq!(answer.headers()["content-type"], "application/zip");
    assert_eq!(answer.bytes().await.expect("bytes"), "zip bytes");
    assert_eq!(server.json(&runs).await["total_count"], 2);
    assert_eq!(server.json("/repos/acme/app/actions/artifacts").await["total_count"], 2);
    let one = zip.trim_end_matches("/zip");
    let elsewhere = one.replace("acme/app", "acme/none");
    assert_eq!(server.get(&elsewhere).send().await.expect("an answer").status(), 404);
    let deleted = server.as_admin(Method::DELETE, one).send().await.expect("an answer");
    assert_eq!(deleted.status(), 204);
    assert_eq!(server.get(one).send().await.expect("an answer").status(), 404);
}

#[tokio::test]
async fn files_of_old_clients_come_in_pieces_and_leave_as_one_zip() {
    let server = server_or_skip!();
    let job = RunningJob::start(&server, repository(&server).await, "d-1").await;
    let base = format!("/toolkit/_apis/pipelines/workflows/{}/artifacts?api-version=6.0", job.run);
    let new = json!({ "Type": "actions_storage", "Name": "site", "RetentionDays": 3 });
    let (status, container) = job.call(&base, new).await;
    assert_eq!(status, 201, "{container}");
    let url = container["fileContainerResourceUrl"].as_str().expect("a URL").to_owned();
    let put = async |path: &str, range: &str, bytes: &[u8], encoding: Option<&str>| {
        let mut request = server.client.put(&url).bearer_auth(&job.token);
        request = request.query(&[("itemPath", path)]).header("content-range", range);
        if let Some(encoding) = encoding {
            request = request.header("content-encoding", encoding);
        }
        request.body(bytes.to_vec()).send().await.expect("an answer").status().as_u16()
    };
    let packed = gzip(b"squeezed");
    let all = format!("bytes 0-{}/{}", packed.len() - 1, packed.len());
    assert_eq!(put("site/a.txt", "bytes 0-4/11", b"hello", None).await, 200);
    assert_eq!(put("site/a.txt", "bytes 5-10/11", b" world", None).await, 200);
    assert_eq!(put("site/empty", "bytes 0--1/0", b"", None).await, 200);
    assert_eq!(put("site/sub/b.txt", &all, &packed, Some("gzip")).await, 200);
    for wrong in ["site/../../etc/passwd", "other/a.txt", "site//a", "site/a\\b"] {
        assert_eq!(put(wrong, "bytes 0-0/1", b"x", None).await, 400, "{wrong}");
    }
    let finish = format!("{base}&artifactName=site");
    let request = job.request(Method::PATCH, &finish).json(&json!({ "Size": 19 }));
    assert_eq!(request.send().await.expect("an answer").status(), 200);
    let listed = job.request(Method::GET, &base).send().await.expect("an answer");
    assert_eq!(listed.json::<Value>().await.expect("JSON")["count"], 1);
    let files = server.client.get(&url).bearer_auth(&job.token).query(&[("itemPath", "site")]);
    let files: Value = files.send().await.expect("an answer").json().await.expect("JSON");
    let paths: Vec<_> =
        files["value"].as_array().expect("a list").iter().map(|it| &it["path"]).collect();
    assert_eq!(paths, ["site/a.txt", "site/empty", "site/sub/b.txt"]);
    let place = files["value"][2]["contentLocation"].as_str().expect("a URL");
    let sent = server.client.get(place).bearer_auth(&job.token).send().await.expect("an answer");
    assert_eq!(sent.headers()["content-encoding"], "gzip");
    assert_eq!(sent.bytes().await.expect("bytes"), packed);

    let id = container["containerId"].clone();
    let zip = server.follow(&format!("/repos/acme/app/actions/artifacts/{id}/zip")).await;
    let bytes = zip.bytes().await.expect("bytes").to_vec();
    assert_eq!(
        unzip(bytes),
        [("a.txt", "hello world"), ("empty", ""), ("sub/b.txt", "squeezed")]
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
    );
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, bytes).expect("packed");
    encoder.finish().expect("packed")
}

fn unzip(bytes: Vec<u8>) -> Vec<(String, String)> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a zip file");
    (0..zip.len())
        .map(|index| {
            let file = zip.by_index(index).expect("a file");
            let name = file.name().expect("a name").into_owned();
            (name, std::io::read_to_string(file).expect("text"))
        })
        .collect()
}
