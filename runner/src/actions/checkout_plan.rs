//! What a checkout's inputs ask for. Pure.
//!
//! Follows the published behaviour of `actions/checkout` where it is supported. Invariant: an input
//! that would change the result and is not supported is an error, never ignored.

use indexmap::IndexMap;

use super::submodules::Submodules;

/// Inputs that change nothing here: the rest is about how the original reaches its repository.
const WITHOUT_EFFECT: [&str; 8] = [
    "filter",
    "show-progress",
    "set-safe-directory",
    "github-server-url",
    "ssh-known-hosts",
    "ssh-strict",
    "ssh-user",
    "fetch-tags",
];

/// Inputs that are errors unless they are empty or false.
const UNSUPPORTED: [&str; 2] = ["lfs", "ssh-key"];

/// A checkout, decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CheckoutPlan {
    pub(super) target: Target,
    /// `None` for the job's own, whose credentials come with the job.
    pub(super) other: Option<OtherRepository>,
    pub(super) sparse: Option<Sparse>,
    pub(super) submodules: Submodules,
    /// 0 for the whole history of all branches and tags.
    pub(super) depth: u32,
    pub(super) tags: bool,
    /// Components below the workspace; none for the workspace itself.
    pub(super) path: Vec<String>,
    pub(super) clean: bool,
    pub(super) persist_credentials: bool,
    /// Warnings for the log.
    pub(super) warnings: Vec<String>,
}

/// A repository that is not the job's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OtherRepository {
    /// `owner/name`
    pub(super) name: String,
    /// Empty for none.
    pub(super) token: String,
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
    for name in UNSUPPORTED {
        let value = input(name);
        if !value.is_empty() && value != "false" {
            return Err(format!(
                "input `{name}` is not supported by the checkout that is part of the runner; \
                 --builtin-actions never lets the real one run"
            ));
        }
    }
    let other = other_repository(input("repository"), input("token"), event)?;
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
        sparse: (!sparse.is_empty()).then_some(Sparse { patterns: sparse, cone }),
        submodules: match input("submodules").to_ascii_lowercase().as_str() {
            "true" => Submodules::Own,
            "recursive" => Submodules::All,
            _ => Submodules::None,
        },
        depth,
        tags: flag("fetch-tags", false),
        path: path(input("path"))?,
        clean: flag("clean", true),
        persist_credentials: flag("persist-credentials", true),
        warnings: unexpected(inputs),
    })
}

fn other_repository(
    name: &str,
    token: &str,
    event: EventRef<'_>,
) -> Result<Option<OtherRepository>, String> {
    if name.is_empty() || name.eq_ignore_ascii_case(event.repository) {
        return Ok(None);
    }
    let is_part = |part: &str| {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !part.is_empty() && !part.starts_with('.') && part.chars().all(legal)
    };
    match name.split_once('/') {
        Some((owner, repository)) if is_part(owner) && is_part(repository) => {
            Ok(Some(OtherRepository { name: name.to_owned(), token: token.to_owned() }))
        }
        _ => Err(format!("Invalid repository '{name}'. Expected format {{owner}}/{{repo}}.")),
    }
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
    let own = [
        "repository",
        "ref",
        "token",
        "fetch-depth",
        "path",
        "clean",
        "persist-credentials",
        "sparse-checkout",
        "sparse-checkout-cone-mode",
        "submodules",
    ];
    let known = |name: &&String| {
        let name = name.as_str();
        own.contains(&name) || WITHOUT_EFFECT.contains(&name) || UNSUPPORTED.contains(&name)
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

    const EVENT: EventRef<'_> =
        EventRef { repository: "octo/app", full_ref: "refs/heads/main", sha: "abc" };

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
    fn what_is_not_supported_is_an_error_that_names_it() {
        assert!(planned(&[("lfs", "true")]).unwrap_err().contains("lfs"));
        assert_eq!(planned(&[("submodules", "Recursive")]).unwrap().submodules, Submodules::All);
        assert!(planned(&[("lfs", "false"), ("repository", "Octo/App")]).is_ok());
    }

    #[test]
    fn another_repository_has_its_own_default_branch_and_token() {
        let plan = planned(&[("repository", "octo/other"), ("token", "t")]).unwrap();
        assert_eq!(plan.target, Target::DefaultBranch);
        let (name, token) = ("octo/other".to_owned(), "t".to_owned());
        assert_eq!(plan.other, Some(OtherRepository { name, token }));
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
