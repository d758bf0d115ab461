//! Writing events.
//!
//! Invariant: nothing that can fail stands between the event and the caller's next step; whoever
//! cannot write the event does not do what it tells of.

use serde_json::Value;
use sqlx::PgConnection;

use super::event::{EventId, NewEvent, Outcome};
use super::queries;
use crate::App;
use crate::background::Topic;

/// Stores what is about to be done. An event that never gets an outcome, because the server ended
/// meanwhile, is sealed as `unknown`.
pub async fn begin(db: &mut PgConnection, event: &NewEvent) -> sqlx::Result<EventId> {
    queries::insert(db, event, None, &Value::Object(serde_json::Map::new())).await
}

/// Stores how it ended.
pub async fn finish(
    app: &App,
    event: EventId,
    outcome: Outcome,
    detail: &Value,
) -> sqlx::Result<()> {
    let mut db = app.db.acquire().await?;
    queries::set_outcome(&mut db, event, outcome.as_str(), detail).await?;
    app.wakeups.wake(Topic::Audit);
    Ok(())
}

/// Stores something that has an outcome already. Wake [`Topic::Audit`] after the commit.
pub async fn record(
    db: &mut PgConnection,
    event: &NewEvent,
    outcome: Outcome,
    detail: &Value,
) -> sqlx::Result<()> {
    queries::insert(db, event, Some(outcome.as_str()), detail).await?;
    Ok(())
}
