//! The list of runs as people page through it: by what they type, from the newest on.
//!
//! Never counts and never skips rows, so that a page costs the same wherever it stands among
//! millions. Invariant: a page begins right after the one whose cursor it was given.

use gantry_protocol::RepositoryId;
use sqlx::PgConnection;

use super::view::{RunView, runs_by_id};

/// Which runs to list; an absent field or an empty list does not restrict.
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    /// Only runs of these repositories, by number.
    pub visible: Option<Vec<i64>>,
    pub repository: Option<RepositoryId>,
    pub workflow: Option<i64>,
    pub branch: Option<String>,
    pub event: Option<String>,
    pub actor: Option<String>,
    /// Statuses and conclusions, any of which will do.
    pub states: Vec<String>,
    /// Each occurs somewhere in what a list shows of a run.
    pub words: Vec<String>,
    /// Only runs older than this one.
    pub before: Option<i64>,
}

/// A part of the list.
#[derive(Clone, Debug)]
pub struct RunPage {
    pub runs: Vec<RunView>,
    /// Where the next page begins; `None` after the last one.
    pub next_cursor: Option<i64>,
}

/// At most `limit` runs, newest first.
pub async fn newest_runs(
    db: &mut PgConnection,
    filter: &ListFilter,
    limit: i64,
) -> sqlx::Result<RunPage> {
    let patterns: Vec<String> = filter.words.iter().map(|word| containing(word)).collect();
    let mut ids = sqlx::query_scalar!(
        "select workflow_runs.id
         from workflow_runs
         join repositories on repositories.id = workflow_runs.repository_id
         join workflows on workflows.id = workflow_runs.workflow_id
         where ($1::bigint is null or workflow_runs.repository_id = $1)
           and ($2::bigint is null or workflow_runs.workflow_id = $2)
           and ($3::text is null or workflow_runs.head_branch = $3)
           and ($4::text is null or workflow_runs.event = $4)
           and ($5::text is null or lower(workflow_runs.actor) = lower($5))
           and (cardinality($6::text[]) = 0 or workflow_runs.status = any($6)
               or workflow_runs.conclusion = any($6))
           and ($7::bigint is null or workflow_runs.id < $7)
           and (cardinality($8::text[]) = 0 or concat_ws(
                   ' ', workflow_runs.display_title, workflows.name,
                   repositories.owner || '/' || repositories.name, workflow_runs.head_branch,
                   workflow_runs.event, workflow_runs.head_sha, workflow_runs.actor,
                   '#' || workflow_runs.run_number, workflow_runs.id
               ) ilike all($8))
           and ($9::bigint[] is null or workflow_runs.repository_id = any($9))
         order by workflow_runs.id desc
         limit $10",
        filter.repository.map(|id| id.0),
        filter.workflow,
        filter.branch,
        filter.event,
        filter.actor,
        &filter.states,
        filter.before,
        &patterns,
        filter.visible.as_deref(),
        // One more than wanted says whether there is a next page.
        limit + 1,
    )
    .fetch_all(&mut *db)
    .await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = ids.len() > wanted;
    ids.truncate(wanted);
    let next_cursor = ids.last().copied().filter(|_| has_more);
    Ok(RunPage { runs: runs_by_id(db, &ids).await?, next_cursor })
}

/// The pattern of everything that contains `word`, whose own signs stand for themselves.
fn containing(word: &str) -> String {
    let mut pattern = String::from("%");
    for sign in word.chars() {
        if matches!(sign, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(sign);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::containing;

    #[test]
    fn signs_of_patterns_stand_for_themselves() {
        assert_eq!(containing("a_b%\\"), "%a\\_b\\%\\\\%");
    }
}
