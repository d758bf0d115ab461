//! Labels that an administrator gives a runner, beside those that it says of itself.
//!
//! Invariant: a runner's own labels are changed by its registration alone.

use gantry_protocol::RunnerId;
use sqlx::PgConnection;

use super::register::{MAX_LABELS, is_word};
use super::view::RunnerView;

/// How an administrator changes labels.
#[derive(Clone, Debug)]
pub enum LabelChange {
    Add(Vec<String>),
    /// These instead of all that were given before.
    Set(Vec<String>),
    Remove(String),
    RemoveAll,
}

/// Why labels stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    #[error(
        "a runner has at most {MAX_LABELS} labels, none of them empty, with control characters or longer than 255 bytes"
    )]
    Invalid,
    #[error("the runner has no label of this name that could be taken from it")]
    NotThere,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Changes what was given to `runner`.
pub async fn change_labels(
    db: &mut PgConnection,
    runner: &RunnerView,
    change: LabelChange,
) -> Result<(), LabelError> {
    let labels = changed(runner, change)?;
    sqlx::query!(
        "update runners
         set custom_labels = $2, updated_at = clock_timestamp()
         where id = $1",
        runner.id,
        &labels,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets a runner: its token is worth nothing from now on. False when there is no such runner.
pub async fn remove_runner(db: &mut PgConnection, runner: RunnerId) -> sqlx::Result<bool> {
    let removed = sqlx::query!("delete from runners where id = $1", runner.0).execute(db).await?;
    Ok(removed.rows_affected() > 0)
}

fn changed(runner: &RunnerView, change: LabelChange) -> Result<Vec<String>, LabelError> {
    let given = runner.custom_labels.clone();
    let labels = match change {
        LabelChange::Add(new) => given.into_iter().chain(new).collect(),
        LabelChange::Set(new) => new,
        LabelChange::RemoveAll => Vec::new(),
        LabelChange::Remove(name) => {
            let name = name.to_lowercase();
            if !given.contains(&name) {
                return Err(LabelError::NotThere);
            }
            given.into_iter().filter(|label| *label != name).collect()
        }
    };
    let mut known = Vec::new();
    for label in labels.iter().map(|label| label.to_lowercase()) {
        if !is_word(&label) {
            return Err(LabelError::Invalid);
        }
        if !runner.labels.contains(&label) && !known.contains(&label) {
            known.push(label);
        }
    }
    match known.len() + runner.labels.len() <= MAX_LABELS {
        true => Ok(known),
        false => Err(LabelError::Invalid),
    }
}
