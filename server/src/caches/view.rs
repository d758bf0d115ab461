//! Reading caches for people and API clients. Never writes.

use chrono::{DateTime, Utc};
use gantry_protocol::RepositoryId;
use sqlx::PgConnection;

/// An entry as it is shown.
#[derive(Clone, Debug)]
pub struct CacheView {
    pub id: i64,
    pub git_ref: String,
    pub key: String,
    pub version: String,
    pub size_bytes: i64,
    pub created_at: DateTime<Utc>,
    pub last_accessed_at: DateTime<Utc>,
}

/// What a list is sorted by; the largest or newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheOrder {
    CreatedAt,
    #[default]
    LastAccessedAt,
    SizeInBytes,
}

/// Which entries; an absent field does not restrict.
#[derive(Clone, Debug, Default)]
pub struct CacheFilter {
    pub git_ref: Option<String>,
    pub key_prefix: Option<String>,
    pub order: CacheOrder,
    pub is_ascending: bool,
}

/// What a repository keeps.
#[derive(Clone, Copy, Debug)]
pub struct CacheUsage {
    pub n_caches: i64,
    pub size_bytes: i64,
}

/// All entries that can be found.
pub async fn list(
    db: &mut PgConnection,
    repository: RepositoryId,
    filter: &CacheFilter,
) -> sqlx::Result<Vec<CacheView>> {
    let mut caches = sqlx::query_as!(
        CacheView,
        "select id, scope as git_ref, key, version, size_bytes, created_at, last_accessed_at
         from caches
         where repository_id = $1
           and state = 'ready'
           and ($2::text is null or scope = $2)
           and ($3::text is null or key ^@ $3)",
        repository.0,
        filter.git_ref,
        filter.key_prefix,
    )
    .fetch_all(db)
    .await?;
    match filter.order {
        CacheOrder::CreatedAt => caches.sort_by_key(|cache| (cache.created_at, cache.id)),
        CacheOrder::LastAccessedAt => {
            caches.sort_by_key(|cache| (cache.last_accessed_at, cache.id));
        }
        CacheOrder::SizeInBytes => caches.sort_by_key(|cache| (cache.size_bytes, cache.id)),
    }
    if !filter.is_ascending {
        caches.reverse();
    }
    Ok(caches)
}

/// How many entries there are, and how large they are together.
pub async fn usage(db: &mut PgConnection, repository: RepositoryId) -> sqlx::Result<CacheUsage> {
    let row = sqlx::query!(
        r#"select count(*) as "n_caches!", coalesce(sum(size_bytes), 0)::bigint as "size_bytes!"
         from caches
         where repository_id = $1 and state = 'ready'"#,
        repository.0,
    )
    .fetch_one(db)
    .await?;
    Ok(CacheUsage { n_caches: row.n_caches, size_bytes: row.size_bytes })
}
