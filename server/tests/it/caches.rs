//! Caches at the wire, in both versions of the protocol.

use gantry_server::caches::evict_caches;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Cause, RunningJob, TestServer};
use crate::server_or_skip;

const MAIN: Cause<'_> = Cause { event: "push", git_ref: "refs/heads/main", base_ref: "" };

/// A job of a run of `acme/app`, which exists already, for this cause.
async fn job<'a>(server: &'a TestServer, guid: &str, cause: Cause<'_>) -> RunningJob<'a> {
    let id: Option<i64> = sqlx::query_scalar("select id from repositories")
        .fetch_optional(&server.app.db)
        .await
        .expect("a query");
    let repository = match id {
        Some(id) => gantry_protocol::RepositoryId(id),
        None => server.rows().repository("/nowhere").await,
    };
    RunningJob::start(server, repository, guid).await.caused_by(cause)
}

#[tokio::test]
async fn the_whole_key_counts_before_the_newest_entry_that_begins_with_it() {
    let server = server_or_skip!();
    let job = job(&server, "d-1", MAIN).await;
    for key in ["npm-linux", "npm-linux-a", "npm-linux-b", "pip-a"] {
        job.save_cache(key, key.as_bytes()).await;
    }
    assert_eq!(job.find_cache("npm-linux", &[]).await.as_deref(), Some("npm-linux"));
    assert_eq!(job.find_cache("npm-linux-", &[]).await.as_deref(), Some("npm-linux-b"));
    assert_eq!(job.find_cache("none", &["pip-", "npm-"]).await.as_deref(), Some("pip-a"));
    assert_eq!(job.find_cache("none", &["NPM-"]).await, None);
    // No pattern: a per cent sign is one.
    assert_eq!(job.find_cache("npm%", &[]).await, None);
    let other = json!({ "key": "pip-a", "version": "other" });
    let (_, found) = job.caches("GetCacheEntryDownloadURL", other).await;
    assert_eq!(found, json!({ "ok": false }));
}

/// Many entries with one prefix are looked through in another way than few.
#[tokio::test]
async fn the_newest_of_many_entries_is_found_as_that_of_few() {
    let server = server_or_skip!();
    let job = job(&server, "d-1", MAIN).await;
    job.save_cache("template", b"x").await;
    let copy =
        "insert into caches (repository_id, scope, key, version, state, reserved_by, blob_id,
                    created_at)
                select repository_id, scope, prefix || number, version, state, reserved_by, blob_id,
                    now() - number * interval '1 second'
                from caches
                cross join (values ('many-', 1000), ('few-', 3)) as prefixes (prefix, n)
                cross join lateral generate_series(1, n) as number";
    sqlx::query(copy).execute(&server.app.db).await.expect("rows");
    assert_eq!(job.find_cache("many-", &[]).await.as_deref(), Some("many-1"));
    assert_eq!(job.find_cache("many-77", &[]).await.as_deref(), Some("many-77"));
    assert_eq!(job.find_cache("few-", &[]).await.as_deref(), Some("few-1"));
    assert_eq!(job.find_cache("man~", &[]).await, None);
}

/// Who writes for whom: rows write, columns read (`protocols` 3.7).
#[tokio::test]
async fn nobody_can_poison_the_caches_of_others() {
    let server = server_or_skip!();
    let pull = |git_ref| Cause { event: "pull_request", git_ref, base_ref: "main" };
    let causes = [
        ("main", MAIN),
        ("branch", Cause { git_ref: "refs/heads/feature", ..MAIN }),
        ("sibling", Cause { git_ref: "refs/heads/sibling", ..MAIN }),
        ("tag", Cause { git_ref: "refs/tags/v1", ..MAIN }),
        ("pull", pull("refs/pull/7/merge")),
        ("other pull", pull("refs/pull/8/merge")),
        ("target", Cause { event: "pull_request_target", ..MAIN }),
        ("comment", Cause { event: "issue_comment", ..MAIN }),
    ];
    let mut jobs = Vec::new();
    for (name, cause) in causes {
        jobs.push((name, job(&server, name, cause).await));
    }
    let mut readers = Vec::new();
    for (name, writer) in &jobs {
        let (_, created) =
            writer.caches("CreateCacheEntry", json!({ "key": name, "version": "v" })).await;
        if created["ok"] == json!(false) {
            let message = created["message"].as_str().expect("a reason");
            assert!(message.starts_with("cache write denied:"), "{message}");
            readers.push(format!("{name}: nobody, for it may not write"));
            continue;
        }
        let url = created["signed_upload_url"].as_str().expect("a URL");
        assert_eq!(writer.put(url, b"x").await.status(), 201);
        let said = json!({ "key": name, "version": "v", "size_bytes": "1" });
        assert_eq!(writer.caches("FinalizeCacheEntryUpload", said).await.0, 200);
        let mut found = Vec::new();
        for (reader, job) in &jobs {
            if job.find_cache(name, &[]).await.is_some() {
                found.push(*reader);
            }
        }
        readers.push(format!("{name}: {}", found.join(", ")));
    }
    assert_eq!(
        readers,
        [
            "main: main, branch, sibling, tag, pull, other pull, target, comment",
            "branch: branch",
            "sibling: sibling",
            "tag: tag",
            "pull: pull",
            "other pull: other pull",
            "target: nobody, for it may not write",
            "comment: nobody, for it may not write",
        ]
    );
}

#[tokio::test]
async fn of_two_jobs_that_save_one_key_one_does_and_neither_fails() {
    let server = server_or_skip!();
    let (one, two) = (job(&server, "d-1", MAIN).await, job(&server, "d-2", MAIN).await);
    let name = json!({ "key": "k", "version": "v" });
    let (_, first) = one.caches("CreateCacheEntry", name.clone()).await;
    assert_eq!(first["ok"], true);
    let (status, second) = two.caches("CreateCacheEntry", name.clone()).await;
    assert_eq!((status, second), (200, json!({ "ok": false, "message": "" })));
    // Nobody else finishes it, and it is not found before it is finished.
    let said = json!({ "key": "k", "version": "v", "size_bytes": 1 });
    assert_eq!(two.caches("FinalizeCacheEntryUpload", said.clone()).await.0, 404);
    let url = first["signed_upload_url"].as_str().expect("a URL");
    assert_eq!(one.put(url, b"x").await.status(), 201);
    assert_eq!(two.find_cache("k", &[]).await, None);
    let wrong = json!({ "key": "k", "version": "v", "size_bytes": 2 });
    assert_eq!(one.caches("FinalizeCacheEntryUpload", wrong).await.0, 400);
    let (status, done) = one.caches("FinalizeCacheEntryUpload", said).await;
    assert_eq!(status, 200);
    // BuildKit takes it as text only.
    assert!(done["entry_id"].is_string(), "{done}");
    assert_eq!(two.find_cache("k", &[]).await.as_deref(), Some("k"));
}

#[tokio::test]
async fn a_reservation_of_a_job_that_ended_is_void() {
    let server = server_or_skip!();
    let (dead, alive) = (job(&server, "d-1", MAIN).await, job(&server, "d-2", MAIN).await);
    let name = json!({ "key": "k", "version": "v" });
    assert_eq!(dead.caches("CreateCacheEntry", name.clone()).await.1["ok"], true);
    assert_eq!(alive.caches("CreateCacheEntry", name.clone()).await.1["ok"], false);
    sqlx::query("update jobs set status = 'completed', conclusion = 'failure' where id = $1")
        .bind(dead.id.0)
        .execute(&server.app.db)
        .await
        .expect("an update");
    alive.save_cache("k", b"x").await;
}

#[tokio::test]
async fn what_was_used_least_recently_makes_room() {
    let Some(server) = TestServer::start_with(|config| config.cache_limit_bytes = 10).await else {
        return;
    };
    let job = job(&server, "d-1", MAIN).await;
    job.save_cache("a", b"1234").await;
    job.save_cache("b", b"1234").await;
    assert!(job.find_cache("a", &[]).await.is_some());
    job.save_cache("c", b"1234").await;
    let caches = server.json("/repos/acme/app/actions/caches?sort=created_at&direction=asc").await;
    let keys = caches["actions_caches"].as_array().expect("a list").iter();
    let keys: Vec<_> = keys.map(|cache| cache["key"].as_str().expect("a key")).collect();
    assert_eq!(keys, ["a", "c"]);
    let usage = server.json("/repos/acme/app/actions/cache/usage").await;
    assert_eq!(usage["active_caches_size_in_bytes"], 8);
    let age = "update caches set last_accessed_at = now() - interval '8 days' where key = 'a'";
    sqlx::query(age).execute(&server.app.db).await.expect("an update");
    assert_eq!(evict_caches(&server.app).await.expect("a pass"), 1);
    assert_eq!(job.find_cache("a", &[]).await, None);
}

#[tokio::test]
async fn the_rest_api_lists_and_deletes_by_key_and_by_ref() {
    let server = server_or_skip!();
    let main = job(&server, "d-1", MAIN).await;
    let branch = job(&server, "d-2", Cause { git_ref: "refs/heads/feature", ..MAIN }).await;
    main.save_cache("k", b"x").await;
    main.save_cache("k-more", b"x").await;
    branch.save_cache("k", b"x").await;
    let caches = "/repos/acme/app/actions/caches";
    assert_eq!(server.json(caches).await["total_count"], 3);
    assert_eq!(server.json(&format!("{caches}?key=k-")).await["total_count"], 1);
    let feature = format!("{caches}?ref=refs/heads/feature");
    assert_eq!(server.json(&feature).await["total_count"], 1);
    let delete = async |path: &str| {
        let answer = server.as_admin(Method::DELETE, path).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap_or_default())
    };
    let (status, gone) = delete(&format!("{caches}?key=k&ref=refs/heads/feature")).await;
    assert_eq!((status, &gone["total_count"]), (200, &json!(1)));
    let (_, gone) = delete(&format!("{caches}?key=k")).await;
    assert_eq!(gone["actions_caches"][0]["ref"], "refs/heads/main");
    let left = server.json(caches).await;
    assert_eq!(left["actions_caches"][0]["key"], "k-more");
    let id = left["actions_caches"][0]["id"].clone();
    assert_eq!(delete(&format!("{caches}/{id}")).await.0, 204);
    assert_eq!(delete(&format!("{caches}/{id}")).await.0, 404);
}

#[tokio::test]
async fn version_1_takes_pieces_in_any_order_and_refuses_gaps() {
    let server = server_or_skip!();
    let job = job(&server, "d-1", MAIN).await;
    let base = "/toolkit/_apis/artifactcache";
    let name = json!({ "key": "k", "version": "v", "cacheSize": 8 });
    let (status, reserved) = job.call(&format!("{base}/caches"), name.clone()).await;
    assert_eq!(status, 201);
    let cache = format!("{base}/caches/{}", reserved["cacheId"].as_i64().expect("a number"));
    assert_eq!(job.call(&format!("{base}/caches"), name).await.0, 409);
    let put = async |range: &str, text: &'static str| {
        let request = job.request(Method::PATCH, &cache).header("content-range", range).body(text);
        request.send().await.expect("an answer").status().as_u16()
    };
    let commit = async |size: i64| {
        let request = job.request(Method::POST, &cache).json(&json!({ "size": size }));
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(put("bytes 4-7/*", "last").await, 204);
    assert_eq!(commit(8).await, 400);
    assert_eq!(put("bytes 0-3/*", "too long").await, 400);
    assert_eq!(put("bytes 0-3/*", "frst").await, 204);
    assert_eq!(commit(9).await, 400);
    assert_eq!(commit(8).await, 204);
    let find = async |keys: &str| {
        let path = format!("{base}/cache?keys={keys}&version=v");
        job.request(Method::GET, &path).send().await.expect("an answer")
    };
    assert_eq!(find("none").await.status(), 204);
    let found: Value = find("none,k").await.json().await.expect("JSON");
    assert_eq!((&found["cacheKey"], &found["scope"]), (&json!("k"), &json!("refs/heads/main")));
    let place = found["archiveLocation"].as_str().expect("a URL");
    let answer = server.client.get(place).send().await.expect("an answer");
    assert_eq!(answer.text().await.expect("bytes"), "frstlast");
    let huge = json!({ "key": "huge", "version": "v", "cacheSize": 1_u64 << 50 });
    assert_eq!(job.call(&format!("{base}/caches"), huge).await.0, 400);
}

#[tokio::test]
async fn keys_that_clients_would_not_send_are_refused() {
    let server = server_or_skip!();
    let job = job(&server, "d-1", MAIN).await;
    for key in ["", "a,b", "a\0b", &"x".repeat(513)] {
        let name = json!({ "key": key, "version": "v" });
        assert_eq!(job.caches("CreateCacheEntry", name.clone()).await.0, 400, "{key:?}");
    }
    let many: Vec<_> = (0..20).map(|number| format!("k{number}")).collect();
    let wanted = json!({ "key": "k", "version": "v", "restore_keys": many });
    assert_eq!(job.caches("GetCacheEntryDownloadURL", wanted).await.0, 400);
    assert_eq!(job.caches("NoSuchMethod", json!({})).await.0, 404);
}
