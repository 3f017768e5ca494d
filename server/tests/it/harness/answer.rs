//! Answers of the server.

use axum::{
    body::Body,
    http::{HeaderMap, Response, StatusCode, header},
};
use dwell::{EndReason, Status};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower_sessions::cookie::Cookie;

/// A `Set-Cookie` header, parsed.
pub type SetCookie = Cookie<'static>;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn read(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    pub fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        self.header(header::LOCATION).unwrap()
    }

    pub fn set_cookies(&self) -> Vec<SetCookie> {
        self.headers
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|value| Cookie::parse(value.to_str().unwrap().to_owned()).unwrap())
            .collect()
    }

    /// The cookies that it sets, except the device cookie.
    pub fn session_cookies(&self) -> Vec<SetCookie> {
        let mut cookies = self.set_cookies();
        cookies.retain(|cookie| !cookie.name().ends_with("-known"));
        cookies
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The status of the session in the answer to an API call.
    pub fn session_status(&self) -> Status {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Milliseconds until the told idle deadline.
    pub fn idle_remaining_ms(&self) -> u64 {
        self.json()["idle_remaining_ms"].as_u64().unwrap()
    }

    /// Whether this is the answer to an API call in a session that ended for `reason`.
    pub fn is_end(&self, reason: EndReason) -> bool {
        self.status == StatusCode::UNAUTHORIZED && self.session_status() == Status::Ended { reason }
    }

    /// The value of the first element with `name="{name}"`, unescaped as far as tests need.
    pub fn field(&self, name: &str) -> Option<String> {
        let attributes = self
            .body
            .split('<')
            .find(|tag| tag.contains(&format!("name=\"{name}\"")))?;
        let (_, value) = attributes.split_once(" value=\"")?;
        let (value, _) = value.split_once('"')?;
        Some(value.replace("&amp;", "&").replace("&quot;", "\""))
    }
}
