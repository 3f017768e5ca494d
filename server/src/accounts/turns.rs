//! Fair turns: those who come in crowds wait for each other, and not the others for them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

use super::attempts::Line;

/// How long anybody waits for their turn.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How many wait at most.
const MOST_WAITING: usize = 1_000;

/// As many turns at a time as there are, given to one line after the other.
#[derive(Debug)]
pub(super) struct Turns(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    waiting: usize,
    /// The line at the front is next. None is empty.
    lines: VecDeque<(Line, VecDeque<oneshot::Sender<Turn>>)>,
}

/// Somebody's turn, until this is dropped.
#[derive(Debug)]
pub(super) struct Turn(Option<Arc<Turns>>);

/// It is not one's turn in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many people are signing in")]
pub struct Busy;

impl Turns {
    pub(super) fn new(at_once: usize) -> Self {
        Self(Mutex::new(State {
            free: at_once,
            waiting: 0,
            lines: VecDeque::new(),
        }))
    }

    /// Waits for a turn.
    pub(super) async fn take(self: &Arc<Self>, line: Line) -> Result<Turn, Busy> {
        let Some(waiting) = self.stand_in(line)? else {
            return Ok(Turn(Some(Arc::clone(self))));
        };
        let turn = timeout(LONGEST_WAIT, waiting).await.map_err(|_| Busy)?;
        turn.map_err(|_| Busy)
    }

    /// Nothing where there is a turn at once.
    fn stand_in(&self, line: Line) -> Result<Option<oneshot::Receiver<Turn>>, Busy> {
        let mut state = self.state();
        if state.free > 0 {
            state.free -= 1;
            return Ok(None);
        }
        if state.waiting == MOST_WAITING {
            return Err(Busy);
        }
        state.waiting += 1;
        let (give, given) = oneshot::channel();
        match state.lines.iter_mut().find(|(other, _)| *other == line) {
            Some((_, people)) => people.push_back(give),
            None => state.lines.push_back((line, VecDeque::from([give]))),
        }
        Ok(Some(given))
    }

    /// Gives a turn that is over to whoever is next and still waits.
    fn pass_on(self: Arc<Self>) {
        loop {
            let next = self.state().next();
            let Some(next) = next else {
                return;
            };
            match next.send(Turn(Some(Arc::clone(&self)))) {
                Ok(()) => return,
                Err(mut refused) => refused.0 = None,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Where nobody waits, the turn is free.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let Some((line, mut people)) = self.lines.pop_front() else {
            self.free += 1;
            return None;
        };
        let next = people.pop_front();
        self.waiting -= 1;
        if !people.is_empty() {
            self.lines.push_back((line, people));
        }
        next
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            turns.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, future::join_all};

    use super::*;

    const CROWD: Line = Line::Network(Some(1));

    #[tokio::test]
    async fn a_crowd_does_not_keep_others_waiting() {
        let turns = Arc::new(Turns::new(1));
        let first = turns.take(CROWD).await.unwrap();
        let mut crowd: Vec<_> = (0..100).map(|_| Box::pin(turns.take(CROWD))).collect();
        for waiting in &mut crowd {
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        let mut alone = Box::pin(turns.take(Line::Network(Some(2))));
        assert!(alone.as_mut().now_or_never().is_none());
        drop(first);
        let second = crowd[0].as_mut().now_or_never().unwrap().unwrap();
        assert!(alone.as_mut().now_or_never().is_none());
        drop(second);
        assert!(alone.as_mut().now_or_never().unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_turn_that_nobody_waits_for_any_more_goes_to_the_next() {
        let turns = Arc::new(Turns::new(1));
        let first = turns.take(CROWD).await.unwrap();
        let mut gone = Box::pin(turns.take(CROWD));
        let mut there = Box::pin(turns.take(CROWD));
        assert!(gone.as_mut().now_or_never().is_none());
        assert!(there.as_mut().now_or_never().is_none());
        drop(gone);
        drop(first);
        drop(there.as_mut().now_or_never().unwrap());
        assert!(turns.take(CROWD).now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever_and_no_more_wait_than_may() {
        let turns = Arc::new(Turns::new(1));
        let _first = turns.take(CROWD).await.unwrap();
        let waiting = (0..=MOST_WAITING).map(|_| turns.take(CROWD));
        let waited = join_all(waiting).await;
        assert!(waited.iter().all(|turn| matches!(turn, Err(Busy))));
        assert_eq!(turns.state().waiting, MOST_WAITING);
    }
}
