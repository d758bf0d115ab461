//! What a job's token may do (`semantics` 4.10), as a pure function of what the files say.
//!
//! Grants nothing itself. Invariant: a called workflow never gets more than its caller gave.

use serde::{Deserialize, Serialize};

use crate::model::{Access, Permissions};

/// What a repository gives to a workflow whose file says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultPermissions {
    /// GitHub's restricted setting: contents and packages may be read.
    #[default]
    Read,
    /// GitHub's permissive setting: everything may be written.
    Write,
}

/// The access to every scope, in the order of [`SCOPES`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenPermissions {
    access: [Access; SCOPES.len()],
}

/// GitHub's scopes, in the order in which it names them in messages.
pub const SCOPES: [&str; 20] = [
    "actions",
    "artifact-metadata",
    "attestations",
    "checks",
    "code-quality",
    "contents",
    "copilot-requests",
    "deployments",
    "discussions",
    "drives",
    "issues",
    "packages",
    "pages",
    "pull-requests",
    "repository-projects",
    "statuses",
    "security-events",
    "id-token",
    "models",
    "vulnerability-alerts",
];

/// A scope in which more is asked for than is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    pub scope: &'static str,
    pub requested: Access,
    pub allowed: Access,
}

impl TokenPermissions {
    /// What a repository's setting gives. The identity token is only for files of the same owner.
    #[must_use]
    pub fn of_default(default: DefaultPermissions, has_same_owner: bool) -> Self {
        Self::each(|scope| match (default, scope) {
            (DefaultPermissions::Read, "contents" | "packages") => Access::Read,
            (DefaultPermissions::Read, _) => Access::None,
            (DefaultPermissions::Write, "id-token") if !has_same_owner => Access::None,
            (DefaultPermissions::Write, "models" | "vulnerability-alerts") => Access::Read,
            (DefaultPermissions::Write, _) => Access::Write,
        })
    }

    /// What a file says; a mapping gives nothing in the scopes it does not name.
    #[must_use]
    pub fn declared(permissions: &Permissions) -> Self {
        match permissions {
            Permissions::ReadAll => Self::each(|_| Access::Read),
            Permissions::WriteAll => Self::of_default(DefaultPermissions::Write, true),
            Permissions::Scopes(scopes) => Self::each(|scope| {
                let named = scopes.iter().find(|(name, _)| name == scope);
                named.map_or(Access::None, |(_, access)| *access)
            }),
        }
    }

    /// For a job of a pull request from a fork: whatever could be written can be read.
    #[must_use]
    pub fn read_only(&self) -> Self {
        Self { access: self.access.map(|access| access.min(Access::Read)) }
    }

    /// The scopes in which `self` is more than `allowed`.
    #[must_use]
    pub fn exceeding(&self, allowed: &Self) -> Vec<Excess> {
        let pairs = self.access.iter().zip(&allowed.access);
        SCOPES
            .iter()
            .zip(pairs)
            .filter(|(_, (requested, allowed))| requested > allowed)
            .map(|(scope, (requested, allowed))| Excess {
                scope,
                requested: *requested,
                allowed: *allowed,
            })
            .collect()
    }

    /// The scopes with access, and `metadata`, which every token may read. An identity token can
    /// only be written.
    #[must_use]
    pub fn granted(&self) -> Vec<(String, Access)> {
        let granted = |(scope, access): &(&&str, &Access)| {
            **access != Access::None && (**scope != "id-token" || **access == Access::Write)
        };
        let mut scopes: Vec<(String, Access)> = SCOPES
            .iter()
            .zip(&self.access)
            .filter(granted)
            .map(|(scope, access)| ((*scope).to_owned(), *access))
            .collect();
        scopes.push(("metadata".to_owned(), Access::Read));
        scopes.sort_by(|a, b| a.0.cmp(&b.0));
        scopes
    }

    fn each(access: impl Fn(&str) -> Access) -> Self {
        Self { access: SCOPES.map(access) }
    }
}

/// GitHub's two lists: "actions: write, contents: write" and "actions: read, contents: none".
#[must_use]
pub(crate) fn in_words(excess: &[Excess]) -> (String, String) {
    let list = |access: fn(&Excess) -> Access| {
        let scope = |excess: &Excess| format!("{}: {}", excess.scope, word(access(excess)));
        excess.iter().map(scope).collect::<Vec<_>>().join(", ")
    };
    (list(|excess| excess.requested), list(|excess| excess.allowed))
}

fn word(access: Access) -> &'static str {
    match access {
        Access::None => "none",
        Access::Read => "read",
        Access::Write => "write",
    }
}
