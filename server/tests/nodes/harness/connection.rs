//! A connection to a node that is kept open, as browsers do.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use dwell::{EndReason, Status};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

use super::now;

/// Longer than a node may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// A connection that is made when it is needed and kept until the node closes it.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    sender: Option<SendRequest<Body>>,
}

impl Connection {
    pub fn to(address: SocketAddr) -> Self {
        let sender = None;
        Self { address, sender }
    }

    /// Sends `request` once.
    pub async fn send(&mut self, request: Request<Body>) -> Result<Answer, NoAnswer> {
        match timeout(ANSWER_TIMEOUT, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => panic!("{} is silent", self.address),
        }
    }

    async fn exchange(&mut self, mut request: Request<Body>) -> Result<Answer, NoAnswer> {
        let host = self.address.to_string().try_into().unwrap();
        request.headers_mut().insert(header::HOST, host);
        let kept = self.sender.take().filter(|sender| !sender.is_closed());
        let mut sender = match kept {
            Some(sender) => sender,
            None => connect(self.address).await?,
        };
        let asked_at = now();
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let (parts, body) = response.into_parts();
        let body: Bytes = body.collect().await?.to_bytes();
        self.sender = Some(sender);
        Ok(Answer {
            asked_at,
            answered_at: now(),
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Body>, NoAnswer> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// The node does not accept connections, or stopped before it answered.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    #[error("no connection")]
    Connect(#[from] std::io::Error),
    #[error("no answer")]
    Answer(#[from] hyper::Error),
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub asked_at: Instant,
    pub answered_at: Instant,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// The status of the session in the answer to a script.
    pub fn session_status(&self) -> Status {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The text of a header, or an empty text if it is missing.
    pub fn header(&self, name: header::HeaderName) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn is_served(&self) -> bool {
        self.status == StatusCode::OK
    }

    /// Whether a script is refused because the session has ended for `reason`.
    pub fn is_end(&self, reason: EndReason) -> bool {
        self.status == StatusCode::UNAUTHORIZED && self.session_status() == Status::Ended { reason }
    }

    /// Whether the request was refused because the engine does not answer.
    pub fn is_unavailable(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
    }
}
