//! Jobs whose runner is gone.
//!
//! The arithmetic, with the default lease of 60 s: a runner renews every 15 s and stops its
//! containers 45 s after it sent the last renewal that was answered; we give the job away 75 s after
//! the last renewal we committed (the lease and a quarter). So two runners never run one job.
//!
//! While nobody could renew, no lease runs out: `lease_clock` says when leases were last looked at,
//! and a gap (this server was down, or its database) extends all leases by its length. An outage of
//! the server fails no job. All times are the database's.

use gantry_protocol::JobId;
use sqlx::{Connection as _, PgConnection};

use super::complete::wake_after_end;
use super::{annotations, steps, summaries};
use crate::background::Topic;
use crate::{App, logs, reporting};

/// A gap between two passes that counts as an outage: three times the interval of the passes.
const OUTAGE_SECONDS: f64 = 15.0;

/// A job that no runner manages to start is not handed out more often than this.
const MAX_LEASES: i64 = 5;

/// Requeues jobs that were leased and not started, and ends started ones as failures.
pub async fn reap_leases(app: &App) -> anyhow::Result<u64> {
    let mut connection = app.db.acquire().await?;
    let mut transaction = connection.begin().await?;
    extend_after_outage(&mut transaction).await?;
    let expired = expired(&mut transaction, app.config.lease_seconds).await?;
    for job in &expired {
        if job.is_requeued {
            requeue(&mut transaction, job).await?;
        } else {
            end_as_lost(&mut transaction, app, job).await?;
        }
    }
    transaction.commit().await?;
    if !expired.is_empty() {
        app.wakeups.wake(Topic::Queue);
        // A renewal of a lost lease may be waiting.
        app.wakeups.wake(Topic::Cancellations);
        wake_after_end(app);
    }
    Ok(u64::try_from(expired.len())?)
}

async fn extend_after_outage(db: &mut PgConnection) -> sqlx::Result<()> {
    let gap = sqlx::query_scalar!(
        r#"select extract(epoch from clock_timestamp() - last_pass_at)::double precision
             as "seconds!"
         from lease_clock
         for update"#,
    )
    .fetch_optional(&mut *db)
    .await?;
    if let Some(seconds) = gap.filter(|seconds| *seconds > OUTAGE_SECONDS) {
        let extended = sqlx::query!(
            "update jobs
             set lease_expires_at = lease_expires_at + make_interval(secs => $1)
             where status = 'in_progress'",
            seconds,
        )
        .execute(&mut *db)
        .await?;
        let n_jobs = extended.rows_affected();
        if n_jobs > 0 {
            tracing::info!(n_jobs, seconds, "leases were extended by the length of an outage");
        }
    }
    sqlx::query!(
        "insert into lease_clock (last_pass_at)
         values (clock_timestamp())
         on conflict (id) do update
         set last_pass_at = excluded.last_pass_at",
    )
    .execute(db)
    .await?;
    Ok(())
}

struct Expired {
    id: i64,
    run_id: i64,
    runner: String,
    is_requeued: bool,
    has_started: bool,
    is_cancelled: bool,
}

async fn expired(db: &mut PgConnection, lease_seconds: u64) -> anyhow::Result<Vec<Expired>> {
    #[expect(clippy::cast_precision_loss, reason = "a lease has few seconds")]
    let margin_seconds = lease_seconds as f64 / 4.0;
    let rows = sqlx::query_as!(
        Expired,
        r#"select jobs.id, run_id, coalesce(runners.name, 'unknown') as "runner!", has_started,
             not has_started and cancel_requested_at is null and lease_token < $2
                 as "is_requeued!",
             cancel_requested_at is not null as "is_cancelled!"
         from jobs
         left join runners on runners.id = jobs.runner_id
         where status = 'in_progress'
             and lease_expires_at < clock_timestamp() - make_interval(secs => $1)
         order by jobs.id
         limit 100
         for update of jobs skip locked"#,
        margin_seconds,
        MAX_LEASES,
    )
    .fetch_all(db)
    .await?;
    Ok(rows)
}

/// Nothing of the job has run, so another runner may have it from the beginning.
async fn requeue(db: &mut PgConnection, job: &Expired) -> sqlx::Result<()> {
    tracing::warn!(job.id = job.id, runner = job.runner, "a runner was lost before it started");
    logs::discard(db, &[job.id]).await?;
    summaries::discard(db, &[job.id]).await?;
    sqlx::query!(
        "update jobs
         set status = 'queued', runner_id = null, lease_claim = null, lease_expires_at = null,
             started_at = null, reason = $2, updated_at = clock_timestamp()
         where id = $1",
        job.id,
        format!("the runner `{}` was lost before it started the job", job.runner),
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn end_as_lost(db: &mut PgConnection, app: &App, job: &Expired) -> anyhow::Result<()> {
    tracing::warn!(job.id = job.id, run.id = job.run_id, runner = job.runner, "a runner was lost");
    let reason = if job.has_started {
        format!("the runner `{}` was lost", job.runner)
    } else {
        format!("the runner `{}` was lost; no runner could start the job", job.runner)
    };
    end_without_runner(db, job.id, (job.is_cancelled, &reason)).await?;
    reporting::want_report(db, &app.config, JobId(job.id)).await?;
    Ok(())
}

/// Ends a job whose runner does not: the token grows, so that whatever it still sends is refused.
pub(super) async fn end_without_runner(
    db: &mut PgConnection,
    job: i64,
    (is_cancelled, reason): (bool, &str),
) -> anyhow::Result<()> {
    sqlx::query!(
        "update jobs
         set status = 'completed',
             conclusion = case
                 when cancel_timed_out then 'timed_out'
                 when $3 then 'cancelled'
                 else 'failure'
             end,
             reason = $2,
             infrastructure_error = $2,
             lease_token = lease_token + 1,
             lease_claim = null,
             lease_expires_at = null,
             has_news = true,
             completed_order = nextval('job_completions'),
             completed_at = clock_timestamp(),
             updated_at = clock_timestamp()
         where id = $1 and status = 'in_progress'",
        job,
        reason,
        is_cancelled,
    )
    .execute(&mut *db)
    .await?;
    steps::close(db, &[job]).await?;
    annotations::insert(db, JobId(job), &[annotations::failure(reason)]).await
}
