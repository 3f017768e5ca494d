//! The background tasks: following the store, writing touches, ending sessions on time, and
//! cleaning up.

use std::{error::Error, future::Future, sync::Arc, time::Duration};

use tokio::{task::JoinHandle, time::sleep};

use crate::{Maintenance, clock::Stopwatch, dwell::Dwell, sessions::Sessions};

/// How often expired drafts and old tombstones are deleted.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(5);

/// How often [`Sessions::keep_time`] runs.
const KEEP_TIME_INTERVAL: Duration = Duration::from_secs(1);

/// How long to wait before shortening the limits of sessions is tried again after a failure.
const TIGHTEN_RETRY: Duration = Duration::from_secs(1);

/// When a round finds more to do than it does at a time, it pauses for this many times as long as
/// it took, so that others can use the store. The factor decreases by one with each such round,
/// down to one, so that many sessions that end at the same instant are soon written.
const MAX_PAUSE_FACTOR: u32 = 9;

/// The background tasks of a [`Dwell`]. Dropping this ends them; [`stop`](Self::stop) ends them and
/// also writes the touches that have not been written yet.
#[derive(Debug)]
#[must_use = "dropping it ends the tasks"]
pub struct Background {
    sessions: Arc<Sessions>,
    tasks: Vec<JoinHandle<()>>,
}

impl Background {
    pub(crate) fn spawn(dwell: &Dwell) -> Self {
        let sessions = Arc::clone(dwell.sessions());
        #[cfg_attr(
            not(feature = "drafts"),
            expect(unused_mut, reason = "only drafts add a task")
        )]
        let mut tasks = session_tasks(&sessions);
        #[cfg(feature = "drafts")]
        if let Some(drafts) = dwell.drafts() {
            let drafts = drafts.clone();
            tasks.push(repeat(
                CLEANUP_INTERVAL,
                "expired drafts could not be deleted",
                move || {
                    let drafts = drafts.clone();
                    async move { drafts.sweep().await }
                },
            ));
        }
        Self { sessions, tasks }
    }

    /// Ends the tasks and writes the touches that have not been written yet. Call it once no more
    /// requests are served. An error of the store is logged.
    pub async fn stop(self) {
        self.abort();
        if let Err(error) = self.sessions.write_all().await {
            tracing::error!(
                error = &error as &dyn Error,
                "the last touches could not be written to the session store"
            );
        }
    }

    fn abort(&self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.abort();
    }
}

fn session_tasks(sessions: &Arc<Sessions>) -> Vec<JoinHandle<()>> {
    let [follow, tighten, keep_time, maintain, cleanup] = [(); 5].map(|()| Arc::clone(sessions));
    vec![
        tokio::spawn(async move {
            follow.follow().await;
        }),
        tokio::spawn(async move {
            while let Err(error) = tighten.tighten().await {
                tracing::error!(
                    error = &error as &dyn Error,
                    "the limits of sessions could not be shortened to those of the policy"
                );
                sleep(TIGHTEN_RETRY).await;
            }
        }),
        repeat(
            KEEP_TIME_INTERVAL,
            "the time of the session store could not be written down",
            move || {
                let sessions = Arc::clone(&keep_time);
                async move { sessions.keep_time().await }
            },
        ),
        repeat(
            sessions.policy().maintenance_interval(),
            "maintenance of the sessions failed",
            move || {
                let sessions = Arc::clone(&maintain);
                async move { sessions.maintain().await }
            },
        ),
        repeat(
            CLEANUP_INTERVAL,
            "the records of sessions that ended long ago could not be deleted",
            move || {
                let sessions = Arc::clone(&cleanup);
                async move { sessions.forget_tombstones().await }
            },
        ),
    ]
}

/// Spawns a task that runs `round` again and again, and that waits for `interval` after each round.
/// After a round that has returned [`Maintenance::MoreToDo`], the pause is shorter.
///
/// The task does not end if a round fails. It logs the message `failure` for the first of several
/// failures in a row.
///
/// # Panics
///
/// This is called outside of a Tokio runtime.
pub fn repeat<Round, Failure>(
    interval: Duration,
    failure: &'static str,
    round: impl Fn() -> Round + Send + 'static,
) -> JoinHandle<()>
where
    Round: Future<Output = Result<Maintenance, Failure>> + Send,
    Failure: Error + Send + 'static,
{
    tokio::spawn(async move {
        let mut has_failed = false;
        let mut pause_factor = MAX_PAUSE_FACTOR;
        loop {
            let stopwatch = Stopwatch::start();
            let round = round().await;
            let pause = match &round {
                Ok(Maintenance::MoreToDo) => {
                    let pause = stopwatch.elapsed() * pause_factor;
                    pause_factor = pause_factor.saturating_sub(1).max(1);
                    pause.min(interval)
                }
                Ok(Maintenance::Done) => {
                    pause_factor = MAX_PAUSE_FACTOR;
                    interval
                }
                Err(error) => {
                    if !has_failed {
                        tracing::error!(error = error as &dyn Error, "{failure}");
                    }
                    interval
                }
            };
            has_failed = round.is_err();
            sleep(pause).await;
        }
    })
}
