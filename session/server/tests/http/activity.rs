//! Which requests extend a session (`A9`).

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{
        Request, StatusCode,
        header::{CONTENT_TYPE, COOKIE},
    },
    routing::post,
};
use dwell::{
    Connections, Dwell, Instant, Policy, Preset, clock::ManualClock, sqlite::Database,
    store::SqliteStore,
};
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::program::cookie_of;

const MULTIPART: &str = "multipart/form-data; boundary=x";

// A9
#[tokio::test]
async fn an_upload_that_the_user_sends_is_activity_and_one_of_a_script_is_not() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("sessions.db");
    let database = Database::hold(file, Connections::default()).await.unwrap();
    database.migrate().await.unwrap();
    let clock = Arc::new(ManualClock::at(Instant::from_millis(1_700_000_000_000)));
    let policy = Policy::preset(Preset::PciDss);
    let dwell = Dwell::builder(policy)
        .store(SqliteStore::new(database, clock.clone()))
        .build()
        .unwrap();
    let router: Router = Router::new()
        .route("/upload", post(StatusCode::NO_CONTENT))
        .route_layer(dwell.protect())
        .layer(dwell.layer());

    for (mode, destination, is_activity) in
        [("navigate", "document", true), ("cors", "empty", false)]
    {
        let signed_in = dwell.begin("alice").await.unwrap();
        clock.advance(policy.idle() - Duration::from_secs(1));
        let request = Request::post("/upload")
            .header(COOKIE, cookie_of(&signed_in))
            .header(CONTENT_TYPE, MULTIPART)
            .header("sec-fetch-mode", mode)
            .header("sec-fetch-dest", destination)
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-user", "?1");
        let request = request.body(Body::from("--x--\r\n")).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{mode}");

        clock.advance(Duration::from_secs(2));
        let person = signed_in.session().person.clone();
        let live = dwell.sessions_of(&person).await.unwrap();
        let key = signed_in.session().key;
        let lives = live.iter().any(|listed| listed.session.key == key);
        assert_eq!(lives, is_activity, "{mode}");
    }
}
