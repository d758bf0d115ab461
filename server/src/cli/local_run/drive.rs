//! The run while it runs: the runner, what it talks to, the screen, and the person at the terminal.
//!
//! Decides nothing. Invariant: the runner is told to stop and has stopped before this ends, so that
//! no container outlives the command.

use std::io::{IsTerminal, Write as _};
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use gantry_protocol::Conclusion;
use gantry_runner::RunnerConfig;
use gantry_workflow::advance::Review;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::coordinator::News;
use super::endpoint::{self, Shared};
use super::screen::Screen;
use crate::cli::output;

/// Runs everything on the engine of `config`; gives how the run ended.
pub(super) async fn drive(
    shared: Arc<Shared>,
    listener: TcpListener,
    config: RunnerConfig,
) -> anyhow::Result<Conclusion> {
    let shutdown = CancellationToken::new();
    let router = endpoint::router(Arc::clone(&shared));
    let serving = async { axum::serve(listener, router).await.context("talking to the runner") };
    let running = gantry_runner::run(config, shutdown.clone());
    let shown = async {
        let conclusion = show(&shared).await;
        shutdown.cancel();
        conclusion
    };
    tokio::pin!(serving, running, shown);
    let conclusion = tokio::select! {
        conclusion = &mut shown => conclusion?,
        ended = &mut running => {
            ended?;
            anyhow::bail!("the runner ended before the run did")
        }
        ended = &mut serving => {
            ended?;
            anyhow::bail!("nobody answers the runner any more")
        }
    };
    // Answered until the runner has removed what its jobs left.
    tokio::select! {
        ended = &mut running => ended?,
        ended = &mut serving => ended?,
    }
    Ok(conclusion)
}

/// Tells what happens until the run is over, and takes the person's answers.
async fn show(shared: &Arc<Shared>) -> anyhow::Result<Conclusion> {
    let mut changed = shared.subscribe();
    let mut screen = Screen::new(std::io::stdout().is_terminal());
    let mut interrupts = Interrupts::listen()?;
    // What can be decided before a runner has done anything.
    shared.change(|_| ());
    loop {
        changed.mark_unchanged();
        let (news, conclusion, next_look) = {
            let mut run = shared.lock();
            (run.take_news(), run.conclusion, run.next_look(Utc::now()))
        };
        for news in &news {
            for line in screen.lines(news) {
                output::line(line)?;
            }
            if let News::ReviewWanted { environment } = news {
                review(shared, environment.clone());
            }
        }
        if let Some(conclusion) = conclusion {
            return Ok(conclusion);
        }
        tokio::select! {
            _ = changed.changed() => {}
            () = until(next_look) => shared.change(|_| ()),
            () = interrupts.next() => interrupt(shared, interrupts.count)?,
        }
    }
}

async fn until(time: Option<DateTime<Utc>>) {
    match time {
        Some(time) => {
            let left = (time - Utc::now()).to_std().unwrap_or_default();
            tokio::time::sleep(left).await;
        }
        None => std::future::pending().await,
    }
}

/// Ctrl-C, and how often it was pressed.
struct Interrupts {
    signals: Signal,
    count: u32,
}

impl Interrupts {
    fn listen() -> anyhow::Result<Self> {
        let signals = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
        Ok(Self { signals, count: 0 })
    }

    async fn next(&mut self) {
        if self.signals.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        self.count += 1;
    }
}

/// The first cancels as on a server; the second does not wait for `always()`.
fn interrupt(shared: &Shared, count: u32) -> anyhow::Result<()> {
    if count > 1 {
        anyhow::bail!("stopped; what was running is removed by the next `gantry run`");
    }
    output::line("Cancelling; press Ctrl-C again to stop at once.")?;
    shared.change(|run| run.cancel("it was interrupted at the terminal"));
    Ok(())
}

/// Asks at the terminal, beside everything else that happens.
fn review(shared: &Arc<Shared>, environment: String) {
    let shared = Arc::clone(shared);
    // A thread of its own: a read of the terminal cannot be given up, and the program's end does not
    // wait for it.
    std::thread::spawn(move || {
        // One question at a time, and none that an answer before has settled.
        let _terminal = shared.terminal.lock();
        if !shared.lock().waits_for(&environment) {
            return;
        }
        let answer = match ask(&environment) {
            true => Review::Approved,
            false => Review::Rejected,
        };
        shared.change(|run| run.review(&environment, answer));
    });
}

fn ask(environment: &str) -> bool {
    let mut terminal = std::io::stderr();
    if !std::io::stdin().is_terminal() {
        // Nowhere to report a broken standard error to.
        drop(writeln!(
            terminal,
            "A deployment to `{environment}` waits for an approval, and there is no terminal to ask \
             at: it is rejected. `--approve` approves."
        ));
        return false;
    }
    loop {
        drop(write!(terminal, "Approve the deployment to `{environment}`? [y/n] "));
        let mut line = String::new();
        match std::io::stdin().read_line(&mut line) {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" => return true,
            "n" | "no" => return false,
            _ => {}
        }
    }
}
