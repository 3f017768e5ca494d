//! The store as the session library sees it.

use dwell_server::store::{SessionId, SessionKey, TowerSessions};
use dwell_session::EndReason;
use serde_json::json;
use tower_sessions::{SessionStore as _, session::Record};

use crate::harness::TestApp;

fn record(id: SessionId) -> Record {
    Record {
        id,
        data: [("draft".to_owned(), json!("late"))].into(),
        expiry_date: time::OffsetDateTime::UNIX_EPOCH,
    }
}

const SESSIONS: &str = "select count(*) from sessions";
const LIVE: &str = "select count(*) from sessions where ended_at is null";

// C2
#[tokio::test]
async fn saving_never_inserts() {
    let app = TestApp::new().await;
    let view = TowerSessions::new(app.store.clone());
    let unknown = SessionId::default();
    assert!(view.save(&record(unknown)).await.is_err());
    assert_eq!(app.count(SESSIONS).await, 0);
}

// C2
#[tokio::test]
async fn saving_and_loading_an_ended_session_revives_nothing() {
    let app = TestApp::new().await;
    let view = TowerSessions::new(app.store.clone());
    for reason in [
        EndReason::SignedOut,
        EndReason::Revoked,
        EndReason::IdleTimeout,
    ] {
        let mut browser = app.in_session().await;
        let id = browser.id();
        assert!(view.load(&id).await.unwrap().is_some());
        match reason {
            EndReason::IdleTimeout => app.advance(app.policy.idle()),
            _ => assert!(app.end(id, reason).await),
        }

        assert!(view.save(&record(id)).await.is_err());
        assert!(view.load(&id).await.unwrap().is_none());
        view.delete(&id).await.unwrap();

        assert!(browser.ask_status().await.is_end(reason), "{reason}");
        let kept = "select count(*) from sessions where data like '%late%'";
        assert_eq!(app.count(kept).await, 0);
    }
}

// B8
#[tokio::test]
async fn no_session_begins_but_by_signing_in() {
    let app = TestApp::new().await;
    let view = TowerSessions::new(app.store.clone());
    let invented = SessionId::default();
    assert!(view.create(&mut record(invented)).await.is_err());
    assert_eq!(app.count(SESSIONS).await, 0);
    let mut browser = app.browser().with_id(invented);
    assert_eq!(browser.fetch("/workspace").await.status, 401);
}

// A2, A8: the expiry that the library computes has no say.
#[tokio::test]
async fn the_librarys_expiry_moves_no_deadline() {
    let app = TestApp::new().await;
    let view = TowerSessions::new(app.store.clone());
    let mut browser = app.in_session().await;
    let mut saved = view.load(&browser.id()).await.unwrap().unwrap();
    saved.expiry_date += time::Duration::days(365);
    view.save(&saved).await.unwrap();
    app.advance(app.policy.idle());
    assert!(browser.ask_status().await.is_end(EndReason::IdleTimeout));
}

// C2
#[tokio::test]
async fn deleting_ends_the_session_and_leaves_a_tombstone() {
    let app = TestApp::new().await;
    let view = TowerSessions::new(app.store.clone());
    let mut browser = app.in_session().await;
    view.delete(&browser.id()).await.unwrap();
    assert!(browser.ask_status().await.is_end(EndReason::SignedOut));
    assert_eq!(app.count(SESSIONS).await, 1);
    assert_eq!(app.count(LIVE).await, 0);
}

// D1
#[tokio::test]
async fn a_session_that_has_ended_is_not_rotated() {
    let app = TestApp::new().await;
    let browser = app.in_session().await;
    let old = SessionKey::of(&browser.id());
    app.end(browser.id(), EndReason::Revoked).await;
    let origin = dwell_server::store::Origin::default();
    let begun = app.sessions.begin(app.account, Some(old), origin).await;
    let mut anew = app.browser().with_id(begun.unwrap().id);
    assert_eq!(anew.ask_status().await.status, 200);
    let told = browser.clone().ask_status().await;
    assert!(told.is_end(EndReason::Revoked), "the first reason stays");
}
