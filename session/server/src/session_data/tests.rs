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

struct Fixture {
    clock: Arc<ManualClock>,
    store: Arc<dyn Store>,
    data: Arc<SessionData>,
    _directory: TempDir,
}

impl Fixture {
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
    let fixture = Fixture::new().await;
    let unknown = SessionId::default();
    assert!(fixture.data.save(&record(unknown)).await.is_err());
    assert!(fixture.data.create(&mut record(unknown)).await.is_err());
    assert!(matches!(
        fixture.presence(&unknown).await,
        Presence::Unknown
    ));
    assert_eq!(fixture.store.count().await.unwrap(), 0);
}

// C2
#[tokio::test]
async fn saving_and_loading_do_not_revive_an_ended_session() {
    let fixture = Fixture::new().await;
    for reason in [
        EndReason::SignedOut,
        EndReason::Revoked,
        EndReason::IdleTimeout,
    ] {
        let id = fixture.session().await;
        let key = SessionKey::of(&id);
        fixture.data.save(&record(id)).await.unwrap();
        assert!(fixture.data.load(&id).await.unwrap().is_some());
        match reason {
            EndReason::IdleTimeout => {
                fixture.clock.advance(IDLE);
                fixture.store.expire(key).await.unwrap().unwrap();
            }
            _ => assert!(fixture.store.end(key, reason).await.unwrap()),
        }

        assert!(fixture.data.save(&record(id)).await.is_err());
        assert!(fixture.data.load(&id).await.unwrap().is_none());
        fixture.data.delete(&id).await.unwrap();
        let Presence::Ended(tombstone) = fixture.presence(&id).await else {
            panic!("a session that has ended leaves a tombstone");
        };
        assert_eq!(tombstone.reason, reason);
    }
}

// A2, A8
#[tokio::test]
async fn the_expiry_of_tower_sessions_does_not_move_the_deadline() {
    let fixture = Fixture::new().await;
    let id = fixture.session().await;
    let mut saved = fixture.data.load(&id).await.unwrap().unwrap();
    saved.expiry_date += time::Duration::days(365);
    fixture.data.save(&saved).await.unwrap();
    fixture.clock.advance(IDLE);
    assert!(fixture.data.load(&id).await.unwrap().is_none());
}

// C2
#[tokio::test]
async fn deleting_ends_the_session_and_leaves_a_tombstone() {
    let fixture = Fixture::new().await;
    let id = fixture.session().await;
    fixture.data.delete(&id).await.unwrap();
    let presence = fixture.presence(&id).await;
    assert!(matches!(
        presence,
        Presence::Ended(Tombstone {
            reason: EndReason::SignedOut,
            ..
        })
    ));
}

#[tokio::test]
async fn data_over_the_limit_is_refused_and_changes_nothing() {
    let fixture = Fixture::new().await;
    let id = fixture.session().await;
    let mut data_record = record(id);
    fixture.data.save(&data_record).await.unwrap();
    data_record.data = [("text".to_owned(), json!("x".repeat(LONGEST_DATA)))].into();
    let error = fixture.data.save(&data_record).await.unwrap_err();
    assert!(error.to_string().contains("at most"), "{error}");
    let kept = fixture.data.load(&id).await.unwrap().unwrap();
    assert_eq!(kept.data, record(id).data);
}

// B8, D3
#[tokio::test]
async fn cycling_the_id_ends_the_session_and_begins_none() {
    let fixture = Fixture::new().await;
    let id = fixture.session().await;
    let data = Session::new(Some(id), fixture.data.clone(), None);
    data.insert("theme", "dark").await.unwrap();
    data.save().await.unwrap();
    data.cycle_id().await.unwrap();
    let error = data.save().await.unwrap_err();
    assert!(error.to_string().contains("signing in"), "{error}");
    assert_eq!(fixture.store.count().await.unwrap(), 0);
}
