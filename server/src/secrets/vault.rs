//! Encryption of secrets at rest.

/// The master key. Debug does not show it.
pub struct Vault {}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}
