//! Reading sealed events.

use serde::Deserialize;
use sqlx::PgConnection;

use super::event::AuditEntry;

/// Which entries are asked for; all conditions hold together.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Entries with a greater sequence; the oldest come first.
    pub after: Option<i64>,
    pub actor: Option<String>,
    pub action: Option<String>,
    /// `owner/name`, in any case of letters.
    pub repository: Option<String>,
    pub outcome: Option<String>,
}

/// At most `limit` sealed events: the oldest after `filter.after`, or the newest when it is not
/// given. Ordered by sequence.
pub async fn entries(
    db: &mut PgConnection,
    filter: &Filter,
    limit: i64,
) -> sqlx::Result<Vec<AuditEntry>> {
    sqlx::query_as!(
        AuditEntry,
        r#"with page as (
               select *
               from audit_events
               where sequence > coalesce($1::bigint, 0)
                 and ($2::text is null or actor = $2)
                 and ($3::text is null or action = $3)
                 and ($4::text is null or lower(repository) = lower($4))
                 and ($5::text is null or outcome = $5)
               order by case when $1::bigint is null then -sequence else sequence end
               limit $6
           )
           select sequence as "sequence!", at as "at!", actor_kind as "actor_kind!",
               actor as "actor!", address, action as "action!", repository, target,
               outcome as "outcome!", detail as "detail!",
               encode(previous_hash, 'hex') as "previous_hash!", encode(hash, 'hex') as "hash!"
           from page
           order by sequence"#,
        filter.after,
        filter.actor,
        filter.action,
        filter.repository,
        filter.outcome,
        limit,
    )
    .fetch_all(db)
    .await
}
