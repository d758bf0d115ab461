//! Secrets and variables: encryption, scopes, and what a job may see.
//!
//! Does not hand out a secret's value to anything but a leased job.

mod name;
mod queries;
mod values;
mod variables;
mod vault;

pub use name::{MAX_VALUE_BYTES, NameError, check_entry};
pub use values::{PutSecret, Stored, delete_secret, put_secret, secret_names, values_for_job};
pub use variables::{
    PutVariable, Variable, create_variable, delete_variable, find_variable, list_variables,
    put_variable, variables,
};
pub use vault::{Sealed, SecretScope, Vault};
