//! The authorization table: who may do what.
//!
//! Does not find out who asks. Invariant: what the table does not grant is refused.

use gantry_protocol::{JobId, LeaseToken};

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

/// Somebody with an access token or a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub login: String,
    pub role: Role,
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
    /// An account with at least this role.
    Account(Role),
    /// Anybody who comes by a link that we have signed for this very path.
    Link,
    /// An account that may read, or a job. The handler checks that the job's repository is asked
    /// for.
    Clone,
}

/// Why a caller is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A credential is missing or unknown: 401.
    Unknown,
    /// The caller is known and not entitled: 403.
    NotEntitled,
}

/// The table. Deny by default: every pair that is not listed is refused.
pub fn check(access: Access, caller: &Caller) -> Result<(), Refusal> {
    match (access, caller) {
        (Access::Public, _) | (Access::Clone, Caller::Account(_) | Caller::Job(_)) => Ok(()),
        (Access::Account(role), Caller::Account(identity)) if identity.role >= role => Ok(()),
        // The link is looked at before the caller is.
        (Access::Link, _) => Err(Refusal::NotEntitled),
        (_, Caller::Anonymous) => Err(Refusal::Unknown),
        (_, Caller::Account(_) | Caller::Job(_)) => Err(Refusal::NotEntitled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(role: Role) -> Caller {
        Caller::Account(Identity { login: "octocat".into(), role })
    }

    #[test]
    fn every_pair_is_as_the_table_says() {
        let job = Caller::Job(JobIdentity { job: JobId(1), lease: LeaseToken(1) });
        let callers = [
            Caller::Anonymous,
            job,
            account(Role::Read),
            account(Role::Write),
            account(Role::Admin),
        ];
        let (yes, unknown, no) = (Ok(()), Err(Refusal::Unknown), Err(Refusal::NotEntitled));
        let table = [
            (Access::Public, [yes, yes, yes, yes, yes]),
            (Access::Link, [no, no, no, no, no]),
            (Access::Clone, [unknown, yes, yes, yes, yes]),
            (Access::Account(Role::Read), [unknown, no, yes, yes, yes]),
            (Access::Account(Role::Write), [unknown, no, no, yes, yes]),
            (Access::Account(Role::Admin), [unknown, no, no, no, yes]),
        ];
        for (access, expected) in table {
            let got = callers.each_ref().map(|caller| check(access, caller));
            assert_eq!(got, expected, "{access:?}");
        }
    }
}
