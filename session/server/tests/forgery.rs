//! Which requests of another site are let on (`K2`).

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{
        Request, StatusCode,
        header::{COOKIE, HeaderValue, SET_COOKIE},
    },
    routing::post,
};
use dwell::{
    Checks, Connections, Dwell, GenerationRule, Limits, Policy, SignIn,
    clock::SystemClock,
    sqlite::{Database, DatabaseFile},
    store::SqliteStore,
};
use tempfile::TempDir;
use tower::ServiceExt as _;

struct Program {
    router: Router,
    _directory: TempDir,
}

impl Program {
    async fn with(rule: GenerationRule) -> Self {
        let directory = TempDir::new().unwrap();
        let file = DatabaseFile::at(directory.path().join("sessions.db"));
        let database = Database::hold(file, Connections::default()).await.unwrap();
        database.migrate().await.unwrap();
        let policy = Policy::new(Limits::default(), None, Checks::Enforce).unwrap();
        let dwell = Dwell::builder(policy)
            .store(SqliteStore::new(database, Arc::new(SystemClock::start())))
            .generations(rule)
            .build()
            .unwrap();
        let sign_in = |sign_in: SignIn| async move { sign_in.begin("alice").await.unwrap() };
        let router = Router::new()
            .route("/callback", post(StatusCode::NO_CONTENT))
            .route("/sign-in", post(sign_in))
            .merge(dwell.routes())
            .layer(dwell.layer());
        Self {
            router,
            _directory: directory,
        }
    }

    /// The `Cookie` header of a browser in which somebody has signed in.
    async fn cookie(&self) -> HeaderValue {
        let request = Request::post("/sign-in").body(Body::empty()).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let set_cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
        let (cookie, _) = set_cookie.split_once(';').unwrap();
        cookie.parse().unwrap()
    }

    async fn sent_from_another_site(&self, path: &str, cookie: Option<&HeaderValue>) -> StatusCode {
        let request = Request::post(path).header("sec-fetch-site", "cross-site");
        let mut request = request.body(Body::empty()).unwrap();
        if let Some(cookie) = cookie {
            request.headers_mut().insert(COOKIE, cookie.clone());
        }
        self.router.clone().oneshot(request).await.unwrap().status()
    }
}

// K2
#[tokio::test]
async fn where_generations_are_checked_another_site_may_send_without_a_session_alone() {
    let program = Program::with(GenerationRule::Checked).await;
    let cookie = program.cookie().await;
    let table = [
        ("/callback", StatusCode::NO_CONTENT),
        ("/sign-in", StatusCode::FORBIDDEN),
        ("/.dwell/status", StatusCode::FORBIDDEN),
        ("/.dwell/sign-out", StatusCode::FORBIDDEN),
    ];
    for (path, without) in table {
        let status = program.sent_from_another_site(path, None).await;
        assert_eq!(status, without, "{path}");
        let status = program.sent_from_another_site(path, Some(&cookie)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}, with a session");
    }
}

// K2
#[tokio::test]
async fn where_generations_are_required_another_site_may_send_nothing() {
    let program = Program::with(GenerationRule::Required).await;
    let cookie = program.cookie().await;
    for path in [
        "/callback",
        "/sign-in",
        "/.dwell/status",
        "/.dwell/sign-out",
    ] {
        for cookie in [None, Some(&cookie)] {
            let status = program.sent_from_another_site(path, cookie).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{path} {cookie:?}");
        }
    }
}
