//! How a store tells every node of the sessions that have ended, on whichever node.

use std::{collections::HashSet, time::Duration};

use async_trait::async_trait;
use dwell_session::Instant;
use tokio::time::{sleep, timeout};

use super::{Listener, Store, StoreError, listener::BEAT_INTERVAL};

/// How long it waits to hear itself, or to begin to listen, before it listens anew.
pub(super) const LISTEN_TIMEOUT: Duration = Duration::from_secs(5);

/// How many sessions the store is asked about at a time.
const ASKED_AT_A_TIME: usize = 500;

/// On which every node hears everything that any node tells, in one order.
#[async_trait]
pub(super) trait Channel: Send {
    /// Tells `text`, and makes sure that the store's time does not come back.
    async fn tell(&mut self, text: String) -> Result<Time, StoreError>;

    /// Waits for what is told next. Nothing is lost where the wait is given up.
    async fn hear(&mut self) -> Result<String, StoreError>;
}

/// What a store's clock shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    pub now: Instant,
    /// By how much it was found to have been set back.
    pub set_back: Duration,
}

/// Tells `listener` of every end until that fails.
///
/// A node that hears what it has told itself has heard everything that was told before.
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
                heard = channel.hear() => match heard {
                    Ok(text) => pass_on(&text, listener),
                    Err(error) => return error,
                },
            }
        }
    }
}

/// Logs that the store's clock has been set back by `set_back`, unless that is nothing.
pub(super) fn warn_of_set_back(set_back: Duration) {
    if !set_back.is_zero() {
        tracing::warn!(
            event = "clock_stepped_back",
            set_back_ms = set_back.as_millis(),
            "the session store's clock has been set back: its time goes on from where it was"
        );
    }
}

async fn catch_up(
    channel: &mut dyn Channel,
    listener: &dyn Listener,
) -> Result<Instant, StoreError> {
    let beat = format!("beat {:032x}", rand::random::<u128>());
    let Time { now, set_back } = channel.tell(beat.clone()).await?;
    warn_of_set_back(set_back);
    loop {
        let heard = channel.hear().await?;
        if heard == beat {
            return Ok(now);
        }
        pass_on(&heard, listener);
    }
}

/// Asks `store`, at `asked_at` or later, about the sessions that have been served without asking it.
/// Nobody tells what an operator does to the engine by hand.
async fn confirm_served(
    store: &dyn Store,
    listener: &dyn Listener,
    asked_at: Instant,
) -> Result<(), StoreError> {
    for served in listener.take_served().chunks(ASKED_AT_A_TIME) {
        let live = store.live_among(served).await?;
        listener.confirm(&live, asked_at);
        let live: HashSet<_> = live.into_iter().collect();
        for key in served.iter().filter(|key| !live.contains(key)) {
            listener.ended(*key);
        }
    }
    Ok(())
}

/// Passes over the beats of other nodes.
fn pass_on(text: &str, listener: &dyn Listener) {
    if let Ok(key) = text.parse() {
        listener.ended(key);
    }
}
