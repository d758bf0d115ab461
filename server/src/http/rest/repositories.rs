//! Repositories and accounts in GitHub's shape.

use axum::Json;
use serde_json::{Value, json};

use crate::accounts::Role;
use crate::http::extract::Repo;
use crate::http::guard::Account;
use crate::http::links::Links;
use crate::repositories::Repository;

/// `GET /repos/{owner}/{repo}`.
pub(crate) async fn get(
    Account(account): Account,
    links: Links,
    Repo(repository): Repo,
) -> Json<Value> {
    let mut body = repository_json(&links, &repository);
    let role = account.rights.role_in(repository.id);
    let (is_admin, may_push) = (role >= Some(Role::Admin), role >= Some(Role::Write));
    for (key, value) in full_fields(&links, &repository) {
        body[key] = value;
    }
    body["default_branch"] = json!(repository.default_branch);
    body["visibility"] = json!("private");
    body["permissions"] = json!({
        "admin": is_admin, "maintain": is_admin, "push": may_push, "triage": may_push, "pull": true,
    });
    Json(body)
}

/// What GitHub's long form has besides: most of it is about things that are not ours.
fn full_fields(links: &Links, repository: &Repository) -> Vec<(&'static str, Value)> {
    let git = format!("{}/git/{}.git", links.pages, repository.full_name());
    let counters = [
        "forks",
        "forks_count",
        "open_issues",
        "open_issues_count",
        "stargazers_count",
        "subscribers_count",
        "network_count",
        "watchers",
        "watchers_count",
        "size",
    ];
    let switches = [
        "has_issues",
        "has_projects",
        "has_wiki",
        "has_pages",
        "has_discussions",
        "archived",
        "disabled",
    ];
    let unknown = ["homepage", "language", "mirror_url", "license"];
    let urls = ["git_url", "ssh_url", "svn_url"];
    // We keep no time of the last push; it is not before the last change of what we keep.
    let times = [
        ("created_at", json!(repository.created_at)),
        ("updated_at", json!(repository.updated_at)),
        ("pushed_at", json!(repository.updated_at)),
    ];
    counters
        .map(|key| (key, json!(0)))
        .into_iter()
        .chain(switches.map(|key| (key, json!(false))))
        .chain(unknown.map(|key| (key, Value::Null)))
        .chain(urls.map(|key| (key, json!(git))))
        .chain(times)
        .collect()
}

/// The short form, as part of other answers.
pub(crate) fn repository_json(links: &Links, repository: &Repository) -> Value {
    let name =
        RepositoryName { id: repository.id.0, owner: &repository.owner, name: &repository.name };
    name.json(links)
}

/// What a repository's short form needs.
#[derive(Clone, Copy)]
pub(crate) struct RepositoryName<'a> {
    pub(crate) id: i64,
    pub(crate) owner: &'a str,
    pub(crate) name: &'a str,
}

/// The URLs that clients expect of a repository: key, and path below the repository's API URL.
const REPOSITORY_URLS: [(&str, &str); 37] = [
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
    ("url", ""),
];

impl RepositoryName<'_> {
    pub(crate) fn json(self, links: &Links) -> Value {
        let api = links.repository(self.owner, self.name);
        let pages = format!("{}/{}/{}", links.pages, self.owner, self.name);
        let mut body = json!({
            "id": self.id,
            "node_id": node_id("R", self.id),
            "name": self.name,
            "full_name": format!("{}/{}", self.owner, self.name),
            "private": true,
            "owner": account_json(links, self.owner),
            "html_url": pages,
            "description": null,
            "fork": false,
            "clone_url": format!("{}/git/{}/{}.git", links.pages, self.owner, self.name),
        });
        for (key, path) in REPOSITORY_URLS {
            body[key] = json!(format!("{api}{path}"));
        }
        body
    }
}

/// Somebody in GitHub's shape. We keep logins, not numbers; the number is derived from the login.
pub(crate) fn account_json(links: &Links, login: &str) -> Value {
    let user = format!("{}/users/{login}", links.api);
    let id = account_id(login);
    json!({
        "login": login,
        "id": id,
        "node_id": node_id("U", id),
        "avatar_url": format!("{}/avatars/{login}", links.pages),
        "gravatar_id": "",
        "url": user,
        "html_url": format!("{}/{login}", links.pages),
        "followers_url": format!("{user}/followers"),
        "following_url": format!("{user}/following{{/other_user}}"),
        "gists_url": format!("{user}/gists{{/gist_id}}"),
        "starred_url": format!("{user}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{user}/subscriptions"),
        "organizations_url": format!("{user}/orgs"),
        "repos_url": format!("{user}/repos"),
        "events_url": format!("{user}/events{{/privacy}}"),
        "received_events_url": format!("{user}/received_events"),
        "type": "User",
        "site_admin": false,
    })
}

/// The same number for the same login, ignoring case (FNV-1a), within JavaScript's safe integers.
pub(super) fn account_id(login: &str) -> i64 {
    let hash = login.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
    });
    i64::try_from(hash >> 32).unwrap_or(1).max(1)
}

/// GitHub's opaque ids; clients only carry them.
pub(crate) fn node_id(kind: &str, id: i64) -> String {
    format!("{kind}_{id}")
}
