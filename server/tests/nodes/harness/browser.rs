//! A browser that may send each request to another node.

use std::{collections::HashMap, net::SocketAddr};

use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, header},
};
use dwell::{ActiveStatus, Status};
use dwell_app::{
    api::{AskStatus, KeepAlive},
    names::{GENERATION_HEADER, SIGN_IN_PATH, SIGN_OUT_PATH},
};
use leptos::server_fn::ServerFn as _;
use tower_sessions::cookie::Cookie;

use super::{Answer, NoAnswer, Node, connection::Connection};

/// The e-mail address of the account that every engine has.
pub const EMAIL: &str = "ada@example.com";
/// The password of that account.
pub const PASSWORD: &str = "correct horse battery staple";

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// A browser, which may be in a session.
#[derive(Debug, Default)]
pub struct Browser {
    cookie: Option<String>,
    generation: Option<String>,
    connections: HashMap<SocketAddr, Connection>,
}

impl Clone for Browser {
    /// A browser in the same session, with connections of its own.
    fn clone(&self) -> Self {
        Self {
            cookie: self.cookie.clone(),
            generation: self.generation.clone(),
            connections: HashMap::new(),
        }
    }
}

impl Browser {
    /// A browser whose user has just signed in.
    pub async fn signed_in(node: &Node) -> Self {
        let mut browser = Self::default();
        let answer = browser.sign_in(node.address).await.unwrap();
        assert!(answer.is_served(), "{answer:?}");
        browser
    }

    /// Signs in. The session that it is in, if any, is replaced.
    pub async fn sign_in(&mut self, at: SocketAddr) -> Result<Answer, NoAnswer> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("email", EMAIL)
            .append_pair("password", PASSWORD)
            .finish();
        let answer = self.post(at, SIGN_IN_PATH, FORM, body).await?;
        if answer.is_served() {
            let cookie = Cookie::parse(answer.header(header::SET_COOKIE)).unwrap();
            self.cookie = Some(format!("{}={}", cookie.name(), cookie.value()));
            let Status::Active(ActiveStatus { generation, .. }) = answer.session_status() else {
                panic!("{answer:?}");
            };
            self.generation = Some(generation.to_string());
        }
        Ok(answer)
    }

    /// The user signs out. The browser keeps the cookie, as an attacker may.
    pub async fn sign_out(&mut self, at: SocketAddr) -> Result<Answer, NoAnswer> {
        self.post(at, SIGN_OUT_PATH, FORM, String::new()).await
    }

    pub async fn sign_out_others(&mut self, at: SocketAddr) -> Result<Answer, NoAnswer> {
        self.post(at, "/account/sign-out-others", FORM, String::new())
            .await
    }

    /// The page asks for the status, which is not activity.
    pub async fn ask_status(&mut self, at: SocketAddr) -> Result<Answer, NoAnswer> {
        self.post(at, AskStatus::PATH, JSON, "{}".to_owned()).await
    }

    /// The status of the live session.
    pub async fn left(&mut self, at: SocketAddr) -> ActiveStatus {
        match self.ask_status(at).await.unwrap().session_status() {
            Status::Active(left) => left,
            told => panic!("{told:?}"),
        }
    }

    /// The page reports that the user is active just now.
    pub async fn keep_alive(&mut self, at: SocketAddr) -> Result<Answer, NoAnswer> {
        let body = r#"{"idle_for_ms":0}"#.to_owned();
        self.post(at, KeepAlive::PATH, JSON, body).await
    }

    /// The user writes a note.
    pub async fn write(&mut self, at: SocketAddr, text: &str) -> Result<Answer, NoAnswer> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("text", text)
            .finish();
        self.post(at, "/workspace", FORM, body).await
    }

    /// The user opens the page with the notes.
    pub async fn visit(&mut self, at: SocketAddr) -> Result<Answer, NoAnswer> {
        let request = Request::get("/workspace")
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document")
            .header("sec-fetch-user", "?1");
        self.send(at, request.body(Body::empty()).unwrap()).await
    }

    /// A script fetches the page with the notes, which is not activity.
    pub async fn fetch(&mut self, at: SocketAddr) -> Result<Answer, NoAnswer> {
        let request = Request::get("/workspace")
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-mode", "cors")
            .header("sec-fetch-dest", "empty");
        self.send(at, request.body(Body::empty()).unwrap()).await
    }

    /// Sends a request that has nothing to do with the session.
    pub async fn probe(&mut self, at: SocketAddr, path: &str) -> Result<Answer, NoAnswer> {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.send(at, request).await
    }

    async fn post(
        &mut self,
        at: SocketAddr,
        path: &str,
        kind: &str,
        body: String,
    ) -> Result<Answer, NoAnswer> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-mode", "cors")
            .header("sec-fetch-dest", "empty")
            .header(header::CONTENT_TYPE, kind);
        if let Some(generation) = &self.generation {
            request = request.header(GENERATION_HEADER, generation);
        }
        self.send(at, request.body(Body::from(body)).unwrap()).await
    }

    async fn send(
        &mut self,
        at: SocketAddr,
        mut request: Request<Body>,
    ) -> Result<Answer, NoAnswer> {
        if let Some(cookie) = &self.cookie {
            let cookie = HeaderValue::from_str(cookie).unwrap();
            request.headers_mut().insert(header::COOKIE, cookie);
        }
        let connection = self.connections.entry(at);
        connection
            .or_insert_with(|| Connection::to(at))
            .send(request)
            .await
    }
}
