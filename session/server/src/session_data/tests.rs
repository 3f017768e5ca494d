use std::time::Duration;

use dwell_session::Instant;
use serde_json::json;
use tempfile::TempDir;
use tower_sessions::Session;

use super::*;
use crate::{
    Connections,
    clock::ManualClock,
    sqlite::Database,
    store::{Data, NewSession, Origin, Presence, SessionId, SessionLimits, SqliteStore, Tombstone},
};

const IDLE: Duration = Duration::from_secs(60);

struct Bench {
    clock: Arc<ManualClock>,
    store: Arc<dyn Store>,
    data: Arc<SessionData>,
    _directory: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("sessions.db");
        let database = Database::open(file, Connections::default()).await.unwrap();
        database.migrate().await.unwrap();
        let clock = Arc::new(ManualClock::at(Instant::from_millis(1_700_000_000_000)));
        let store: Arc<dyn Store> = Arc::new(SqliteStore::new(database, clock.clone()));
        Self {
            clock,
            data: Arc::new(SessionData::new(Arc::clone(&store))),
            store,
            _directory: directory,
        }
    }

    async fn session(&self) -> SessionId {
        let id = SessionId::default();
        let session = NewSession {
            key: SessionKey::of(&id),
            person: 1.into(),
            generation: dwell_session::Generation::from_random(rand::random()),
            limits: SessionLimits {
                idle: IDLE,
                absolute: 10 * IDLE,
            },
            authenticated_ago: Duration::ZERO,
            credential: None,
            provider: None,
            origin: Origin::default(),
            data: Data::new(),
        };
        self.store.create(session).await.unwrap();
        id
    }

    async fn presence(&self, id: &SessionId) -> Presence {
        self.store.find(SessionKey::of(id)).await.unwrap().presence
    }
}

fn record(id: SessionId) -> Record {
    Record {
        id,
        data: [("draft".to_owned(), json!("late"))].into(),
        expiry_date: OffsetDateTime::UNIX_EPOCH,
    }
}

// B8, C2
#[tokio::test]
async fn neither_saving_nor_creating_begins_a_session() {
    let bench = Bench::new().await;
    let invented = SessionId::default();
    assert!(bench.data.save(&record(invented)).await.is_err());
    assert!(bench.data.create(&mut record(invented)).await.is_err());
    assert!(matches!(bench.presence(&invented).await, Presence::Unknown));
    assert_eq!(bench.store.count().await.unwrap(), 0);
}

// C2
#[tokio::test]
async fn saving_and_loading_an_ended_session_revives_nothing() {
    let bench = Bench::new().await;
    for reason in [
        EndReason::SignedOut,
        EndReason::Revoked,
        EndReason::IdleTimeout,
    ] {
        let id = bench.session().await;
        let key = SessionKey::of(&id);
        bench.data.save(&record(id)).await.unwrap();
        assert!(bench.data.load(&id).await.unwrap().is_some());
        match reason {
            EndReason::IdleTimeout => {
                bench.clock.advance(IDLE);
                bench.store.expire(key).await.unwrap().unwrap();
            }
            _ => assert!(bench.store.end(key, reason).await.unwrap()),
        }

        assert!(bench.data.save(&record(id)).await.is_err());
        assert!(bench.data.load(&id).await.unwrap().is_none());
        bench.data.delete(&id).await.unwrap();
        let Presence::Ended(tombstone) = bench.presence(&id).await else {
            panic!("a session that has ended leaves a tombstone");
        };
        assert_eq!(tombstone.reason, reason);
    }
}

// A2, A8
#[tokio::test]
async fn the_expiry_of_the_library_moves_no_deadline() {
    let bench = Bench::new().await;
    let id = bench.session().await;
    let mut saved = bench.data.load(&id).await.unwrap().unwrap();
    saved.expiry_date += time::Duration::days(365);
    bench.data.save(&saved).await.unwrap();
    bench.clock.advance(IDLE);
    assert!(bench.data.load(&id).await.unwrap().is_none());
}

// C2
#[tokio::test]
async fn deleting_ends_the_session_and_leaves_a_tombstone() {
    let bench = Bench::new().await;
    let id = bench.session().await;
    bench.data.delete(&id).await.unwrap();
    let presence = bench.presence(&id).await;
    assert!(matches!(
        presence,
        Presence::Ended(Tombstone {
            reason: EndReason::SignedOut,
            ..
        })
    ));
}

#[tokio::test]
async fn data_has_a_limit_and_what_is_too_much_changes_nothing() {
    let bench = Bench::new().await;
    let id = bench.session().await;
    let mut most = record(id);
    bench.data.save(&most).await.unwrap();
    most.data = [("text".to_owned(), json!("x".repeat(LONGEST_DATA)))].into();
    let error = bench.data.save(&most).await.unwrap_err();
    assert!(error.to_string().contains("at most"), "{error}");
    let kept = bench.data.load(&id).await.unwrap().unwrap();
    assert_eq!(kept.data, record(id).data);
}

// B8, D3
#[tokio::test]
async fn a_handler_that_wants_another_id_ends_the_session_and_begins_none() {
    let bench = Bench::new().await;
    let id = bench.session().await;
    let data = Session::new(Some(id), bench.data.clone(), None);
    data.insert("theme", "dark").await.unwrap();
    data.save().await.unwrap();
    data.cycle_id().await.unwrap();
    let error = data.save().await.unwrap_err();
    assert!(error.to_string().contains("signing in"), "{error}");
    assert_eq!(bench.store.count().await.unwrap(), 0);
}
