//! Links that open one path for a short time without any credential.
//!
//! Clients drop their token when they follow a redirect, so the place they are sent to must let
//! them in by itself. Does not know what lies there. Invariant: a signature counts for its path and
//! its end alone.

use chrono::{DateTime, TimeDelta, Utc};

use crate::secrets::Vault;

const PURPOSE: &str = "signed link v1";

/// As on GitHub: long enough to follow a redirect.
const SECONDS: i64 = 60;

/// `path` with a query that opens it for a minute from `now`.
#[must_use]
pub fn sign_link(vault: &Vault, path: &str, now: DateTime<Utc>) -> String {
    sign_link_until(vault, path, now + TimeDelta::seconds(SECONDS))
}

/// The same for a path that is open until `end`.
#[must_use]
pub fn sign_link_until(vault: &Vault, path: &str, end: DateTime<Utc>) -> String {
    signed(vault, path, end.timestamp())
}

fn signed(vault: &Vault, path: &str, expires: i64) -> String {
    // In hex: clients strip the padding that base64 has (`protocols` 0.4).
    let signature = hex::encode(vault.sign(PURPOSE, message(path, expires).as_bytes()));
    format!("{path}?expires={expires}&signature={signature}")
}

/// `path` with a query that opens it for good: for pictures that pages of others show.
#[must_use]
pub fn sign_lasting_link(vault: &Vault, path: &str) -> String {
    signed(vault, path, i64::MAX)
}

/// Whether `query` opens `path` at `now`.
#[must_use]
pub fn opens(vault: &Vault, (path, query): (&str, &str), now: DateTime<Utc>) -> bool {
    let value =
        |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let (Some(expires), Some(signature)) = (value("expires"), value("signature")) else {
        return false;
    };
    let (Ok(expires), Ok(signature)) = (expires.parse::<i64>(), hex::decode(signature)) else {
        return false;
    };
    now.timestamp() < expires
        && vault.verify(PURPOSE, message(path, expires).as_bytes(), &signature)
}

fn message(path: &str, expires: i64) -> String {
    format!("{path}\0{expires}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_its_own_path_and_only_for_a_minute() {
        let directory = tempfile::tempdir().expect("a directory");
        let vault = Vault::open(directory.path()).expect("a vault");
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let link = sign_link(&vault, "/a/1", now);
        let (path, query) = link.split_once('?').expect("a query");
        let later = |seconds| now + TimeDelta::seconds(seconds);
        assert!(opens(&vault, (path, query), later(59)));
        assert!(!opens(&vault, (path, query), later(60)));
        assert!(!opens(&vault, ("/a/2", query), now));
        assert!(!opens(&vault, (path, &query.replace("expires=60", "expires=99")), later(61)));
        assert!(!opens(&vault, (path, ""), now));
    }
}
