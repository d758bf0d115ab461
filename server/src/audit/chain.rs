//! The hash chain over the sealed events. Pure.
//!
//! Invariant: who changes, removes, adds or moves an entry must make anew the hashes of all later
//! ones, and then the head is another one.

use sha2::{Digest, Sha256};

use super::event::AuditEntry;

/// What stands before the first entry.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The end of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the last entry; 0 when there is none.
    pub sequence: i64,
    /// Its hash, in hexadecimal digits.
    pub hash: String,
}

impl Default for Head {
    fn default() -> Self {
        Self { sequence: 0, hash: GENESIS.to_owned() }
    }
}

/// Where a chain is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("entry {expected} is missing; entry {found} stands in its place")]
    Gap { expected: i64, found: i64 },
    #[error("entry {0} does not follow the entry before it: one of them has been replaced")]
    Link(i64),
    #[error("entry {0} has been changed: its hash does not fit what it says")]
    Changed(i64),
}

/// A chain that is being made or followed, entry by entry.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    head: Head,
}

impl Chain {
    /// Goes on behind `head`.
    #[must_use]
    pub fn after(head: Head) -> Self {
        Self { head }
    }

    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Fills in the place and the hashes of the next entry.
    pub fn seal(&mut self, entry: &mut AuditEntry) {
        entry.sequence = self.head.sequence + 1;
        entry.previous_hash.clone_from(&self.head.hash);
        entry.hash = hash(entry);
        self.head = Head { sequence: entry.sequence, hash: entry.hash.clone() };
    }

    /// Checks that `entry` is the next one and says what it said when it was sealed.
    pub fn follow(&mut self, entry: &AuditEntry) -> Result<(), Broken> {
        let expected = self.head.sequence + 1;
        if entry.sequence != expected {
            return Err(Broken::Gap { expected, found: entry.sequence });
        }
        if entry.previous_hash != self.head.hash {
            return Err(Broken::Link(entry.sequence));
        }
        if entry.hash != hash(entry) {
            return Err(Broken::Changed(entry.sequence));
        }
        self.head = Head { sequence: entry.sequence, hash: entry.hash.clone() };
        Ok(())
    }
}

fn hash(entry: &AuditEntry) -> String {
    let unsealed = AuditEntry { hash: String::new(), ..entry.clone() };
    // The shape has nothing that JSON cannot hold.
    let text = serde_json::to_string(&unsealed).unwrap_or_default();
    hex::encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(action: &str) -> AuditEntry {
        AuditEntry {
            sequence: 0,
            at: chrono::DateTime::UNIX_EPOCH,
            actor_kind: "account".into(),
            actor: "octocat".into(),
            address: None,
            action: action.into(),
            repository: Some("acme/app".into()),
            target: None,
            outcome: "done".into(),
            detail: serde_json::json!({ "state": "approved" }),
            previous_hash: String::new(),
            hash: String::new(),
        }
    }

    fn sealed() -> Vec<AuditEntry> {
        let mut chain = Chain::default();
        let mut entries = ["a", "b", "c", "d"].map(entry);
        entries.iter_mut().for_each(|entry| chain.seal(entry));
        entries.into()
    }

    fn follow(entries: &[AuditEntry]) -> Result<Head, Broken> {
        let mut chain = Chain::default();
        entries.iter().try_for_each(|entry| chain.follow(entry))?;
        Ok(chain.head().clone())
    }

    #[test]
    fn an_untouched_chain_is_whole() {
        let entries = sealed();
        assert_eq!(follow(&entries).expect("whole").sequence, 4);
        assert_eq!(follow(&[]), Ok(Head::default()));
    }

    #[test]
    fn every_kind_of_tampering_is_found_where_it_is() {
        let mut changed = sealed();
        changed[1].actor = "mallory".into();
        assert_eq!(follow(&changed), Err(Broken::Changed(2)));
        let mut rehashed = changed;
        rehashed[1].hash = hash(&rehashed[1]);
        assert_eq!(follow(&rehashed), Err(Broken::Link(3)));
        let mut shorter = sealed();
        shorter.remove(2);
        assert_eq!(follow(&shorter), Err(Broken::Gap { expected: 3, found: 4 }));
        let mut moved = sealed();
        moved.swap(1, 2);
        assert_eq!(follow(&moved), Err(Broken::Gap { expected: 2, found: 3 }));
    }

    #[test]
    fn a_cut_end_shows_in_the_head() {
        let entries = sealed();
        assert_ne!(follow(&entries[..3]).expect("whole"), follow(&entries).expect("whole"));
    }

    #[test]
    fn reading_an_exported_line_keeps_its_hash() {
        let entries = sealed();
        let line = serde_json::to_string(&entries[3]).expect("JSON");
        assert_eq!(serde_json::from_str::<AuditEntry>(&line).expect("an entry"), entries[3]);
    }
}
