//! What becomes of a form that is sent after the end of its session (`F3`).

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{
        Request, StatusCode,
        header::{CONTENT_TYPE, COOKIE, HeaderValue},
    },
    routing::post,
};
use dwell::{
    Connections, Dwell, PersonId, Policy, Preset,
    drafts::{DraftLimits, Drafts, SqliteDrafts},
    sqlite::Database,
    store::SqliteStore,
};
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::program::cookie_of;

struct Writing {
    dwell: Dwell,
    drafts: Drafts,
    router: Router,
    _directory: TempDir,
}

impl Writing {
    async fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("sessions.db");
        let database = Database::hold(file, Connections::default()).await.unwrap();
        database.migrate().await.unwrap();
        let store = SqliteStore::open(database.clone()).await.unwrap();
        let clock = dwell::store::Store::clock(&store).unwrap();
        let drafts = Arc::new(SqliteDrafts::new(database));
        let drafts = Drafts::new(drafts, clock, DraftLimits::default());
        let dwell = Dwell::builder(Policy::preset(Preset::PciDss))
            .store(store)
            .shared_drafts(drafts.clone())
            .build()
            .unwrap();
        let router = Router::new()
            .route("/invoices", post(StatusCode::NO_CONTENT))
            .route_layer(dwell.protect())
            .merge(dwell.routes())
            .layer(dwell.layer());
        Self {
            dwell,
            drafts,
            router,
            _directory: directory,
        }
    }

    async fn send(&self, cookie: &HeaderValue, form: &str) -> StatusCode {
        let request = Request::post("/invoices")
            .header(COOKIE, cookie)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(form.to_owned()))
            .unwrap();
        self.router.clone().oneshot(request).await.unwrap().status()
    }

    /// The texts that are kept for somebody.
    async fn kept(&self, person: &str) -> Vec<String> {
        let person: PersonId = person.try_into().unwrap();
        let drafts = self.drafts.list(&person, "invoice").await.unwrap();
        let texts = drafts.iter().map(|draft| draft.field("text").to_owned());
        texts.collect()
    }
}

// F3
#[tokio::test]
async fn what_is_sent_too_late_is_kept_for_the_person_whose_session_it_was() {
    let writing = Writing::new().await;
    let alice = writing.dwell.begin("alice").await.unwrap();
    let generation = alice.status().generation;
    let form = format!("dwell-generation={generation}&dwell-form=invoice&text=a+month+of+work");
    writing.dwell.revoke(alice.session().key).await.unwrap();

    let status = writing.send(&cookie_of(&alice), &form).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(writing.kept("alice").await, ["a month of work"]);
}

// F3
#[tokio::test]
async fn what_is_sent_while_somebody_else_is_signed_in_is_kept_for_who_wrote_it() {
    let writing = Writing::new().await;
    let alice = writing.dwell.begin("alice").await.unwrap();
    let bob = writing.dwell.begin("bob").await.unwrap();
    let generation = alice.status().generation;
    let form = format!("dwell-generation={generation}&dwell-form=invoice&text=by+alice");

    let status = writing.send(&cookie_of(&bob), &form).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(writing.kept("alice").await, ["by alice"]);
    assert!(writing.kept("bob").await.is_empty());
}

#[tokio::test]
async fn what_names_no_session_is_kept_for_nobody() {
    let writing = Writing::new().await;
    let alice = writing.dwell.begin("alice").await.unwrap();
    writing.dwell.revoke(alice.session().key).await.unwrap();
    let unknown = "0123456789abcdef0123456789abcdef";
    for form in [
        "dwell-form=invoice&text=a".to_owned(),
        format!("dwell-generation={unknown}&dwell-form=invoice&text=a"),
        format!("dwell-generation={}&text=a", alice.status().generation),
    ] {
        writing.send(&cookie_of(&alice), &form).await;
        assert!(writing.kept("alice").await.is_empty(), "{form}");
    }
}
