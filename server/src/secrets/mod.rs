//! Secrets and variables: encryption, places, and what a job may see.
//!
//! Does not hand out a secret's value to anything but a leased job.

mod cipher;
mod keys;
mod master_file;
mod name;
mod place;
mod queries;
mod rotate;
mod values;
mod variable_queries;
mod variables;
mod vault;

pub use cipher::{Sealed, SecretScope};
pub use keys::{BoxError, PublicKey, open_box, public_key, wrap_keys_anew};
pub use name::{MAX_VALUE_BYTES, NameError, check_entry, check_name, check_value};
pub use place::{Place, Reader, StoreError, Visibility, delete_place};
pub use rotate::rotate_key;
pub use values::{
    PutSecret, SecretView, Stored, delete_secret, list_secrets, names_for_job, owners_secrets,
    put_secret, set_secret_visibility, values_for_job,
};
pub use variables::{
    NewVariable, Variable, VariableChange, create_variable, delete_variable, find_variable,
    list_variables, owners_variables, update_variable, variables_for_run,
};
pub use vault::Vault;
