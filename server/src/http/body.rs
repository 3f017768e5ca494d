//! Reads the whole body of a request before anything else is done with the request.
//!
//! Only this layer decides how long a client may take to send a body, and how much memory bodies
//! may take. Handlers never wait for a body.

use std::{
    convert::Infallible,
    mem,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::Request,
    http::{StatusCode, Version, header},
    response::{IntoResponse as _, Response},
};
use dwell::Refusal;
use dwell_app::names::DRAFTS_PATH;
use futures::future::{BoxFuture, Either, FutureExt as _, Ready, ready};
use http_body_util::BodyExt as _;
use hyper::body::Frame;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tower::{Layer, Service};

/// How large a body may be, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// How large a body may be where people write texts, in bytes. A form encodes every byte of a text
/// that is not in Latin script as three.
const MAX_TEXT_BODY: usize = 256 * 1024;

/// How much memory all bodies may take together, in bytes.
const MAX_TOTAL: usize = 64 * 1024 * 1024;

/// How long a client may pause while it sends a body.
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// How long a client may take to send a body.
const MAX_DURATION: Duration = Duration::from_secs(60);

/// Reads the body of a request before it passes the request on, and refuses requests that are
/// malformed or exceed a limit.
#[derive(Debug, Clone)]
pub(super) struct WholeRequests {
    room: Arc<Semaphore>,
}

impl WholeRequests {
    pub(super) fn new() -> Self {
        Self::within(MAX_TOTAL)
    }

    fn within(room: usize) -> Self {
        Self {
            room: Arc::new(Semaphore::new(room)),
        }
    }
}

impl<S> Layer<S> for WholeRequests {
    type Service = WholeRequestsService<S>;

    fn layer(&self, inner: S) -> WholeRequestsService<S> {
        WholeRequestsService {
            room: Arc::clone(&self.room),
            inner,
        }
    }
}

/// The service that [`WholeRequests`] puts around another. A request without a body, as almost all
/// are, is passed on at once.
#[derive(Debug, Clone)]
pub(super) struct WholeRequestsService<S> {
    room: Arc<Semaphore>,
    inner: S,
}

type Answer = Result<Response, Infallible>;

impl<S> Service<Request> for WholeRequestsService<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, Either<Ready<Answer>, BoxFuture<'static, Answer>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let refused_at_once = |fault: Fault| {
            let answer = fault.refusal().into_response();
            Either::Right(Either::Left(ready(Ok(answer))))
        };
        if !names_one_host(&request) {
            return refused_at_once(Fault::NoHost);
        }
        if request.body().is_end_stream() {
            return Either::Left(self.inner.call(request));
        }
        let max_body = max_body(request.uri().path());
        if request.body().size_hint().lower() > max_body as u64 {
            return refused_at_once(Fault::TooLarge);
        }
        let room = Arc::clone(&self.room);
        // `poll_ready` was called on this service and not on its clone, so this one must be called.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        let answered = async move {
            let (parts, body) = request.into_parts();
            let read = timeout(MAX_DURATION, Whole::read(body, max_body, &room)).await;
            match read.unwrap_or(Err(Fault::TooSlow)) {
                // The memory is accounted for until the request has been answered.
                Ok(Whole { bytes, _room }) => {
                    inner
                        .call(Request::from_parts(parts, Body::from(bytes)))
                        .await
                }
                Err(fault) => Ok(fault.refusal().into_response()),
            }
        };
        Either::Right(Either::Right(answered.boxed()))
    }
}

fn max_body(path: &str) -> usize {
    match path {
        "/workspace" | DRAFTS_PATH => MAX_TEXT_BODY,
        _ => MAX_BODY,
    }
}

/// Whether the request has exactly one `Host` header, as HTTP/1.1 requires (RFC 9112, 3.2).
fn names_one_host(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let first = hosts.next();
    (first.is_some() || request.version() != Version::HTTP_11) && hosts.next().is_none()
}

/// A body that has been read to its end.
struct Whole {
    bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Whole {
    /// Reads `body`. This takes memory for what has arrived only, whatever length was announced.
    async fn read(mut body: Body, max_body: usize, room: &Arc<Semaphore>) -> Result<Self, Fault> {
        let mut bytes = Vec::new();
        let mut taken: Option<OwnedSemaphorePermit> = None;
        while let Some(frame) = next_frame(&mut body).await? {
            let Ok(piece) = frame.into_data() else {
                continue;
            };
            if bytes.len() + piece.len() > max_body {
                return Err(Fault::TooLarge);
            }
            let size = u32::try_from(piece.len()).map_err(|_| Fault::TooLarge)?;
            let more = Arc::clone(room)
                .try_acquire_many_owned(size)
                .map_err(|_| Fault::NoRoom)?;
            match &mut taken {
                Some(taken) => taken.merge(more),
                None => taken = Some(more),
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(Self {
            bytes,
            _room: taken,
        })
    }
}

async fn next_frame(body: &mut Body) -> Result<Option<Frame<Bytes>>, Fault> {
    match timeout(MAX_PAUSE, body.frame()).await {
        Ok(frame) => frame.transpose().map_err(|_| Fault::Broken),
        Err(_) => Err(Fault::TooSlow),
    }
}

/// Why a request is refused before it reaches a handler.
#[derive(Debug, Clone, Copy)]
enum Fault {
    NoHost,
    TooLarge,
    TooSlow,
    NoRoom,
    /// The connection was lost, or the body is malformed.
    Broken,
}

impl Fault {
    fn refusal(self) -> Refusal {
        let (status, code, heading, advice) = match self {
            Self::NoHost => (
                StatusCode::BAD_REQUEST,
                "no_host",
                "This request names no host, or several",
                "Nothing was changed. A browser names one host.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "This form is too large",
                "Nothing was changed. Go back and send less at once.",
            ),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "too_slow",
                "This form did not arrive in time",
                "Nothing was changed. Go back and send it again.",
            ),
            Self::NoRoom => (
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "Too much is being sent at the moment",
                "Nothing was changed. Go back and send it again soon.",
            ),
            Self::Broken => (
                StatusCode::BAD_REQUEST,
                "broken",
                "This form did not arrive whole",
                "Nothing was changed. Go back and send it again.",
            ),
        };
        Refusal::new(status, code, heading, advice)
    }
}

#[cfg(test)]
mod tests {
    use std::{io, iter::repeat_n};

    use futures::{StreamExt as _, stream};
    use tower::ServiceExt as _;

    use super::*;

    /// The status of the answer to a body of `pieces`, which does not end unless `is_ended`.
    async fn answer(
        to: &WholeRequests,
        path: &str,
        pieces: impl IntoIterator<Item = Vec<u8>, IntoIter: Send + 'static>,
        is_ended: bool,
    ) -> StatusCode {
        let echo = tower::service_fn(async |request: Request| {
            let read = request.into_body().collect().now_or_never();
            let is_whole = read.is_some_and(|read| read.is_ok());
            let status = [StatusCode::CONFLICT, StatusCode::OK][usize::from(is_whole)];
            Ok::<_, Infallible>(
                Response::builder()
                    .status(status)
                    .body(Body::empty())
                    .unwrap(),
            )
        });
        let pieces = stream::iter(pieces.into_iter().map(Ok::<_, io::Error>));
        let body = match is_ended {
            true => Body::from_stream(pieces),
            false => Body::from_stream(pieces.chain(stream::pending())),
        };
        let request = Request::post(path).header(header::HOST, "dwell.example");
        let answered = to.layer(echo).oneshot(request.body(body).unwrap());
        answered.await.unwrap().status()
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_read_to_its_end_before_the_request_goes_on() {
        let requests = WholeRequests::new();
        let pieces = repeat_n(vec![b'x'; 1024], 64);
        assert_eq!(answer(&requests, "/", pieces, true).await, StatusCode::OK);
        assert_eq!(requests.room.available_permits(), MAX_TOTAL);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_or_takes_too_long_is_answered_with_408() {
        let requests = WholeRequests::new();
        let stopped = answer(&requests, "/", [vec![b'x'; 8]], false);
        assert_eq!(stopped.await, StatusCode::REQUEST_TIMEOUT);

        let trickle = stream::unfold((), async |()| {
            tokio::time::sleep(MAX_PAUSE / 2).await;
            Some((Ok::<_, io::Error>("x"), ()))
        });
        let request = Request::post("/")
            .header(header::HOST, "dwell.example")
            .body(Body::from_stream(trickle))
            .unwrap();
        let never =
            tower::service_fn(async |_: Request| Ok::<_, Infallible>(Response::new(Body::empty())));
        let response = requests.layer(never).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(requests.room.available_permits(), MAX_TOTAL);
    }

    #[tokio::test(start_paused = true)]
    async fn larger_bodies_are_accepted_only_where_people_write_texts() {
        let requests = WholeRequests::new();
        let kilobytes = |count| repeat_n(vec![b'x'; 1024], count);
        for (path, max_body) in [
            ("/sign-in", 64),
            ("/sign-out", 64),
            ("/workspace/delete", 64),
            ("/api/session/keep-alive", 64),
            ("/nowhere", 64),
            ("/workspace", 256),
            (DRAFTS_PATH, 256),
        ] {
            let taken = answer(&requests, path, kilobytes(max_body), true).await;
            assert_eq!(taken, StatusCode::OK, "{path}");
            let refused = answer(&requests, path, kilobytes(max_body + 1), true).await;
            assert_eq!(refused, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_bodies_together_have_a_limit() {
        let requests = WholeRequests::within(4 * 1024);
        let pieces = repeat_n(vec![b'x'; 1024], 4);
        let all = answer(&requests, "/", pieces.clone(), true).await;
        assert_eq!(all, StatusCode::OK);
        let under_way = answer(&requests, "/", [vec![b'x'; 1]], false);
        let (first, second) = tokio::join!(under_way, answer(&requests, "/", pieces, true));
        assert_eq!(first, StatusCode::REQUEST_TIMEOUT);
        assert_eq!(second, StatusCode::SERVICE_UNAVAILABLE);
    }

    #[tokio::test]
    async fn a_request_must_name_one_host() {
        for (version, hosts, is_answered) in [
            (Version::HTTP_11, 0, false),
            (Version::HTTP_11, 1, true),
            (Version::HTTP_11, 2, false),
            (Version::HTTP_10, 0, true),
            (Version::HTTP_10, 2, false),
        ] {
            let request = Request::get("/").version(version);
            let request = repeat_n("dwell.example", hosts)
                .fold(request, |request, host| request.header(header::HOST, host));
            let ok_service = tower::service_fn(async |_: Request| {
                Ok::<_, Infallible>(Response::new(Body::empty()))
            });
            let answered = WholeRequests::new()
                .layer(ok_service)
                .oneshot(request.body(Body::empty()).unwrap())
                .await
                .unwrap();
            let expected = [StatusCode::BAD_REQUEST, StatusCode::OK][usize::from(is_answered)];
            assert_eq!(answered.status(), expected, "{version:?}, {hosts} hosts");
        }
    }
}
