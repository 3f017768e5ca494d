//! What is done beside the requests.

use std::{error::Error, future::Future, sync::Arc, time::Duration};

use tokio::{task::JoinHandle, time::sleep};

use crate::{Maintenance, clock::Stopwatch, dwell::Dwell, sessions::Sessions};

/// How often what nobody will ask for any more is deleted.
const TIDYING_INTERVAL: Duration = Duration::from_secs(5);

/// How often the store's time is kept.
const TIME_INTERVAL: Duration = Duration::from_secs(1);

/// How long until the sessions' limits are shortened again where that has failed.
const TIGHTEN_AGAIN: Duration = Duration::from_secs(1);

/// How much longer than maintenance everybody else has the store, when there begins to be more to do
/// than is done at a time. It is one less each time, down to as long, so that sessions that end at the
/// same instant are soon written down.
const SHARE_OF_OTHERS: u32 = 9;

/// The tasks that keep sessions in order. They end when this is dropped; [`stop`](Self::stop) also
/// writes what is yet to be written.
#[derive(Debug)]
#[must_use = "the tasks end when it is dropped"]
pub struct Background {
    sessions: Arc<Sessions>,
    tasks: Vec<JoinHandle<()>>,
}

impl Background {
    pub(crate) fn spawn(dwell: &Dwell) -> Self {
        let sessions = Arc::clone(dwell.sessions());
        #[cfg_attr(
            not(feature = "drafts"),
            expect(unused_mut, reason = "nothing is added")
        )]
        let mut tasks = tasks_of_sessions(&sessions);
        #[cfg(feature = "drafts")]
        if let Some(drafts) = dwell.drafts() {
            let drafts = drafts.clone();
            tasks.push(repeat(
                TIDYING_INTERVAL,
                "expired drafts could not be deleted",
                move || {
                    let drafts = drafts.clone();
                    async move { drafts.sweep().await }
                },
            ));
        }
        Self { sessions, tasks }
    }

    /// Ends the tasks, and writes the touches that are yet to be written. To be called once no request
    /// is served any more.
    pub async fn stop(self) {
        self.abort();
        if let Err(error) = self.sessions.write_all().await {
            tracing::error!(
                error = &error as &dyn Error,
                "the last touches could not be written"
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

fn tasks_of_sessions(sessions: &Arc<Sessions>) -> Vec<JoinHandle<()>> {
    let [following, tightened, timely, current, old] = [(); 5].map(|()| Arc::clone(sessions));
    vec![
        tokio::spawn(async move {
            following.follow().await;
        }),
        tokio::spawn(async move {
            while let Err(error) = tightened.tighten().await {
                tracing::error!(
                    error = &error as &dyn Error,
                    "the limits of sessions could not be shortened"
                );
                sleep(TIGHTEN_AGAIN).await;
            }
        }),
        repeat(
            TIME_INTERVAL,
            "the sessions' time could not be kept",
            move || {
                let sessions = Arc::clone(&timely);
                async move { sessions.keep_time().await }
            },
        ),
        repeat(
            sessions.policy().maintenance_interval(),
            "maintenance of the sessions failed",
            move || {
                let sessions = Arc::clone(&current);
                async move { sessions.maintain().await }
            },
        ),
        repeat(
            TIDYING_INTERVAL,
            "old tombstones could not be deleted",
            move || {
                let sessions = Arc::clone(&old);
                async move { sessions.forget_tombstones().await }
            },
        ),
    ]
}

/// Does `round` again and again, and leaves the store to others in between. It goes on through
/// failures, of which the first of several in a row is logged: the next round tries again.
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
        let mut share = SHARE_OF_OTHERS;
        loop {
            let stopwatch = Stopwatch::start();
            let round = round().await;
            let pause = match &round {
                Ok(Maintenance::MoreToDo) => {
                    let pause = stopwatch.elapsed() * share;
                    share = share.saturating_sub(1).max(1);
                    pause.min(interval)
                }
                Ok(Maintenance::Done) => {
                    share = SHARE_OF_OTHERS;
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
