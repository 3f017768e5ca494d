//! Every end against requests that are in flight, ten thousand times: none revived, none lost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use dwell::{
    EndReason, Instant, Policy,
    store::{Lookup, NewSession, SessionKey, Store},
};
use futures::{StreamExt as _, future::join_all, stream};
use tokio::{spawn, task::yield_now};

use crate::{Bench, LookupExt as _, new_session, sweep};

const ROUNDS: usize = 10_000;
/// How many are under way at a time.
const AT_ONCE: usize = 16;
/// How many expire in the same millisecond.
const BATCH: usize = 250;
const MS: Duration = Duration::from_millis(1);

/// What requests are told of one session, and that they are never told of a life after the end.
struct Watched {
    key: SessionKey,
    policy: Policy,
    was_end_told: AtomicBool,
    times_ended: AtomicUsize,
}

impl Watched {
    fn over(session: &NewSession, policy: Policy) -> Self {
        Self {
            key: session.key,
            policy,
            was_end_told: AtomicBool::new(false),
            times_ended: AtomicUsize::new(0),
        }
    }

    /// A request that ends the session.
    async fn end(&self, delay: usize, end: impl Future<Output = bool> + Send + 'static) {
        for _ in 0..delay {
            yield_now().await;
        }
        if spawn(end).await.unwrap() {
            self.times_ended.fetch_add(1, SeqCst);
        }
        self.was_end_told.store(true, SeqCst);
    }

    /// Requests, one after the other, that would like it to go on. Tells the last activity that
    /// was taken note of.
    async fn use_on(
        &self,
        store: &Arc<dyn Store>,
        at: Instant,
        session: &NewSession,
    ) -> Option<Instant> {
        let key = self.key;
        let touched = self.consistently(async {
            let touch = on(store, |store| async move { store.touch(key, at).await });
            self.judge(touch.await.unwrap())
        });
        let touched = touched.await;
        self.consistently(async {
            let data = session.data.clone();
            let set_data = on(
                store,
                |store| async move { store.set_data(key, &data).await },
            );
            set_data.await.unwrap().then_some(at)
        })
        .await;
        touched
    }

    /// Requests that only look.
    async fn look_on(&self, store: &Arc<dyn Store>) {
        let key = self.key;
        self.consistently(async {
            let find = on(store, |store| async move { store.find(key).await });
            self.judge(find.await.unwrap())
        })
        .await;
        self.consistently(async {
            let data = on(store, |store| async move { store.data(key).await });
            data.await.unwrap().map(|(_, deadline)| deadline)
        })
        .await;
    }

    fn judge(&self, lookup: Lookup) -> Option<Instant> {
        let now = lookup.now;
        if !lookup.is_found() {
            assert!(lookup.end_reason().is_some(), "lost: {lookup:?}");
            self.was_end_told.store(true, SeqCst);
            return None;
        }
        let lifetime = lookup.found().lifetime;
        let lives = lifetime.ended(&self.policy, now).is_none();
        lives.then(|| lifetime.last_active_at())
    }

    /// Who asks after the end was told is told the same.
    async fn consistently(&self, asked: impl Future<Output = Option<Instant>>) -> Option<Instant> {
        let was_told = self.was_end_told.load(SeqCst);
        let answer = asked.await;
        assert!(!(was_told && answer.is_some()), "revived");
        answer
    }
}

/// Runs an operation in a task of its own, so that operations meet on several threads also where
/// the store never waits for anything.
async fn on<Operation: Future<Output: Send> + Send + 'static>(
    store: &Arc<dyn Store>,
    operation: impl FnOnce(Arc<dyn Store>) -> Operation,
) -> Operation::Output {
    spawn(operation(Arc::clone(store))).await.unwrap()
}

/// Runs rounds side by side.
async fn rounds<Round: Future<Output = ()>>(round: impl Fn(usize) -> Round) {
    stream::iter(0..ROUNDS)
        .for_each_concurrent(AT_ONCE, round)
        .await;
}

pub(crate) async fn ten_thousand_sign_outs(bench: &Bench) {
    let person = &bench.person();
    let bystander = bench.session_of(person).await;
    rounds(|round| async move {
        let session = bench.session_of(person).await;
        bench.advance(MS).await;
        let at = bench.now();
        let (one, other) = (&bench.store, &bench.elsewhere);
        let watched = Watched::over(&session, bench.policy);
        let sign_out = |delay, store: &Arc<dyn Store>| {
            let store = store.clone();
            watched.end(delay, async move {
                store.end(session.key, EndReason::SignedOut).await.unwrap()
            })
        };
        tokio::join!(
            watched.use_on(one, at, &session),
            watched.look_on(other),
            sign_out(round % 8, &bench.elsewhere),
            sign_out(round % 5, &bench.store),
        );
        assert_eq!(watched.times_ended.load(SeqCst), 1, "it ends once");
        let told = one.touch(session.key, at).await.unwrap().end_reason();
        assert_eq!(told, Some(EndReason::SignedOut));
    })
    .await;
    assert_eq!(bench.listed(person).await, [bystander.key]);
    assert!(bench.is_live(&bystander).await);
}

pub(crate) async fn ten_thousand_rotations(bench: &Bench) {
    let person = &bench.person();
    rounds(|round| async move {
        let session = bench.session_of(person).await;
        bench.advance(MS).await;
        let at = bench.now();
        let (one, other) = (&bench.store, &bench.elsewhere);
        let watched = Watched::over(&session, bench.policy);
        let successors = [new_session(person), new_session(person)];
        let rotate = |delay, store: &Arc<dyn Store>, new: &NewSession| {
            let (store, new) = (store.clone(), new.clone());
            watched.end(delay, async move {
                store.rotate(session.key, new).await.unwrap().is_some()
            })
        };
        tokio::join!(
            watched.use_on(one, at, &session),
            watched.look_on(other),
            rotate(round % 8, &bench.elsewhere, &successors[0]),
            rotate(round % 5, &bench.store, &successors[1]),
        );
        assert_eq!(watched.times_ended.load(SeqCst), 1, "it is replaced once");
        let told = other.touch(session.key, at).await.unwrap().end_reason();
        assert_eq!(told, Some(EndReason::Replaced));
        let mut live = 0;
        for successor in &successors {
            let lookup = one.find(successor.key).await.unwrap();
            if lookup.is_found() {
                live += 1;
                assert!(
                    other
                        .end(successor.key, EndReason::SignedOut)
                        .await
                        .unwrap()
                );
            } else {
                assert!(lookup.is_unknown(), "{lookup:?}");
            }
        }
        assert_eq!(live, 1, "one of them takes its place");
    })
    .await;
    assert!(bench.listed(person).await.is_empty());
}

pub(crate) async fn ten_thousand_revocations(bench: &Bench) {
    let people: Vec<_> = (0..ROUNDS).map(|_| bench.person()).collect();
    let people = &people;
    rounds(|round| async move {
        let person = &people[round];
        let session = bench.session_of(person).await;
        let keep = bench.session_of(person).await;
        bench.advance(MS).await;
        let (one, other) = (&bench.store, &bench.elsewhere);
        let watched = Watched::over(&session, bench.policy);
        let kept = Watched::over(&keep, bench.policy);
        let at = bench.now();
        let revoke = |delay, store: &Arc<dyn Store>| {
            let (store, person) = (store.clone(), person.clone());
            watched.end(delay, async move {
                let reason = EndReason::Revoked;
                store.end_others(&person, keep.key, reason).await.unwrap() == [session.key]
            })
        };
        let (_, touched, (), (), ()) = tokio::join!(
            watched.use_on(one, at, &session),
            kept.use_on(other, at, &keep),
            watched.look_on(other),
            revoke(round % 8, &bench.elsewhere),
            revoke(round % 5, &bench.store),
        );
        assert_eq!(watched.times_ended.load(SeqCst), 1, "it is revoked once");
        let told = one.touch(session.key, at).await.unwrap().end_reason();
        assert_eq!(told, Some(EndReason::Revoked));
        assert_eq!(
            touched,
            Some(at),
            "the touch of the one that is kept is lost"
        );
        let lifetime = one.find(keep.key).await.unwrap().found().lifetime;
        assert_eq!(lifetime.last_active_at(), at);
    })
    .await;
}

/// In the last millisecond every session is touched from two nodes, while time passes and sweeps
/// run. Either a touch came in time, or the session has ended.
pub(crate) async fn ten_thousand_expiries(bench: &Bench) {
    let person = &bench.person();
    let mut ended = 0;
    for round in 0..ROUNDS / BATCH {
        let sessions = join_all((0..BATCH).map(|_| bench.session_of(person))).await;
        let began_at = bench.now();
        bench.advance(bench.policy.idle() - MS).await;
        let last = bench.now();
        let watched: Vec<_> = sessions
            .iter()
            .map(|session| Watched::over(session, bench.policy))
            .collect();
        let done = AtomicUsize::new(0);
        let requests = stream::iter(sessions.iter().zip(&watched)).for_each_concurrent(
            AT_ONCE,
            |(session, watched)| async {
                let (one, other) = (&bench.store, &bench.elsewhere);
                let (touched, touched_elsewhere, ()) = tokio::join!(
                    watched.use_on(one, last, session),
                    watched.use_on(other, last, session),
                    watched.look_on(other),
                );
                let touched = touched.or(touched_elsewhere);
                assert!(touched.is_none_or(|at| at == last), "{touched:?}");
                watched
                    .times_ended
                    .store(usize::from(touched.is_none()), SeqCst);
                done.fetch_add(1, SeqCst);
            },
        );
        let time = async {
            while done.load(SeqCst) < round * BATCH * BATCH / ROUNDS {
                yield_now().await;
            }
            bench.advance(MS).await;
            let sweeps = [&bench.store, &bench.elsewhere].map(sweep);
            join_all(sweeps).await;
        };
        tokio::join!(requests, time);
        sweep(&bench.store).await;
        for (session, watched) in sessions.iter().zip(&watched) {
            let lookup = bench.find(session.key).await;
            if watched.times_ended.load(SeqCst) == 0 {
                let lifetime = lookup.found().lifetime;
                assert_eq!(lifetime.last_active_at(), last, "a touch in time is lost");
            } else {
                assert_eq!(lookup.end_reason(), Some(EndReason::IdleTimeout));
                ended += 1;
            }
        }
        assert_eq!(bench.now(), began_at + bench.policy.idle());
        bench.advance(bench.policy.idle()).await;
        sweep(&bench.store).await;
        assert!(bench.listed(person).await.is_empty());
    }
    let some = ROUNDS / 20;
    assert!(
        (some..ROUNDS - some).contains(&ended),
        "that was no race: {ended}"
    );
}
