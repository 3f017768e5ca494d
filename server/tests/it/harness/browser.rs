//! A browser: it keeps cookies, and sends the headers that Chromium sends.

use axum::{
    Router,
    body::Body,
    http::{HeaderName, HeaderValue, Method, Request, header},
};
use dwell::Generation;
use dwell::store::SessionId;
use dwell_app::{
    api::{AskStatus, KeepAlive},
    names::{
        DRAFT_FIELD, DRAFT_FORM_FIELD, DRAFTS_PATH, GENERATION_FIELD, GENERATION_HEADER, NOTE_FORM,
        SIGN_IN_PATH, SIGN_OUT_PATH,
    },
};
use leptos::server_fn::ServerFn as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::Answer;

/// The host that every request is sent to.
pub const HOST: &str = "dwell.example";

/// A navigation that the user started.
pub fn by_user(method: Method, path: &str) -> Request<Body> {
    request(
        method,
        path,
        &[
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
            ("sec-fetch-user", "?1"),
            ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
        ],
    )
}

/// A request that a script of the page makes.
pub fn by_script(method: Method, path: &str) -> Request<Body> {
    request(
        method,
        path,
        &[
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-mode", "cors"),
            ("sec-fetch-dest", "empty"),
            ("accept", "*/*"),
        ],
    )
}

fn request(method: Method, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, HOST);
    headers
        .iter()
        .fold(request, |request, (name, value)| {
            request.header(*name, *value)
        })
        .body(Body::empty())
        .unwrap()
}

/// A browser that keeps the session cookie, the cookie about a sign-out, and the device cookie.
#[derive(Debug, Clone)]
pub struct Browser {
    router: Router,
    cookie_name: String,
    cookie: Option<String>,
    known: Option<String>,
    has_signed_out: bool,
    generation: Option<String>,
}

impl Browser {
    pub fn new(router: Router, cookie_name: &str) -> Self {
        Self {
            router,
            cookie_name: cookie_name.into(),
            cookie: None,
            known: None,
            has_signed_out: false,
            generation: None,
        }
    }

    pub fn with_id(self, id: SessionId) -> Self {
        self.with_cookie(&id.to_string())
    }

    pub fn with_cookie(mut self, value: &str) -> Self {
        self.cookie = Some(value.into());
        self
    }

    /// From now on every request carries the session's generation.
    pub async fn with_generation(mut self) -> Self {
        self.generation = Some(self.generation().await.to_string());
        self
    }

    /// The same browser, talking to another node.
    pub fn at(&self, router: &Router) -> Self {
        Self {
            router: router.clone(),
            ..self.clone()
        }
    }

    /// The value of the session cookie.
    pub fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    pub fn id(&self) -> SessionId {
        self.cookie().unwrap().parse().unwrap()
    }

    /// Sends `request` with the cookie, and keeps the cookie that comes back.
    pub async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let name = &self.cookie_name;
        let session = self.cookie.iter().map(|cookie| format!("{name}={cookie}"));
        let sign_out = self.has_signed_out.then(|| format!("{name}-signed-out=1"));
        let known = self
            .known
            .iter()
            .map(|known| format!("{name}-known={known}"));
        let cookies: Vec<_> = session.chain(sign_out).chain(known).collect();
        if !cookies.is_empty() {
            let cookies = HeaderValue::try_from(cookies.join("; ")).unwrap();
            request.headers_mut().insert(header::COOKIE, cookies);
        }
        if let Some(generation) = &self.generation {
            request
                .headers_mut()
                .entry(GENERATION_HEADER)
                .or_insert(HeaderValue::from_str(generation).unwrap());
        }
        let answer = Answer::read(self.router.clone().oneshot(request).await.unwrap()).await;
        for cookie in answer.set_cookies() {
            if cookie.name() == self.cookie_name {
                let is_removed = cookie.max_age().is_some_and(|age| age.is_zero());
                self.cookie = (!is_removed).then(|| cookie.value().to_owned());
            } else if cookie.name() == format!("{}-signed-out", self.cookie_name) {
                self.has_signed_out = true;
            } else if cookie.name() == format!("{}-known", self.cookie_name) {
                self.known = Some(cookie.value().to_owned());
            }
        }
        answer
    }

    /// The user follows a link or types an address.
    pub async fn visit(&mut self, path: &str) -> Answer {
        self.send(by_user(Method::GET, path)).await
    }

    /// A script of the page gets something.
    pub async fn fetch(&mut self, path: &str) -> Answer {
        self.send_by_script(Method::GET, path).await
    }

    pub async fn send_by_script(&mut self, method: Method, path: &str) -> Answer {
        self.send(by_script(method, path)).await
    }

    /// The user sends a form.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(form(by_user(Method::POST, path), fields)).await
    }

    /// The user sends a form of the page `page`, with its generation.
    pub async fn submit_from(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let generation = self.visit(page).await.field(GENERATION_FIELD).unwrap();
        let fields: Vec<_> = fields
            .iter()
            .copied()
            .chain([(GENERATION_FIELD, generation.as_str())])
            .collect();
        self.submit(path, &fields).await
    }

    pub async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        let fields = [("email", email), ("password", password), ("next", "")];
        self.submit(SIGN_IN_PATH, &fields).await
    }

    pub async fn sign_out(&mut self) -> Answer {
        self.submit_from("/workspace", SIGN_OUT_PATH, &[]).await
    }

    /// The page saves a note that is being typed. Needs [`with_generation`](Self::with_generation).
    pub async fn save_draft(&mut self, draft: &str, text: &str) -> Answer {
        let fields = [
            (DRAFT_FIELD, draft),
            (DRAFT_FORM_FIELD, NOTE_FORM),
            ("text", text),
        ];
        self.send(form(by_script(Method::POST, DRAFTS_PATH), &fields))
            .await
    }

    /// The page asks for the status.
    pub async fn ask_status(&mut self) -> Answer {
        self.call(AskStatus::PATH, None, &json!({})).await
    }

    /// The generation in the status.
    pub async fn generation(&mut self) -> Generation {
        let answer = self.ask_status().await;
        answer.json()["generation"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    /// The page reports activity from `idle_for_ms` ago.
    pub async fn keep_alive(&mut self, idle_for_ms: u64) -> Answer {
        let generation = self.ask_status().await.json()["generation"]
            .as_str()
            .map(str::to_owned);
        self.call(
            KeepAlive::PATH,
            generation.as_deref(),
            &json!({ "idle_for_ms": idle_for_ms }),
        )
        .await
    }

    /// A script of the page calls a server function.
    pub async fn call(&mut self, path: &str, generation: Option<&str>, body: &Value) -> Answer {
        let mut request = by_script(Method::POST, path);
        let headers = request.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        if let Some(generation) = generation {
            headers.insert(
                HeaderName::from_static(GENERATION_HEADER),
                HeaderValue::from_str(generation).unwrap(),
            );
        }
        *request.body_mut() = Body::from(body.to_string());
        self.send(request).await
    }
}

/// `request` with a form in its body.
pub fn form(mut request: Request<Body>, fields: &[(&str, &str)]) -> Request<Body> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    request.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    *request.body_mut() = Body::from(body);
    request
}
