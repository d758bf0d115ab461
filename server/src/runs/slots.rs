//! The rows of concurrency groups: who holds a group, and who waits for it.
//!
//! Does not decide who goes first: `workflow::advance::Group` does. Changes only rows of slots, also
//! where they belong to other runs, which see it by the revision of their rows. Invariants: every
//! change is made under the lock of the repository's slots, which is the last one a transaction
//! takes; a group has at most one holder, which an index ensures as well.

use gantry_protocol::{RepositoryId, RunId};
use gantry_workflow::advance::{Claim, Group, LegKey, Verdict, waits_for_itself};
use gantry_workflow::model::JobId;
use gantry_workflow::plan::ConcurrencySlot;
use sqlx::PgConnection;

use crate::jobs::Attempt;

/// Who asks for a group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claimant<'a> {
    pub(super) repository: RepositoryId,
    pub(super) attempt: Attempt,
    /// `None` for the run as a whole.
    pub(super) leg: Option<&'a LegKey>,
}

/// Asks for the group, in the order of calls. The answer is a row; see `slot_states`.
pub(super) async fn claim(
    db: &mut PgConnection,
    claimant: Claimant<'_>,
    slot: &ConcurrencySlot,
) -> anyhow::Result<()> {
    lock(db, claimant.repository).await?;
    let key = GroupKey { repository: claimant.repository, name: slot.group.to_lowercase() };
    let admission = group(db, &key).await?.admit(slot);
    // A holder that is told to go ends by itself.
    if admission.verdict == Verdict::Waits
        && admission.evicted.is_none()
        && let Some(reason) = deadlock(db, claimant, &key, &slot.group).await?
    {
        let refused =
            NewSlot { key: &key, group: &slot.group, state: "displaced", reason: Some(reason) };
        return insert(db, claimant, &refused).await;
    }
    let run_number = run_number(db, claimant.attempt.run).await?;
    let reason = format!(
        "Canceling since a higher priority waiting request for '{}' exists: run #{run_number}",
        slot.group
    );
    displace(db, &admission.displaced, &reason).await?;
    if let Some(holder) = admission.evicted {
        evict(db, holder, &reason).await?;
    }
    let (state, reason) = match admission.verdict {
        Verdict::Holds => ("held", None),
        Verdict::Waits => ("pending", None),
        Verdict::Refused => ("displaced", Some(full(&slot.group))),
    };
    insert(db, claimant, &NewSlot { key: &key, group: &slot.group, state, reason }).await
}

/// Why the claimant may not wait, if it would wait for itself.
async fn deadlock(
    db: &mut PgConnection,
    claimant: Claimant<'_>,
    key: &GroupKey,
    group: &str,
) -> anyhow::Result<Option<String>> {
    let newcomer = Claim {
        run: claimant.attempt.run.0,
        leg: claimant.leg.cloned(),
        group: key.name.clone(),
        is_held: false,
    };
    let claims = claims(db, claimant.repository).await?;
    let Some(holder) = waits_for_itself(&claims, &newcomer) else { return Ok(None) };
    let between = if *holder == newcomer.run {
        "its own run holds it until this job has ended".to_owned()
    } else {
        let run_number = run_number(db, RunId(*holder)).await?;
        format!("run #{run_number} holds it and waits for a group that this run holds")
    };
    Ok(Some(format!(
        "Canceling since a deadlock was detected for concurrency group: '{group}': {between}"
    )))
}

fn full(group: &str) -> String {
    let most = gantry_workflow::advance::MAX_PENDING;
    format!("{most} others wait for the concurrency group `{group}` already, which is the limit")
}

/// Frees what the run holds or waits for and does not need any more, and lets the next ones in.
/// Returns how many slots were freed.
pub(super) async fn release_ended(
    db: &mut PgConnection,
    (repository, run): (RepositoryId, RunId),
) -> anyhow::Result<usize> {
    if !has_ended_slots(db, run).await? {
        return Ok(0);
    }
    lock(db, repository).await?;
    let freed = delete_ended(db, run).await?;
    let mut names = freed.clone();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let key = GroupKey { repository, name };
        if let Some(next) = group(db, &key).await?.next() {
            hold(db, &key, *next).await?;
        }
    }
    Ok(freed.len())
}

/// Runs that have ended and still have slots: only a fault of ours or a hand in the database leaves
/// such.
pub(super) async fn left_over(db: &mut PgConnection) -> sqlx::Result<Vec<(RepositoryId, RunId)>> {
    let rows = sqlx::query!(
        "select distinct concurrency_slots.repository_id, run_id
         from concurrency_slots
         join workflow_runs on workflow_runs.id = run_id
         where status = 'completed'
             or concurrency_slots.run_attempt <> workflow_runs.run_attempt",
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (RepositoryId(row.repository_id), RunId(row.run_id))).collect())
}

struct GroupKey {
    repository: RepositoryId,
    /// In lower case.
    name: String,
}

async fn lock(db: &mut PgConnection, repository: RepositoryId) -> sqlx::Result<()> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('gantry slots ' || $1::bigint, 0))",
        repository.0,
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn group(db: &mut PgConnection, key: &GroupKey) -> sqlx::Result<Group<i64>> {
    let rows = sqlx::query!(
        r#"select id, state = 'held' as "is_held!"
         from concurrency_slots
         where repository_id = $1 and group_key = $2 and state in ('held', 'pending')
         order by id"#,
        key.repository.0,
        key.name,
    )
    .fetch_all(db)
    .await?;
    let (held, pending): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.is_held);
    Ok(Group {
        holder: held.first().map(|row| row.id),
        pending: pending.into_iter().map(|row| row.id).collect(),
    })
}

/// All claims of the repository, but for those of holders that were told to go.
async fn claims(
    db: &mut PgConnection,
    repository: RepositoryId,
) -> anyhow::Result<Vec<Claim<i64>>> {
    let rows = sqlx::query!(
        r#"select run_id, job_key, leg, group_key, state = 'held' as "is_held!"
         from concurrency_slots
         where repository_id = $1
             and (state = 'pending' or (state = 'held' and reason is null))
         order by id"#,
        repository.0,
    )
    .fetch_all(db)
    .await?;
    let claim = |leg, row_job: String| {
        let leg = u32::try_from(leg)?;
        anyhow::Ok((!row_job.is_empty()).then_some(LegKey { job: JobId(row_job), leg }))
    };
    rows.into_iter()
        .map(|row| {
            let leg = claim(row.leg, row.job_key)?;
            Ok(Claim { run: row.run_id, leg, group: row.group_key, is_held: row.is_held })
        })
        .collect()
}

async fn run_number(db: &mut PgConnection, run: RunId) -> sqlx::Result<i64> {
    sqlx::query_scalar!("select run_number from workflow_runs where id = $1", run.0)
        .fetch_one(db)
        .await
}

async fn displace(db: &mut PgConnection, slots: &[i64], reason: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "update concurrency_slots
         set state = 'displaced', reason = $2, revision = nextval('concurrency_revisions')
         where id = any($1)",
        slots,
        reason,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The holder is told once; it holds the group until it has ended.
async fn evict(db: &mut PgConnection, holder: i64, reason: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "update concurrency_slots
         set reason = $2, revision = nextval('concurrency_revisions')
         where id = $1 and reason is null",
        holder,
        reason,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// `next` holds the group, and the others who wait have another one to name.
async fn hold(db: &mut PgConnection, key: &GroupKey, next: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "update concurrency_slots
         set state = case id when $3 then 'held' else state end,
             revision = nextval('concurrency_revisions')
         where repository_id = $1 and group_key = $2 and state = 'pending'",
        key.repository.0,
        key.name,
        next,
    )
    .execute(db)
    .await?;
    Ok(())
}

struct NewSlot<'a> {
    key: &'a GroupKey,
    group: &'a str,
    state: &'a str,
    reason: Option<String>,
}

async fn insert(
    db: &mut PgConnection,
    claimant: Claimant<'_>,
    slot: &NewSlot<'_>,
) -> anyhow::Result<()> {
    let Claimant { repository, attempt, leg } = claimant;
    sqlx::query!(
        "insert into concurrency_slots (repository_id, group_key, group_name, run_id, run_attempt,
             job_key, leg, state, reason, revision)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, nextval('concurrency_revisions'))",
        repository.0,
        slot.key.name,
        slot.group,
        attempt.run.0,
        attempt.number,
        leg.map_or("", |leg| leg.job.as_str()),
        i32::try_from(leg.map_or(0, |leg| leg.leg))?,
        slot.state,
        slot.reason,
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn has_ended_slots(db: &mut PgConnection, run: RunId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
             select
             from concurrency_slots as slots
             join workflow_runs on workflow_runs.id = slots.run_id
             left join jobs on jobs.run_id = slots.run_id
                 and jobs.run_attempt = slots.run_attempt
                 and jobs.job_key = slots.job_key
                 and jobs.leg = slots.leg
             where slots.run_id = $1 and (
                 workflow_runs.status = 'completed'
                 or workflow_runs.run_attempt <> slots.run_attempt
                 or jobs.status = 'completed'
             )
         ) as "exists!""#,
        run.0,
    )
    .fetch_one(db)
    .await
}

/// The groups, in lower case, whose slots went.
async fn delete_ended(db: &mut PgConnection, run: RunId) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "delete from concurrency_slots as slots
         using workflow_runs
         where slots.run_id = $1 and workflow_runs.id = $1 and (
             workflow_runs.status = 'completed'
             or workflow_runs.run_attempt <> slots.run_attempt
             or exists (
                 select
                 from jobs
                 where jobs.run_id = slots.run_id
                     and jobs.run_attempt = slots.run_attempt
                     and jobs.job_key = slots.job_key
                     and jobs.leg = slots.leg
                     and jobs.status = 'completed'
             )
         )
         returning slots.group_key",
        run.0,
    )
    .fetch_all(db)
    .await
}
