//! How a store that nodes share reports the sessions that have ended, on whichever node, to every
//! node.

use std::{collections::HashSet, time::Duration};

use async_trait::async_trait;
use dwell_session::Instant;
use tokio::time::{sleep, timeout};

use super::{Listener, Store, StoreError, listener::BEAT_INTERVAL};

/// How long a beat, or the beginning of listening, may take before the node begins to listen anew.
pub(super) const LISTEN_TIMEOUT: Duration = Duration::from_secs(5);

/// How many sessions the store is asked to confirm in one operation.
const CONFIRM_BATCH: usize = 500;

/// A channel on which every node receives all messages of all nodes, in the same order.
#[async_trait]
pub(super) trait Channel: Send {
    /// Publishes `text`, and makes sure that the time of the store does not go back. Returns that
    /// time.
    async fn publish(&mut self, text: String) -> Result<StoreTime, StoreError>;

    /// Waits for the next message. No message is lost if the caller stops waiting.
    async fn receive(&mut self) -> Result<String, StoreError>;
}

/// The time of a store.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoreTime {
    pub now: Instant,
    /// By how much the store's clock has been set back since the time was last written down.
    pub set_back: Duration,
}

/// Reports every end to `listener` until that fails.
///
/// Each beat publishes a message of its own: when the node receives that message, it has received
/// all messages that were published before.
pub(super) async fn follow(
    channel: &mut dyn Channel,
    store: &dyn Store,
    listener: &dyn Listener,
) -> StoreError {
    listener.begin();
    loop {
        let asked_at = listener.time();
        let beat = async {
            let now = catch_up(channel, listener).await?;
            confirm_served(store, listener, asked_at).await?;
            Ok(now)
        };
        match timeout(LISTEN_TIMEOUT, beat).await {
            Ok(Ok(now)) => listener.caught_up(asked_at, now),
            Ok(Err(error)) => return error,
            Err(error) => return StoreError::new(error),
        }
        let until = sleep(BEAT_INTERVAL);
        tokio::pin!(until);
        loop {
            tokio::select! {
                () = &mut until => break,
                message = channel.receive() => match message {
                    Ok(text) => report_end(&text, listener),
                    Err(error) => return error,
                },
            }
        }
    }
}

/// Logs that the store's clock has been set back by `set_back`, unless that is zero.
pub(super) fn warn_of_set_back(set_back: Duration) {
    if !set_back.is_zero() {
        tracing::warn!(
            event = "clock_stepped_back",
            set_back_ms = set_back.as_millis(),
            "the clock of the session store has been set back: its time continues from where it was"
        );
    }
}

async fn catch_up(
    channel: &mut dyn Channel,
    listener: &dyn Listener,
) -> Result<Instant, StoreError> {
    let beat = format!("beat {:032x}", rand::random::<u128>());
    let StoreTime { now, set_back } = channel.publish(beat.clone()).await?;
    warn_of_set_back(set_back);
    loop {
        let message = channel.receive().await?;
        if message == beat {
            return Ok(now);
        }
        report_end(&message, listener);
    }
}

/// Asks `store`, at `asked_at` or later, about the sessions that have been served without asking
/// it, because no message reports what an operator changes in the engine by hand.
async fn confirm_served(
    store: &dyn Store,
    listener: &dyn Listener,
    asked_at: Instant,
) -> Result<(), StoreError> {
    for served in listener.take_served().chunks(CONFIRM_BATCH) {
        let live = store.live_among(served).await?;
        listener.confirm(&live, asked_at);
        let live: HashSet<_> = live.into_iter().collect();
        for key in served.iter().filter(|key| !live.contains(key)) {
            listener.ended(*key);
        }
    }
    Ok(())
}

/// Reports an end to `listener`. Messages that are not the key of a session are the beats of other
/// nodes, and are ignored.
fn report_end(text: &str, listener: &dyn Listener) {
    if let Ok(key) = text.parse() {
        listener.ended(key);
    }
}
