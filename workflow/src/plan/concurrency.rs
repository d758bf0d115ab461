//! Evaluates `concurrency:` of a workflow or a job (`semantics` 4.4).
//!
//! Does not know who holds a slot; the store of runs does.

use super::run_plan::ConcurrencySlot;
use super::slot::{Slot, SlotError};
use crate::expr::Environment;
use crate::model::{Concurrency, JobId};

const KEY: &str = "concurrency";

/// Longest group name, in characters; longer ones are refused with GitHub's text.
const MAX_GROUP_LENGTH: usize = 400;

/// The group and its policy.
pub(crate) fn evaluate(
    concurrency: &Concurrency,
    environment: &Environment<'_>,
) -> Result<ConcurrencySlot, SlotError> {
    let resolved = concurrency.resolve(environment);
    let slot = Slot::new(KEY, &concurrency.group);
    let concurrency = resolved.map_err(|error| slot.error(error.message))?;
    let slot = Slot::new(KEY, &concurrency.group);
    let group = slot.text(environment)?;
    if group.is_empty() {
        return Err(slot.error("Concurrency group name cannot be empty"));
    }
    if group.chars().count() > MAX_GROUP_LENGTH {
        return Err(slot.error(format!(
            "Concurrency group name must be less than {MAX_GROUP_LENGTH} characters"
        )));
    }
    let cancel_in_progress = match &concurrency.cancel_in_progress {
        None => false,
        Some(token) => Slot::new(KEY, token).boolean(environment)?,
    };
    if cancel_in_progress && concurrency.queue_max {
        // A literal `true` is refused when the file is read.
        let message = "'queue: max' cannot be combined with 'cancel-in-progress: true'.";
        return Err(slot.error(message));
    }
    Ok(ConcurrencySlot { group, cancel_in_progress, queue_max: concurrency.queue_max })
}

/// GitHub's text for a job that would wait for the group that its own run holds.
pub(crate) fn deadlock(group: &str, job: &JobId) -> String {
    format!(
        "Canceling since a deadlock was detected for concurrency group: '{group}' between a top \
         level workflow and '{job}'"
    )
}
