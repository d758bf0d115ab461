//! What reaches a job from outside while it runs.

use gantry_protocol::CancelRequest;
use tokio::sync::watch;

/// The newest news; written by the keeper of the lease.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signals {
    pub(crate) cancel: Option<CancelRequest>,
    /// Also what survives a cancellation must end.
    pub(crate) at_once: bool,
    /// The job is not ours any more, for this reason.
    pub(crate) lost: Option<String>,
}

/// Returns when the job has been cancelled.
pub(crate) async fn cancelled(signals: &watch::Receiver<Signals>) -> CancelRequest {
    let mut signals = signals.clone();
    loop {
        if let Ok(news) = signals.wait_for(|news| news.cancel.is_some()).await
            && let Some(cancel) = &news.cancel
        {
            return cancel.clone();
        }
        // The keeper is gone; nobody can cancel any more.
        std::future::pending::<()>().await;
    }
}

/// Returns when also what survives a cancellation must end.
pub(crate) async fn told_at_once(signals: &watch::Receiver<Signals>) {
    if signals.clone().wait_for(|news| news.at_once).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Returns when the lease has been lost.
pub(crate) async fn lost(signals: &watch::Receiver<Signals>) -> String {
    let mut signals = signals.clone();
    loop {
        if let Ok(news) = signals.wait_for(|news| news.lost.is_some()).await
            && let Some(reason) = &news.lost
        {
            return reason.clone();
        }
        std::future::pending::<()>().await;
    }
}
