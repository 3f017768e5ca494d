//! A clock that blocks a request at the point that matters.

use std::{
    fmt,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use dwell::Instant;
use dwell::clock::{Clock, ManualClock};
use tokio::sync::Notify;

/// A clock that can block the thread which has just read it.
pub struct HeldClock {
    clock: Arc<ManualClock>,
    holds_next: AtomicBool,
    is_held: Notify,
    is_released: (Mutex<bool>, Condvar),
}

impl HeldClock {
    pub fn over(clock: Arc<ManualClock>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            holds_next: AtomicBool::new(false),
            is_held: Notify::new(),
            is_released: (Mutex::new(false), Condvar::new()),
        })
    }

    /// The next thread that reads the clock gets the time, and is then blocked until the result is
    /// dropped.
    pub fn hold_next(&self) -> BlockedReader<'_> {
        *self.is_released.0.lock().unwrap() = false;
        self.holds_next.store(true, SeqCst);
        BlockedReader(self)
    }
}

/// Blocks one reader of the clock until it is dropped, also by a test that fails.
pub struct BlockedReader<'a>(&'a HeldClock);

impl BlockedReader<'_> {
    /// Waits until a reader is blocked.
    pub async fn wait_until_blocked(&self) {
        self.0.is_held.notified().await;
    }
}

impl Drop for BlockedReader<'_> {
    fn drop(&mut self) {
        *self.0.is_released.0.lock().unwrap() = true;
        self.0.is_released.1.notify_all();
    }
}

impl fmt::Debug for HeldClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeldClock")
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Instant {
        let now = self.clock.now();
        if self.holds_next.swap(false, SeqCst) {
            self.is_held.notify_one();
            let (lock, changed) = &self.is_released;
            let released = lock.lock().unwrap();
            drop(changed.wait_while(released, |released| !*released));
        }
        now
    }
}
