//! A program of another team, in which everybody may sign in as Alice.

use axum::{
    Router,
    body::Body,
    http::{
        Request, Response, StatusCode,
        header::{COOKIE, HeaderValue, SET_COOKIE},
    },
    response::IntoResponse as _,
    routing::{get, post},
};
use dwell::{
    Connections, CurrentSession, Dwell, DwellBuilder, Policy, Preset, SignIn, SignedIn,
    sqlite::Database, store::SqliteStore,
};
use http_body_util::BodyExt as _;
use tempfile::TempDir;
use tower::ServiceExt as _;

pub struct Program {
    pub dwell: Dwell,
    router: Router,
    _directory: TempDir,
}

/// What a program sets up before it puts its routes together, with the default settings but for what
/// `set` changes. Its sessions are kept in the directory.
pub async fn set_up(set: impl FnOnce(DwellBuilder) -> DwellBuilder) -> (Dwell, TempDir) {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("sessions.db");
    let database = Database::hold(file, Connections::default()).await.unwrap();
    database.migrate().await.unwrap();
    let store = SqliteStore::open(database).await.unwrap();
    let builder = Dwell::builder(Policy::preset(Preset::PciDss)).store(store);
    (set(builder).build().unwrap(), directory)
}

impl Program {
    /// With the default settings, but for what `set` changes.
    pub async fn with(set: impl FnOnce(DwellBuilder) -> DwellBuilder) -> Self {
        let (dwell, directory) = set_up(set).await;
        Self {
            router: router(&dwell),
            dwell,
            _directory: directory,
        }
    }

    pub async fn answer(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// The `Cookie` header of a browser in which somebody has signed in.
    pub async fn cookie(&self) -> HeaderValue {
        let request = Request::post("/sign-in").body(Body::empty()).unwrap();
        let answer = self.answer(request).await;
        cookie(&answer.headers()[SET_COOKIE])
    }

    /// The status of a page that a script asks for.
    pub async fn page(&self, path: &str, cookie: Option<&HeaderValue>) -> StatusCode {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        if let Some(cookie) = cookie {
            request.headers_mut().insert(COOKIE, cookie.clone());
        }
        self.answer(request).await.status()
    }
}

/// The `Cookie` header of a browser that is in this session.
pub fn cookie_of(signed_in: &SignedIn) -> HeaderValue {
    cookie(signed_in.set_cookie().unwrap())
}

fn cookie(set_cookie: &HeaderValue) -> HeaderValue {
    let (cookie, _) = set_cookie.to_str().unwrap().split_once(';').unwrap();
    cookie.parse().unwrap()
}

pub async fn text(answer: Response<Body>) -> String {
    let body = answer.into_body().collect().await.unwrap();
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}

fn router(dwell: &Dwell) -> Router {
    let sign_in = async |sign_in: SignIn| match sign_in.begin("alice").await {
        Ok(signed_in) => signed_in.into_response(),
        Err(error) => dwell::Denied::from(error).into_response(),
    };
    let guestbook = async |_: Option<CurrentSession>| StatusCode::NO_CONTENT;
    let generation = async |current: CurrentSession| current.generation().to_string();
    Router::new()
        .route("/generation", get(generation))
        .route("/change", post(StatusCode::NO_CONTENT))
        .route("/help", get(StatusCode::OK))
        .route("/api/sign-in", post(sign_in))
        .route_layer(dwell.protect().except(["/help", "/api/sign-in"]))
        .route("/callback", post(StatusCode::NO_CONTENT))
        .route("/guestbook", post(guestbook))
        .route("/sign-in", post(sign_in))
        .merge(dwell.routes())
        .layer(dwell.layer())
}
