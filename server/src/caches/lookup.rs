//! Which entry fits: GitHub's order of scopes and keys (`protocols` 3.7).

use sqlx::PgConnection;

use super::CacheError;
use crate::App;
use crate::storage::BlobId;
use crate::tokens::JobCaller;

/// GitHub's most keys of one question.
const MAX_KEYS: usize = 10;

/// As many entries with one prefix are read and sorted.
const FEW: i64 = 200;

/// What a job asks for.
#[derive(Clone, Debug)]
pub struct CacheQuery {
    /// The key, and then the keys to fall back to.
    pub keys: Vec<String>,
    pub version: String,
}

/// The entry that fits best.
#[derive(Clone, Debug)]
pub struct CacheHit {
    pub id: i64,
    pub key: String,
    pub scope: String,
    pub blob: BlobId,
    pub created_at: chrono::DateTime<chrono::Utc>,
}

struct Row {
    id: i64,
    key: String,
    scope: String,
    blob_id: uuid::Uuid,
    created_at: chrono::DateTime<chrono::Utc>,
}

/// The first match: scope by scope, and in each key by key, the whole key before the newest entry that
/// begins with it.
pub async fn lookup(
    app: &App,
    caller: &JobCaller,
    query: &CacheQuery,
) -> Result<Option<CacheHit>, CacheError> {
    // A client may repeat the key among those to fall back to, as BuildKit does.
    if query.keys.is_empty() || query.keys.len() > MAX_KEYS + 1 {
        return Err(CacheError::Invalid(format!("one to {MAX_KEYS} keys are needed")));
    }
    if query.keys.iter().any(|key| key.is_empty() || key.contains('\0')) {
        return Err(CacheError::Invalid("a key is empty, or no text".to_owned()));
    }
    let mut db = app.db.acquire().await?;
    for access in caller.caches.iter().filter(|access| access.can_read()) {
        for key in &query.keys {
            let place = (access.scope.as_str(), query.version.as_str());
            if let Some(row) = find(&mut db, caller, place, key).await? {
                touch(&mut db, row.id).await?;
                return Ok(Some(CacheHit {
                    id: row.id,
                    key: row.key,
                    scope: row.scope,
                    blob: BlobId(row.blob_id),
                    created_at: row.created_at,
                }));
            }
        }
    }
    Ok(None)
}

async fn find(
    db: &mut PgConnection,
    caller: &JobCaller,
    (scope, version): (&str, &str),
    key: &str,
) -> sqlx::Result<Option<Row>> {
    let whole = sqlx::query_as!(
        Row,
        "select id, key, scope, blob_id, created_at
         from caches
         where repository_id = $1 and scope = $2 and version = $3 and key = $4
           and state = 'ready'",
        caller.repository.0,
        scope,
        version,
        key,
    )
    .fetch_optional(&mut *db)
    .await?;
    if whole.is_some() {
        return Ok(whole);
    }
    find_newest(db, caller, (scope, version), key).await
}

/// The newest entry that begins with `prefix`. Few entries begin with it, or nearly all: few are found by
/// their keys and sorted, and among many the newest is looked for from the newest on. Each has its index;
/// a single statement would be planned without knowing which it is.
async fn find_newest(
    db: &mut PgConnection,
    caller: &JobCaller,
    (scope, version): (&str, &str),
    prefix: &str,
) -> sqlx::Result<Option<Row>> {
    let end = format!("{prefix}{}", char::MAX);
    let mut few = sqlx::query_as!(
        Row,
        "select id, key, scope, blob_id, created_at
         from caches
         where repository_id = $1 and scope = $2 and version = $3
           and key >= $4 and key < $5
           and state = 'ready'
         limit $6",
        caller.repository.0,
        scope,
        version,
        prefix,
        end,
        FEW,
    )
    .fetch_all(&mut *db)
    .await?;
    if i64::try_from(few.len()).is_ok_and(|n_found| n_found < FEW) {
        few.sort_by_key(|row| (row.created_at, row.id));
        return Ok(few.pop());
    }
    sqlx::query_as!(
        Row,
        "select id, key, scope, blob_id, created_at
         from caches
         where repository_id = $1 and scope = $2 and version = $3 and key ^@ $4
           and state = 'ready'
         order by created_at desc, id desc
         limit 1",
        caller.repository.0,
        scope,
        version,
        prefix,
    )
    .fetch_optional(db)
    .await
}

/// An entry in use is not evicted.
async fn touch(db: &mut PgConnection, id: i64) -> sqlx::Result<()> {
    sqlx::query!("update caches set last_accessed_at = clock_timestamp() where id = $1", id)
        .execute(db)
        .await?;
    Ok(())
}
