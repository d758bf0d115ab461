//! Finished events join the chain.
//!
//! The only place where the chain grows, one server at a time, so no request waits for another one's
//! event.

use super::chain::Chain;
use super::queries;
use crate::App;

/// Events in one transaction.
const BATCH: usize = 500;

/// No request takes this long; its server has ended.
const GIVE_UP_MINUTES: i32 = 10;

/// One pass: all events that have an outcome.
pub async fn seal_events(app: &App) -> anyhow::Result<u64> {
    let mut n_sealed = 0;
    loop {
        let n = seal_batch(app).await?;
        n_sealed += n as u64;
        if n < BATCH {
            return Ok(n_sealed);
        }
    }
}

async fn seal_batch(app: &App) -> anyhow::Result<usize> {
    let mut transaction = app.db.begin().await?;
    queries::give_up_old(&mut transaction, GIVE_UP_MINUTES).await?;
    let mut chain = Chain::after(queries::head(&mut transaction).await?);
    let mut events = queries::unsealed(&mut transaction, i64::try_from(BATCH)?).await?;
    for (_, entry) in &mut events {
        chain.seal(entry);
    }
    queries::seal(&mut transaction, &events).await?;
    transaction.commit().await?;
    Ok(events.len())
}
