//! The workflow language against other readers of it: same files, same run, one core.
//!
//! Every contender is measured in rounds that take turns, so that whatever else the machine does
//! concerns all of them. Invariant: a ratio compares medians of the same run.

mod check;
mod contender;
mod expressions;
mod peers;
mod table;
mod workflows;

use anyhow::Result;

/// Measures and prints one table.
pub(crate) fn measure() -> Result<()> {
    let mut table = table::Table::default();
    workflows::measure(&mut table)?;
    expressions::measure(&mut table)?;
    check::measure(&mut table)?;
    table.print();
    Ok(())
}
