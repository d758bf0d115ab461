//! Every reconciler of the server, in one list.
//!
//! What each does stands in its domain.

use std::time::Duration;

use crate::background::{NextDue, Reconciler, Topic, run_due_reconciler};
use crate::{
    App, artifacts, audit, caches, deliveries, environments, github, jobs, logs, master_key,
    reporting, reports, repositories, runs, storage, triggers,
};

/// A reconciler, and when it is due by itself.
#[derive(Clone, Copy, Debug)]
pub struct Scheduled {
    pub reconciler: Reconciler,
    pub next_due: for<'a> fn(&'a App) -> NextDue<'a>,
}

/// All of them, in the order in which work flows through the server.
#[must_use]
pub fn all() -> [Scheduled; 20] {
    [
        sync_repositories(),
        tick_schedules(),
        recover_deliveries(),
        poll_github(),
        process_deliveries(),
        advance_runs(),
        sweep_runs(),
        explain_queue(),
        reap_leases(),
        archive_logs(),
        scan_artifacts(),
        expire_artifacts(),
        evict_caches(),
        sweep_blobs(),
        sync_reports(),
        seal_audit_events(),
        revoke_tokens(),
        announce_runs(),
        finish_key_rotation(),
        call_gates(),
    ]
}

/// Starts all of them as tasks of the server.
pub fn start(app: &App) {
    for scheduled in all() {
        let Scheduled { reconciler, next_due } = scheduled;
        app.tasks.spawn(reconciler.name, run_due_reconciler(app.clone(), reconciler, next_due));
    }
}

fn unscheduled(reconciler: Reconciler) -> Scheduled {
    Scheduled { reconciler, next_due: |_| Box::pin(async { Ok(None) }) }
}

/// The list of repositories is GitHub's.
fn sync_repositories() -> Scheduled {
    unscheduled(Reconciler {
        name: "sync_repositories",
        interval: Duration::from_hours(1),
        topic: None,
        pass: |app| Box::pin(repositories::sync_repositories(app)),
    })
}

/// Due schedules become deliveries.
fn tick_schedules() -> Scheduled {
    Scheduled {
        reconciler: Reconciler {
            name: "tick_schedules",
            interval: Duration::from_mins(1),
            topic: Some(Topic::Deliveries),
            pass: |app| Box::pin(triggers::tick_schedules(app)),
        },
        next_due: |app| Box::pin(triggers::next_schedule(app)),
    }
}

/// Deliveries become runs.
fn process_deliveries() -> Scheduled {
    Scheduled {
        reconciler: Reconciler {
            name: "process_deliveries",
            interval: Duration::from_secs(30),
            topic: Some(Topic::Deliveries),
            pass: |app| Box::pin(triggers::process_deliveries(app)),
        },
        next_due: |app| Box::pin(triggers::next_delivery(app)),
    }
}

/// What GitHub delivered in vain is delivered again.
fn recover_deliveries() -> Scheduled {
    unscheduled(Reconciler {
        name: "recover_deliveries",
        interval: Duration::from_mins(5),
        topic: None,
        pass: |app| Box::pin(deliveries::recover_deliveries(app)),
    })
}

/// What GitHub does not deliver is looked for.
fn poll_github() -> Scheduled {
    Scheduled {
        reconciler: Reconciler {
            name: "poll_github",
            interval: Duration::from_secs(30),
            topic: None,
            pass: |app| Box::pin(deliveries::poll_github(app)),
        },
        next_due: |app| Box::pin(deliveries::next_poll(app)),
    }
}

/// Systems outside learn of the deployments that wait for them.
fn call_gates() -> Scheduled {
    unscheduled(Reconciler {
        name: "call_gates",
        interval: Duration::from_secs(10),
        topic: Some(Topic::Outbox),
        pass: |app| Box::pin(environments::call_gates(app)),
    })
}

/// What a new master key has not reached yet, and master keys that have had their time.
fn finish_key_rotation() -> Scheduled {
    unscheduled(Reconciler {
        name: "finish_key_rotation",
        interval: Duration::from_hours(1),
        topic: None,
        pass: |app| Box::pin(master_key::finish_rotation(app)),
    })
}

/// What happens to runs starts others.
fn announce_runs() -> Scheduled {
    unscheduled(Reconciler {
        name: "announce_runs",
        interval: Duration::from_secs(30),
        topic: Some(Topic::Outbox),
        pass: |app| Box::pin(triggers::announce_runs(app)),
    })
}

/// Runs with news go forward, and those for which a time has come.
fn advance_runs() -> Scheduled {
    Scheduled {
        reconciler: Reconciler {
            name: "advance_runs",
            interval: Duration::from_secs(5),
            topic: Some(Topic::Runs),
            pass: |app| Box::pin(runs::advance_runs(app)),
        },
        next_due: |app| Box::pin(runs::next_look(app)),
    }
}

/// All open runs go forward, in case that a mark of news was lost: by a fault of ours, or by hand.
fn sweep_runs() -> Scheduled {
    unscheduled(Reconciler {
        name: "sweep_runs",
        interval: Duration::from_mins(1),
        topic: None,
        pass: |app| Box::pin(runs::sweep_runs(app)),
    })
}

/// Queued jobs say why they wait.
fn explain_queue() -> Scheduled {
    unscheduled(Reconciler {
        name: "explain_queue",
        interval: Duration::from_secs(5),
        topic: Some(Topic::Queue),
        pass: |app| Box::pin(jobs::explain_queue(app)),
    })
}

/// Lost runners lose their jobs.
fn reap_leases() -> Scheduled {
    unscheduled(Reconciler {
        name: "reap_leases",
        interval: Duration::from_secs(5),
        topic: None,
        pass: |app| Box::pin(jobs::reap_leases(app)),
    })
}

/// Logs of finished jobs become objects.
fn archive_logs() -> Scheduled {
    unscheduled(Reconciler {
        name: "archive_logs",
        interval: Duration::from_mins(1),
        topic: Some(Topic::Archive),
        pass: |app| Box::pin(logs::archive_logs(app)),
    })
}

/// Reports in artifacts become data.
fn scan_artifacts() -> Scheduled {
    unscheduled(Reconciler {
        name: "scan_artifacts",
        interval: Duration::from_secs(15),
        // A job that ends has uploaded what it had.
        topic: Some(Topic::Archive),
        pass: |app| Box::pin(reports::scan_artifacts(app)),
    })
}

/// Artifacts whose time is over go.
fn expire_artifacts() -> Scheduled {
    unscheduled(Reconciler {
        name: "expire_artifacts",
        interval: Duration::from_mins(10),
        topic: None,
        pass: |app| Box::pin(artifacts::expire_artifacts(app)),
    })
}

/// Caches that nobody uses make room.
fn evict_caches() -> Scheduled {
    unscheduled(Reconciler {
        name: "evict_caches",
        interval: Duration::from_mins(10),
        topic: None,
        pass: |app| Box::pin(caches::evict_caches(app)),
    })
}

/// What nobody refers to any more leaves the store.
fn sweep_blobs() -> Scheduled {
    unscheduled(Reconciler {
        name: "sweep_blobs",
        interval: Duration::from_mins(5),
        topic: None,
        pass: |app| Box::pin(storage::sweep_blobs(app)),
    })
}

/// GitHub shows what the jobs' rows say.
fn sync_reports() -> Scheduled {
    Scheduled {
        reconciler: reporting::SYNC_REPORTS,
        next_due: |app| Box::pin(reporting::next_report(app)),
    }
}

/// Finished events of the audit log join its chain.
fn seal_audit_events() -> Scheduled {
    unscheduled(Reconciler {
        name: "seal_audit_events",
        interval: Duration::from_mins(1),
        topic: Some(Topic::Audit),
        pass: |app| Box::pin(audit::seal_events(app)),
    })
}

/// What jobs had at GitHub ends with them.
fn revoke_tokens() -> Scheduled {
    unscheduled(Reconciler {
        name: "revoke_tokens",
        interval: Duration::from_secs(30),
        topic: Some(Topic::Outbox),
        pass: |app| Box::pin(github::revoke_tokens(app)),
    })
}
