//! A semaphore that serves one queue after the other, so that a client with many requests delays
//! its own requests and not those of others.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

use super::attempts::QueueKey;

/// How long a caller waits for a permit.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// How many callers may wait at a time.
const MAX_WAITING: usize = 1_000;

/// A fixed number of permits, which the queues receive in turn.
#[derive(Debug)]
pub(super) struct FairSemaphore(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    waiting: usize,
    /// The queue at the front is served next. No queue is empty.
    queues: VecDeque<(QueueKey, VecDeque<oneshot::Sender<Permit>>)>,
}

/// A permit, which is released when it is dropped.
#[derive(Debug)]
pub(super) struct Permit(Option<Arc<FairSemaphore>>);

/// No permit was released in time, or too many callers are waiting already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many people are signing in")]
pub struct Busy;

impl FairSemaphore {
    pub(super) fn new(permits: usize) -> Self {
        Self(Mutex::new(State {
            free: permits,
            waiting: 0,
            queues: VecDeque::new(),
        }))
    }

    /// Waits for a permit.
    pub(super) async fn acquire(self: &Arc<Self>, queue: QueueKey) -> Result<Permit, Busy> {
        let Some(released) = self.enqueue(queue)? else {
            return Ok(Permit(Some(Arc::clone(self))));
        };
        let permit = timeout(MAX_WAIT, released).await.map_err(|_| Busy)?;
        permit.map_err(|_| Busy)
    }

    /// Takes a free permit and returns nothing, or else returns the channel on which a permit will
    /// arrive.
    fn enqueue(&self, queue: QueueKey) -> Result<Option<oneshot::Receiver<Permit>>, Busy> {
        let mut state = self.state();
        if state.free > 0 {
            state.free -= 1;
            return Ok(None);
        }
        if state.waiting == MAX_WAITING {
            return Err(Busy);
        }
        state.waiting += 1;
        let (sender, receiver) = oneshot::channel();
        match state.queues.iter_mut().find(|(other, _)| *other == queue) {
            Some((_, callers)) => callers.push_back(sender),
            None => state.queues.push_back((queue, VecDeque::from([sender]))),
        }
        Ok(Some(receiver))
    }

    /// Gives a released permit to the next caller that still waits.
    fn hand_over(self: Arc<Self>) {
        loop {
            let next = self.state().next();
            let Some(next) = next else {
                return;
            };
            match next.send(Permit(Some(Arc::clone(&self)))) {
                Ok(()) => return,
                Err(mut unclaimed) => unclaimed.0 = None,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The caller that is served next. If nobody waits, the permit becomes free.
    fn next(&mut self) -> Option<oneshot::Sender<Permit>> {
        let Some((queue, mut callers)) = self.queues.pop_front() else {
            self.free += 1;
            return None;
        };
        let next = callers.pop_front();
        self.waiting -= 1;
        if !callers.is_empty() {
            self.queues.push_back((queue, callers));
        }
        next
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(semaphore) = self.0.take() {
            semaphore.hand_over();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, future::join_all};

    use super::*;

    const CROWD: QueueKey = QueueKey::Network(Some(1));

    #[tokio::test]
    async fn a_long_queue_does_not_delay_the_others() {
        let semaphore = Arc::new(FairSemaphore::new(1));
        let first = semaphore.acquire(CROWD).await.unwrap();
        let mut crowd: Vec<_> = (0..100)
            .map(|_| Box::pin(semaphore.acquire(CROWD)))
            .collect();
        for waiting in &mut crowd {
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        let mut alone = Box::pin(semaphore.acquire(QueueKey::Network(Some(2))));
        assert!(alone.as_mut().now_or_never().is_none());
        drop(first);
        let second = crowd[0].as_mut().now_or_never().unwrap().unwrap();
        assert!(alone.as_mut().now_or_never().is_none());
        drop(second);
        assert!(alone.as_mut().now_or_never().unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_caller_that_no_longer_waits_is_skipped() {
        let semaphore = Arc::new(FairSemaphore::new(1));
        let first = semaphore.acquire(CROWD).await.unwrap();
        let mut gone = Box::pin(semaphore.acquire(CROWD));
        let mut there = Box::pin(semaphore.acquire(CROWD));
        assert!(gone.as_mut().now_or_never().is_none());
        assert!(there.as_mut().now_or_never().is_none());
        drop(gone);
        drop(first);
        drop(there.as_mut().now_or_never().unwrap());
        assert!(semaphore.acquire(CROWD).now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_has_a_time_limit_and_a_limit_on_the_number_of_callers() {
        let semaphore = Arc::new(FairSemaphore::new(1));
        let _first = semaphore.acquire(CROWD).await.unwrap();
        let waiting = (0..=MAX_WAITING).map(|_| semaphore.acquire(CROWD));
        let waited = join_all(waiting).await;
        assert!(waited.iter().all(|permit| matches!(permit, Err(Busy))));
        assert_eq!(semaphore.state().waiting, MAX_WAITING);
    }
}
