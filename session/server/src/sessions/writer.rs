//! Writes the touches that requests wait for. If there are several, they are written together.

use std::{
    collections::HashMap,
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use dwell_session::Instant;
use tokio::sync::{Mutex as AsyncMutex, oneshot};

use crate::store::{Lookup, SessionKey, Store, StoreError};

/// Writes touches in batches, one after the other. While one batch is being written, the next one
/// is collected, so that a thousand people who come back at the same time wait for two writes and
/// not for a thousand.
pub(super) struct Writer {
    store: Arc<dyn Store>,
    waiting: Mutex<Vec<WaitingTouch>>,
    writing: AsyncMutex<()>,
}

struct WaitingTouch {
    key: SessionKey,
    at: Instant,
    written: oneshot::Sender<Result<Written, Arc<StoreError>>>,
}

/// The result of writing a touch. The session may not have been live.
#[derive(Debug)]
pub(super) enum Written {
    /// The touch was written alone, and the store has returned what it knows about the session.
    Single(Lookup),
    /// The touch was written together with others.
    Batch,
}

impl Writer {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            waiting: Mutex::default(),
            writing: AsyncMutex::new(()),
        }
    }

    /// Writes a touch, even if the caller stops waiting for it.
    pub(super) async fn write(
        self: &Arc<Self>,
        key: SessionKey,
        at: Instant,
    ) -> Result<Written, StoreError> {
        let (written, is_written) = oneshot::channel();
        self.waiting().push(WaitingTouch { key, at, written });
        let writer = Arc::clone(self);
        tokio::spawn(async move { writer.write_waiting().await });
        let outcome = is_written.await.map_err(StoreError::new)?;
        outcome.map_err(StoreError::new)
    }

    /// Waits until the previous batch is written, and writes the touches that are waiting by then,
    /// if there are any.
    async fn write_waiting(&self) {
        let _writing = self.writing.lock().await;
        let batch = mem::take(&mut *self.waiting());
        match batch.as_slice() {
            [] => {}
            [WaitingTouch { key, at, .. }] => {
                let outcome = self.store.touch(*key, *at).await.map_err(Arc::new);
                for WaitingTouch { written, .. } in batch {
                    let _ = written.send(outcome.clone().map(Written::Single));
                }
            }
            many => {
                let mut latest = HashMap::new();
                for WaitingTouch { key, at, .. } in many {
                    let touch = latest.entry(*key).or_insert(*at);
                    *touch = (*touch).max(*at);
                }
                let touches: Vec<_> = latest.into_iter().collect();
                let outcome = self.store.touch_all(&touches).await.map_err(Arc::new);
                for WaitingTouch { written, .. } in batch {
                    // Sending fails if the request was cancelled.
                    let _ = written.send(outcome.clone().map(|_| Written::Batch));
                }
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<WaitingTouch>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}
