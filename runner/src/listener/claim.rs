//! The name under which one slot asks for its next job, on disk before it asks.
//!
//! A server may lease a job to a runner that dies before it hears of it. The next runner asks under
//! the same name and gets that job, which otherwise nobody would run until its lease expired.
//! Invariant: a claim changes as soon as its job is on disk, and never before.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use gantry_protocol::ClaimId;
use uuid::Uuid;

use crate::infra_error::InfraError;

/// One slot's claim.
#[derive(Debug)]
pub(super) struct SlotClaim {
    path: PathBuf,
    id: ClaimId,
}

impl SlotClaim {
    /// The claim that an earlier runner left for this slot, unless its job is among the `adopted`.
    pub(super) fn open(
        work_directory: &Path,
        slot: usize,
        adopted: &HashSet<ClaimId>,
    ) -> Result<Self, InfraError> {
        let directory = work_directory.join("claims");
        fs::create_dir_all(&directory).map_err(InfraError::disk("creating", &directory))?;
        let path = directory.join(slot.to_string());
        let left = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
        match left.map(ClaimId).filter(|id| !adopted.contains(id)) {
            Some(id) => Ok(Self { path, id }),
            None => {
                let claim = Self { path, id: ClaimId(Uuid::new_v4()) };
                claim.save()?;
                Ok(claim)
            }
        }
    }

    pub(super) fn id(&self) -> ClaimId {
        self.id
    }

    /// The claim has got its job; the next one is another.
    pub(super) fn change(&mut self) -> Result<(), InfraError> {
        self.id = ClaimId(Uuid::new_v4());
        self.save()
    }

    fn save(&self) -> Result<(), InfraError> {
        let new = self.path.with_extension("new");
        fs::write(&new, self.id.0.to_string()).map_err(InfraError::disk("writing", &new))?;
        fs::rename(&new, &self.path).map_err(InfraError::disk("renaming", &new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_survives_until_its_job_is_on_disk() {
        let work = tempfile::tempdir().unwrap();
        let open = |adopted: &HashSet<ClaimId>| SlotClaim::open(work.path(), 0, adopted).unwrap();
        let first = open(&HashSet::new()).id();
        assert_eq!(open(&HashSet::new()).id(), first);
        assert_ne!(open(&HashSet::from([first])).id(), first, "its job was adopted");
        let mut claim = open(&HashSet::new());
        let before = claim.id();
        claim.change().unwrap();
        assert_ne!(claim.id(), before);
        assert_eq!(open(&HashSet::new()).id(), claim.id());
    }
}
