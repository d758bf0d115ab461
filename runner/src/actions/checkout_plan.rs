//! What a checkout's inputs ask for. Pure.
//!
//! Follows the published behaviour of `actions/checkout` where it is supported. Invariant: an input
//! that would change the result and is not supported is an error, never ignored.

use indexmap::IndexMap;

use super::submodules::Submodules;

/// Inputs that change nothing here: progress is not shown, and the files belong to the job's user.
const WITHOUT_EFFECT: [&str; 2] = ["show-progress", "set-safe-directory"];

/// What the inputs of the original are called (v2 to v6).
const INPUTS: [&str; 18] = [
    "repository",
    "ref",
    "token",
    "ssh-key",
    "ssh-known-hosts",
    "ssh-strict",
    "ssh-user",
    "persist-credentials",
    "path",
    "clean",
    "filter",
    "sparse-checkout",
    "sparse-checkout-cone-mode",
    "fetch-depth",
    "fetch-tags",
    "lfs",
    "submodules",
    "github-server-url",
];

/// A checkout, decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CheckoutPlan {
    pub(super) target: Target,
    /// `owner/name`; `None` for the job's own, whose credentials come with the job.
    pub(super) other: Option<String>,
    /// Instead of the job's; empty if none was given.
    pub(super) token: String,
    /// Base URL of a server that is not the job's.
    pub(super) server: Option<String>,
    pub(super) ssh: Option<SshKey>,
    pub(super) sparse: Option<Sparse>,
    pub(super) submodules: Submodules,
    /// 0 for the whole history of all branches and tags.
    pub(super) depth: u32,
    pub(super) tags: bool,
    /// Of a partial clone.
    pub(super) filter: Option<String>,
    pub(super) lfs: bool,
    /// Components below the workspace; none for the workspace itself.
    pub(super) path: Vec<String>,
    pub(super) clean: bool,
    pub(super) persist_credentials: bool,
    /// Warnings for the log.
    pub(super) warnings: Vec<String>,
}

/// Another way to the repository than HTTP.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SshKey {
    /// The private key.
    pub(super) key: String,
    /// Lines of a `known_hosts` file.
    pub(super) known_hosts: String,
    /// Only known hosts are trusted.
    pub(super) strict: bool,
    pub(super) user: String,
}

impl std::fmt::Debug for SshKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SshKey").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Which files are checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sparse {
    pub(super) patterns: Vec<String>,
    /// The patterns are directories.
    pub(super) cone: bool,
}

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A ref whose commit is known: the event's.
    RefAt {
        full_ref: String,
        sha: String,
    },
    /// A branch or tag by its short name, or a full ref.
    Named(String),
    Commit(String),
    DefaultBranch,
}

/// The event's ref and commit.
#[derive(Clone, Copy, Debug)]
pub(super) struct EventRef<'a> {
    /// `github.server_url`
    pub(super) server: &'a str,
    pub(super) repository: &'a str,
    pub(super) full_ref: &'a str,
    pub(super) sha: &'a str,
}

pub(super) fn plan(
    inputs: &IndexMap<String, String>,
    event: EventRef<'_>,
) -> Result<CheckoutPlan, String> {
    let input = |name: &str| inputs.get(name).map_or("", |value| value.trim());
    let flag = |name: &str, default: bool| match input(name).to_ascii_lowercase().as_str() {
        "" => default,
        value => value == "true",
    };
    let other = other_repository(input("repository"), event)?;
    let server = other_server(input("github-server-url"), event)?;
    if server.is_some() && other.is_none() {
        return Err(
            "input `github-server-url` names another server; `repository` has to say which \
                    repository is there, and it cannot be the job's own"
                .to_owned(),
        );
    }
    // Only git itself is kept from going where it may not.
    for (name, is_given) in [("lfs", flag("lfs", false)), ("ssh-key", !input("ssh-key").is_empty())]
    {
        if server.is_some() && is_given {
            return Err(format!(
                "input `{name}` works with the server of the job's repository only, and not together \
                 with a `github-server-url` that names another one"
            ));
        }
    }
    let filter = input("filter");
    if filter.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!("input `filter` is no filter of git: '{filter}'"));
    }
    let target = match (&other, input("ref")) {
        (Some(_), "") => Target::DefaultBranch,
        (Some(_), wanted) => target(wanted, EventRef { full_ref: "", sha: "", ..event }),
        (None, wanted) => target(wanted, event),
    };
    let sparse: Vec<String> = input("sparse-checkout")
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    let cone = flag("sparse-checkout-cone-mode", true);
    let depth = match input("fetch-depth") {
        "" => 1,
        // The original takes what is not a number, or negative, for everything.
        text => text.parse().unwrap_or(0),
    };
    Ok(CheckoutPlan {
        target,
        other,
        token: input("token").to_owned(),
        server,
        ssh: ssh_key(&input, flag("ssh-strict", true))?,
        sparse: (!sparse.is_empty()).then_some(Sparse { patterns: sparse, cone }),
        submodules: match input("submodules").to_ascii_lowercase().as_str() {
            "true" => Submodules::Own,
            "recursive" => Submodules::All,
            _ => Submodules::None,
        },
        depth,
        tags: flag("fetch-tags", false),
        filter: (!filter.is_empty()).then(|| filter.to_owned()),
        lfs: flag("lfs", false),
        path: path(input("path"))?,
        clean: flag("clean", true),
        persist_credentials: flag("persist-credentials", true),
        warnings: unexpected(inputs),
    })
}

fn other_repository(name: &str, event: EventRef<'_>) -> Result<Option<String>, String> {
    if name.is_empty() || name.eq_ignore_ascii_case(event.repository) {
        return Ok(None);
    }
    let is_part = |part: &str| {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !part.is_empty() && !part.starts_with('.') && part.chars().all(legal)
    };
    match name.split_once('/') {
        Some((owner, repository)) if is_part(owner) && is_part(repository) => {
            Ok(Some(name.to_owned()))
        }
        _ => Err(format!("Invalid repository '{name}'. Expected format {{owner}}/{{repo}}.")),
    }
}

fn other_server(url: &str, event: EventRef<'_>) -> Result<Option<String>, String> {
    let url = url.trim_end_matches('/');
    if url.is_empty() || url.eq_ignore_ascii_case(event.server.trim_end_matches('/')) {
        return Ok(None);
    }
    let is_server = url.split_once("://").is_some_and(|(scheme, host)| {
        matches!(scheme, "https" | "http") && !host.is_empty() && !host.contains(['/', '@'])
    });
    is_server
        .then(|| Some(url.to_owned()))
        .ok_or_else(|| format!("input `github-server-url` is not https://HOST: '{url}'"))
}

fn ssh_key<'a>(input: &impl Fn(&str) -> &'a str, strict: bool) -> Result<Option<SshKey>, String> {
    let key = input("ssh-key");
    if key.is_empty() {
        return Ok(None);
    }
    let user = match input("ssh-user") {
        "" => "git",
        user => user,
    };
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if user.starts_with('-') || !user.chars().all(is_legal) {
        return Err(format!("input `ssh-user` is no name of a user: '{user}'"));
    }
    Ok(Some(SshKey {
        key: key.to_owned(),
        known_hosts: input("ssh-known-hosts").to_owned(),
        strict,
        user: user.to_owned(),
    }))
}

fn target(wanted: &str, event: EventRef<'_>) -> Target {
    if wanted.is_empty() {
        let (full_ref, sha) = (event.full_ref.to_owned(), event.sha.to_owned());
        return if full_ref.is_empty() {
            Target::Commit(sha)
        } else {
            Target::RefAt { full_ref, sha }
        };
    }
    if wanted == event.full_ref {
        return Target::RefAt { full_ref: wanted.to_owned(), sha: event.sha.to_owned() };
    }
    let is_sha = wanted.len() == 40 && wanted.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_sha { Target::Commit(wanted.to_owned()) } else { Target::Named(wanted.to_owned()) }
}

fn path(text: &str) -> Result<Vec<String>, String> {
    let parts: Vec<&str> =
        text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if text.starts_with('/') || parts.contains(&"..") {
        return Err(format!("Repository path '{text}' is not under the workspace"));
    }
    Ok(parts.into_iter().map(str::to_owned).collect())
}

fn unexpected(inputs: &IndexMap<String, String>) -> Vec<String> {
    let known = |name: &&String| {
        let name = name.as_str();
        INPUTS.contains(&name) || WITHOUT_EFFECT.contains(&name)
    };
    inputs
        .keys()
        .filter(|name| !known(name))
        .map(|name| format!("Unexpected input(s) '{name}'"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: EventRef<'_> = EventRef {
        server: "https://github.com",
        repository: "octo/app",
        full_ref: "refs/heads/main",
        sha: "abc",
    };

    fn planned(inputs: &[(&str, &str)]) -> Result<CheckoutPlan, String> {
        let pairs = inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        plan(&pairs.collect(), EVENT)
    }

    #[test]
    fn without_inputs_it_is_the_events_commit_with_depth_one() {
        let plan = planned(&[]).unwrap();
        let (full_ref, sha) = ("refs/heads/main".to_owned(), "abc".to_owned());
        assert_eq!(plan.target, Target::RefAt { full_ref, sha });
        assert_eq!((plan.depth, plan.clean, plan.persist_credentials), (1, true, true));
        assert!(plan.path.is_empty());
    }

    #[test]
    fn refs_may_be_names_or_commits() {
        let sha = "0123456789012345678901234567890123456789";
        assert_eq!(planned(&[("ref", sha)]).unwrap().target, Target::Commit(sha.to_owned()));
        assert_eq!(planned(&[("ref", "v1")]).unwrap().target, Target::Named("v1".to_owned()));
    }

    #[test]
    fn a_path_stays_below_the_workspace() {
        assert_eq!(planned(&[("path", "./a//b")]).unwrap().path, ["a", "b"]);
        assert!(planned(&[("path", "../x")]).is_err());
        assert!(planned(&[("path", "/etc")]).is_err());
    }

    #[test]
    fn what_cannot_be_done_is_an_error_that_names_the_input() {
        assert_eq!(planned(&[("submodules", "Recursive")]).unwrap().submodules, Submodules::All);
        assert!(planned(&[("lfs", "True"), ("repository", "Octo/App")]).unwrap().lfs);
        for (input, value) in [
            ("github-server-url", "https://git.example"),
            ("github-server-url", "file:///etc"),
            ("filter", "blob:none --upload-pack=x"),
        ] {
            assert!(planned(&[(input, value)]).unwrap_err().contains(input), "{value}");
        }
        let user = [("ssh-key", "k"), ("ssh-user", "-oProxyCommand=x")];
        assert!(planned(&user).unwrap_err().contains("ssh-user"));
    }

    #[test]
    fn another_server_needs_a_repository_there() {
        let own = planned(&[("github-server-url", "https://GitHub.com/")]).unwrap();
        assert_eq!(own.server, None);
        let there = [("github-server-url", "https://git.example/"), ("repository", "a/b")];
        assert_eq!(planned(&there).unwrap().server.as_deref(), Some("https://git.example"));
        for input in [("lfs", "true"), ("ssh-key", "k")] {
            let error = planned(&[there[0], there[1], input]).unwrap_err();
            assert!(error.contains(input.0), "{error}");
        }
    }

    #[test]
    fn a_key_is_of_the_user_git_and_trusts_known_hosts_only_unless_it_says_otherwise() {
        let ssh = planned(&[("ssh-key", " k \n")]).unwrap().ssh.unwrap();
        assert_eq!((ssh.key.as_str(), ssh.user.as_str(), ssh.strict), ("k", "git", true));
        let ssh = [("ssh-key", "k"), ("ssh-user", "me"), ("ssh-strict", "false")];
        let ssh = planned(&ssh).unwrap().ssh.unwrap();
        assert_eq!((ssh.user.as_str(), ssh.strict), ("me", false));
        assert!(!format!("{ssh:?}").contains("\"k\""));
    }

    /// Whatever an input is called in `actions/checkout`, it is known here.
    #[test]
    fn no_input_of_the_original_is_unexpected() {
        let inputs = INPUTS.iter().chain(&WITHOUT_EFFECT).map(|name| (*name, ""));
        assert!(planned(&inputs.collect::<Vec<_>>()).unwrap().warnings.is_empty());
        assert_eq!(planned(&[("depth", "1")]).unwrap().warnings, ["Unexpected input(s) 'depth'"]);
    }

    #[test]
    fn another_repository_has_its_own_default_branch_and_token() {
        let plan = planned(&[("repository", "octo/other"), ("token", "t")]).unwrap();
        assert_eq!(plan.target, Target::DefaultBranch);
        assert_eq!((plan.other.as_deref(), plan.token.as_str()), (Some("octo/other"), "t"));
        // The event's ref is of the job's repository only.
        let plan = planned(&[("repository", "octo/other"), ("ref", "refs/heads/main")]).unwrap();
        assert_eq!(plan.target, Target::Named("refs/heads/main".to_owned()));
        for name in ["octo", "octo/../x", "octo/.git", "octo/a b", "octo/a/b"] {
            assert!(planned(&[("repository", name)]).unwrap_err().contains("Invalid repository"));
        }
    }

    #[test]
    fn a_sparse_checkout_is_a_list_of_lines() {
        let plan = planned(&[("sparse-checkout", "a\n\n  b/c \n")]).unwrap();
        assert_eq!(plan.sparse.unwrap().patterns, ["a", "b/c"]);
        let rules = [("sparse-checkout", "*.txt"), ("sparse-checkout-cone-mode", "false")];
        assert!(!planned(&rules).unwrap().sparse.unwrap().cone);
    }
}
