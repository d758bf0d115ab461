//! The secrets of one job, shared by everything that prints for it.
//!
//! How a secret is found is the language's matter ([`gantry_workflow::command::Masker`]).
//! Invariant: a value is masked from the line after the one that registered it, in every step.

use std::sync::{Arc, PoisonError, RwLock};

use gantry_workflow::command::Masker;

/// A handle on the job's masks; clones see what any of them adds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Masks(Arc<RwLock<Masker>>);

impl Masks {
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let masker = Masker::new(secrets).map_err(|error| error.to_string())?;
        Ok(Self(Arc::new(RwLock::new(masker))))
    }

    pub(crate) fn add(&self, secret: &str) -> Result<(), String> {
        let mut masker = self.0.write().unwrap_or_else(PoisonError::into_inner);
        masker.add(secret).map_err(|error| error.to_string())
    }

    pub(crate) fn mask(&self, text: &str) -> String {
        self.0.read().unwrap_or_else(PoisonError::into_inner).mask(text).into_owned()
    }

    pub(crate) fn contains_secret(&self, text: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_secret(text)
    }

    /// Calls `each` with the masker at hand, for many lines at once.
    pub(crate) fn with<T>(&self, each: impl FnOnce(&Masker) -> T) -> T {
        each(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
