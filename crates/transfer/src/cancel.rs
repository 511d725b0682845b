//! A request to stop, that any part of a copy can wait for.

use tokio::sync::watch;

/// The side that waits. Clones wait for the same request.
#[derive(Debug, Clone)]
pub struct Cancel(watch::Receiver<bool>);

/// The side that asks. When it is dropped without asking, nobody will ever be stopped by it.
#[derive(Debug)]
pub struct Canceller(watch::Sender<bool>);

/// A connected pair.
#[must_use]
pub fn cancellation() -> (Canceller, Cancel) {
    let (sender, receiver) = watch::channel(false);
    (Canceller(sender), Cancel(receiver))
}

impl Canceller {
    /// Asks everybody to stop.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

impl Cancel {
    /// A request that never comes.
    #[must_use]
    pub fn never() -> Self {
        cancellation().1
    }

    /// Whether stopping was asked for.
    #[must_use]
    pub fn requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until stopping is asked for.
    pub async fn wait(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
