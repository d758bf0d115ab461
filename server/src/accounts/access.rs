//! The authorization table: who may do what.
//!
//! Does not find out who asks. Invariant: what the table does not grant is refused.

use std::collections::{BTreeMap, BTreeSet};

use gantry_protocol::{JobId, LeaseToken, RepositoryId};

/// What a person or a program may do. Each role includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// See runs, jobs and logs.
    Read,
    /// Also cancel, dispatch, approve, and see names of secrets.
    Write,
    /// Also secrets, variables, repositories, environments and login links.
    Admin,
}

impl Role {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// The role stored under `word`; `None` for a word that we never store.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Admin].into_iter().find(|role| role.as_str() == word)
    }
}

/// What a credential was issued for. What its owner may do besides is looked up anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub role: Role,
    /// The repositories in which the role holds. `None`: in all of them, and for what concerns none,
    /// such as runners, accounts and the secrets of an owner.
    pub repositories: Option<BTreeSet<RepositoryId>>,
}

impl Grant {
    #[must_use]
    pub fn everywhere(role: Role) -> Self {
        Self { role, repositories: None }
    }

    /// The rights of an account that nothing else bounds.
    #[must_use]
    pub fn rights(&self) -> Rights {
        match &self.repositories {
            None => Rights { everywhere: Some(self.role), in_repositories: BTreeMap::new() },
            Some(ids) => Rights::per_repository(ids.iter().map(|id| (*id, self.role))),
        }
    }

    /// What is left of `rights` under this grant.
    #[must_use]
    pub fn bound(&self, rights: &Rights) -> Rights {
        let own = self.rights();
        let everywhere = own.everywhere.min(rights.everywhere);
        let ids = rights.in_repositories.keys().chain(own.in_repositories.keys());
        let both = |id: RepositoryId| Some((id, own.role_in(id)?.min(rights.role_in(id)?)));
        let in_repositories = ids.filter_map(|id| both(*id)).collect();
        Rights { everywhere, in_repositories }
    }
}

/// Somebody with an access token or a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub login: String,
    /// Of somebody who signed in with GitHub, the account's number there. What they may do here is what
    /// GitHub says, as far as their credential's grant goes.
    pub github_id: Option<i64>,
    pub grant: Grant,
    pub rights: Rights,
}

impl Identity {
    /// Of somebody with a GitHub account there are no rights before GitHub was asked.
    #[must_use]
    pub fn new(login: String, github_id: Option<i64>, grant: Grant) -> Self {
        let rights = match github_id {
            None => grant.rights(),
            Some(_) => Rights::default(),
        };
        Self { login, github_id, grant, rights }
    }
}

/// What somebody may do, and where. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    everywhere: Option<Role>,
    in_repositories: BTreeMap<RepositoryId, Role>,
}

impl Rights {
    /// A role in each of some repositories, and nothing elsewhere.
    pub fn per_repository(roles: impl IntoIterator<Item = (RepositoryId, Role)>) -> Self {
        Self { everywhere: None, in_repositories: roles.into_iter().collect() }
    }

    /// The role for what concerns no single repository.
    #[must_use]
    pub fn everywhere(&self) -> Option<Role> {
        self.everywhere
    }

    /// The role in a repository; `None` when its existence is no business of theirs.
    #[must_use]
    pub fn role_in(&self, repository: RepositoryId) -> Option<Role> {
        self.everywhere.max(self.in_repositories.get(&repository).copied())
    }

    /// The numbers of the repositories that may be seen; `None` for all.
    #[must_use]
    pub fn visible(&self) -> Option<Vec<i64>> {
        match self.everywhere {
            Some(_) => None,
            None => Some(self.in_repositories.keys().map(|id| id.0).collect()),
        }
    }
}

/// A job that is being run; it may clone its own repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobIdentity {
    pub job: JobId,
    pub lease: LeaseToken,
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nobody, or a credential that we do not know.
    Anonymous,
    Account(Identity),
    Job(JobIdentity),
}

/// What a route needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a credential.
    Public,
    /// An account with at least this role: in the repository that the route is about, or everywhere
    /// when it is about none.
    Account(Role),
    /// Every account. The handler shows nothing of repositories that the account may not see.
    Known,
    /// Anybody who comes by a link that we have signed for this very path.
    Link,
    /// An account that may read, or a job. The handler checks that the job's repository is asked
    /// for.
    Clone,
    /// The same for what is no clone: nobody is asked for a password.
    Reader,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// No single repository.
    Server,
    Repository(RepositoryId),
    /// A repository that there is not.
    Nothing,
}

/// Why a caller is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A credential is missing or unknown: 401.
    Unknown,
    /// The caller is known and not entitled: 403.
    NotEntitled,
    /// The caller may not even know that it exists: 404.
    Invisible,
}

/// The table. Deny by default: every pair that is not listed is refused.
pub fn check(access: Access, caller: &Caller, subject: Subject) -> Result<(), Refusal> {
    match (access, caller) {
        (Access::Public, _)
        | (Access::Known, Caller::Account(_))
        | (Access::Clone | Access::Reader, Caller::Job(_)) => Ok(()),
        (Access::Clone | Access::Reader, Caller::Account(identity)) => {
            check_role(Role::Read, identity, subject)
        }
        (Access::Account(role), Caller::Account(identity)) => check_role(role, identity, subject),
        // The link is looked at before the caller is.
        (Access::Link, _) => Err(Refusal::NotEntitled),
        (_, Caller::Anonymous) => Err(Refusal::Unknown),
        (_, Caller::Job(_)) => Err(Refusal::NotEntitled),
    }
}

fn check_role(needed: Role, identity: &Identity, subject: Subject) -> Result<(), Refusal> {
    let rights = &identity.rights;
    let (role, without) = match subject {
        Subject::Repository(id) => (rights.role_in(id), Refusal::Invisible),
        Subject::Nothing => (rights.everywhere(), Refusal::Invisible),
        Subject::Server => (rights.everywhere(), Refusal::NotEntitled),
    };
    match role {
        None => Err(without),
        Some(role) if role >= needed => Ok(()),
        Some(_) => Err(Refusal::NotEntitled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(role: Role, repositories: Option<BTreeSet<RepositoryId>>) -> Caller {
        Caller::Account(Identity::new("octocat".into(), None, Grant { role, repositories }))
    }

    #[test]
    fn every_pair_is_as_the_table_says() {
        let job = Caller::Job(JobIdentity { job: JobId(1), lease: LeaseToken(1) });
        let callers = [
            Caller::Anonymous,
            job,
            account(Role::Read, None),
            account(Role::Write, None),
            account(Role::Admin, None),
        ];
        let (yes, unknown, no) = (Ok(()), Err(Refusal::Unknown), Err(Refusal::NotEntitled));
        let table = [
            (Access::Public, [yes, yes, yes, yes, yes]),
            (Access::Link, [no, no, no, no, no]),
            (Access::Known, [unknown, no, yes, yes, yes]),
            (Access::Clone, [unknown, yes, yes, yes, yes]),
            (Access::Reader, [unknown, yes, yes, yes, yes]),
            (Access::Account(Role::Read), [unknown, no, yes, yes, yes]),
            (Access::Account(Role::Write), [unknown, no, no, yes, yes]),
            (Access::Account(Role::Admin), [unknown, no, no, no, yes]),
        ];
        for (access, expected) in table {
            for subject in [Subject::Server, Subject::Repository(RepositoryId(1)), Subject::Nothing]
            {
                let got = callers.each_ref().map(|caller| check(access, caller, subject));
                assert_eq!(got, expected, "{access:?} of {subject:?}");
            }
        }
    }

    #[test]
    fn a_limited_account_has_its_role_in_its_repositories_and_sees_no_other() {
        let caller = account(Role::Write, Some([RepositoryId(1)].into()));
        let (mine, other) =
            (Subject::Repository(RepositoryId(1)), Subject::Repository(RepositoryId(2)));
        let table = [
            (Access::Account(Role::Write), mine, Ok(())),
            (Access::Account(Role::Admin), mine, Err(Refusal::NotEntitled)),
            (Access::Account(Role::Read), other, Err(Refusal::Invisible)),
            (Access::Account(Role::Read), Subject::Nothing, Err(Refusal::Invisible)),
            (Access::Account(Role::Read), Subject::Server, Err(Refusal::NotEntitled)),
            (Access::Clone, mine, Ok(())),
            (Access::Clone, other, Err(Refusal::Invisible)),
            (Access::Known, Subject::Server, Ok(())),
        ];
        for (access, subject, expected) in table {
            assert_eq!(check(access, &caller, subject), expected, "{access:?} of {subject:?}");
        }
    }

    #[test]
    fn roles_differ_between_repositories_and_a_grant_only_takes_away() {
        let [one, two, three] = [1, 2, 3].map(RepositoryId);
        let at_github = Rights::per_repository([(one, Role::Read), (two, Role::Admin)]);
        let session = Grant::everywhere(Role::Admin).bound(&at_github);
        assert_eq!(session, at_github);
        assert_eq!(session.everywhere(), None);
        assert_eq!(session.visible(), Some(vec![1, 2]));
        let token = Grant { role: Role::Write, repositories: Some([two, three].into()) };
        let bound = token.bound(&at_github);
        assert_eq!([one, two, three].map(|id| bound.role_in(id)), [None, Some(Role::Write), None]);
        let administrator = Grant::everywhere(Role::Admin).rights();
        let bound = token.bound(&administrator);
        assert_eq!((bound.everywhere(), bound.role_in(three)), (None, Some(Role::Write)));
        let fresh = Identity::new("octocat".into(), Some(1), Grant::everywhere(Role::Admin));
        assert_eq!(fresh.rights, Rights::default());
    }
}
