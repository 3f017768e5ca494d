//! Accepts and serves connections. No client is waited for without a limit, and there are no more
//! connections than the process has file descriptors for.

mod stream;
mod watch;

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rustix::process::{Resource, getrlimit};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch as signal,
    task::{AbortHandle, JoinSet},
    time::{MissedTickBehavior, interval, sleep},
};
use tower::Service as _;

use self::{
    stream::{WatchedBody, WatchedStream},
    watch::{CoarseClock, Moment, Watch},
};
use crate::metrics::{CutReason, Metrics};

/// The largest head of a request, in bytes. A larger one is answered with 431.
const MAX_HEAD: usize = 32 * 1024;

/// How many file descriptors are used at most, even if the process may have more.
const MAX_DESCRIPTORS: u64 = 1 << 16;

/// How many connections are accepted at least, however few file descriptors the process may have.
const MIN_CONNECTIONS: usize = 16;

/// How long to wait after the operating system could not accept a connection.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// How many connections there may be, and how long a client is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How many connections there may be. When there are as many, the client that has been waited
    /// for the longest is disconnected to make room for the next one.
    pub connections: usize,
    /// How long a client may take to send the head of a request.
    pub head: Duration,
    /// How long nothing may be sent in either direction, between two requests or during an answer.
    pub inactivity: Duration,
    /// How long a client may take to receive an answer.
    pub answer: Duration,
    /// How long clients are still waited for after the server has been asked to stop.
    pub stop_waiting: Duration,
    /// How long requests that are being worked on may still take after the server has been asked
    /// to stop.
    pub stop_working: Duration,
    /// How often it is checked whether a client has exceeded one of these times.
    pub check_interval: Duration,
}

impl Bounds {
    /// The usual bounds. A proxy in front keeps unused connections for a minute by default; the
    /// allowed inactivity is longer, because the client has to be the one that closes.
    pub const fn of(connections: usize) -> Self {
        Self {
            connections,
            head: Duration::from_secs(10),
            inactivity: Duration::from_secs(75),
            answer: Duration::from_secs(300),
            stop_waiting: Duration::from_secs(2),
            stop_working: Duration::from_secs(10),
            check_interval: Duration::from_millis(500),
        }
    }

    /// The usual bounds, with as many connections as this process has file descriptors for if
    /// `reserve` of them are kept for everything else. A client may need two: one for its
    /// connection, and one for the file that it is sent.
    pub fn of_process(reserve: u64) -> Self {
        let descriptors = getrlimit(Resource::Nofile)
            .current
            .unwrap_or(MAX_DESCRIPTORS);
        let connections = descriptors.min(MAX_DESCRIPTORS).saturating_sub(reserve) / 2;
        Self::of(
            usize::try_from(connections)
                .unwrap_or(usize::MAX)
                .max(MIN_CONNECTIONS),
        )
    }
}

/// Serves `router` on `listener` until `stop` completes, and then finishes the requests that are
/// under way, within the bounds.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    metrics: Metrics,
    stop: impl Future<Output = ()>,
) {
    let mut stop = pin!(stop);
    let mut checks = interval(bounds.check_interval);
    checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut clients = Clients::new(bounds, router, metrics);
    loop {
        tokio::select! {
            accepted = listener.accept(), if clients.has_room() => match accepted {
                Ok((stream, peer)) => clients.add(stream, peer),
                // The client has gone already, so the next one can be accepted at once.
                Err(error) if is_connection_error(&error) => {}
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "cannot accept connections");
                    sleep(ACCEPT_RETRY).await;
                }
            },
            _ = clients.tasks.join_next(), if !clients.tasks.is_empty() => {}
            _ = checks.tick() => clients.cut_overdue(),
            () = &mut stop => break,
        }
    }
    drop(listener);
    clients.stop(&mut checks).await;
}

fn is_connection_error(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

/// All clients that are connected.
struct Clients {
    bounds: Bounds,
    router: Router,
    metrics: Metrics,
    clock: CoarseClock,
    tasks: JoinSet<()>,
    connected: Vec<Client>,
    stopping: signal::Sender<()>,
}

struct Client {
    watch: Arc<Watch>,
    task: AbortHandle,
}

impl Clients {
    fn new(bounds: Bounds, router: Router, metrics: Metrics) -> Self {
        Self {
            bounds,
            router,
            metrics,
            clock: CoarseClock::start(),
            tasks: JoinSet::new(),
            connected: Vec::new(),
            stopping: signal::Sender::new(()),
        }
    }

    /// Whether one more connection can be accepted, if necessary in place of a client that is
    /// waited for. A client that was disconnected keeps its file descriptor until its task has
    /// ended.
    fn has_room(&mut self) -> bool {
        if self.tasks.len() > self.bounds.connections {
            return false;
        }
        if self.connected.len() >= self.bounds.connections {
            self.connected.retain(|client| !client.task.is_finished());
        }
        self.connected.len() < self.bounds.connections || self.longest_waited_for().is_some()
    }

    /// The client that has been waited for the longest.
    fn longest_waited_for(&self) -> Option<usize> {
        let waited_for = |(place, client): (usize, &Client)| {
            client.watch.waiting_since().map(|since| (since, place))
        };
        let all = self.connected.iter().enumerate();
        all.filter_map(waited_for).min().map(|(_, place)| place)
    }

    fn add(&mut self, stream: TcpStream, peer: SocketAddr) {
        self.clock.read();
        if self.connected.len() >= self.bounds.connections
            && let Some(place) = self.longest_waited_for()
        {
            self.connected.swap_remove(place).task.abort();
            self.metrics.connection_cut(CutReason::Full);
        }
        let watch = Arc::new(Watch::new(&self.clock));
        let stopping = self.stopping.subscribe();
        let connection = serve_connection(
            stream,
            peer,
            self.router.clone(),
            Arc::clone(&watch),
            stopping,
        );
        let task = self.tasks.spawn(connection);
        self.connected.push(Client { watch, task });
    }

    /// Disconnects clients that have been waited for too long.
    fn cut_overdue(&mut self) {
        let now = self.clock.read();
        let Self {
            bounds,
            metrics,
            connected,
            ..
        } = self;
        connected.retain(|client| {
            let is_overdue = client.watch.is_overdue(now, bounds);
            if is_overdue && !client.task.is_finished() {
                client.task.abort();
                metrics.connection_cut(CutReason::Slow);
            }
            !is_overdue && !client.task.is_finished()
        });
    }

    /// Asks all connections to end, and waits until they have.
    async fn stop(mut self, checks: &mut tokio::time::Interval) {
        let asked_at = self.clock.read();
        self.stopping.send_replace(());
        loop {
            tokio::select! {
                ended = self.tasks.join_next() => if ended.is_none() {
                    return;
                },
                _ = checks.tick() => self.cut_unfinished(asked_at),
            }
        }
    }

    /// Disconnects clients that take too long after the server was asked to stop at `asked_at`.
    fn cut_unfinished(&mut self, asked_at: Moment) {
        let since_asked = self.clock.read().since(asked_at);
        for Client { watch, task } in &self.connected {
            let limit = match watch.waiting_since() {
                Some(_) => self.bounds.stop_waiting,
                None => self.bounds.stop_working,
            };
            if since_asked >= limit {
                task.abort();
            }
        }
    }
}

/// Serves one connection, from its first request to its last.
async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    watch: Arc<Watch>,
    mut stopping: signal::Receiver<()>,
) {
    let stream = TokioIo::new(WatchedStream::new(stream, Arc::clone(&watch)));
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut router = router.clone();
        let watch = Arc::clone(&watch);
        async move {
            let request = watched_request(request, peer, &watch);
            let response = router.call(request).await;
            watch.answer_ready();
            response
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .max_header_size(MAX_HEAD)
            .serve_connection(stream, service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(
            error = &error as &dyn std::error::Error,
            "the connection was lost"
        );
    }
}

/// The request with a body that reports its progress to `watch`.
fn watched_request(
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
    watch: &Arc<Watch>,
) -> Request {
    let mut request = request.map(|body| {
        if body.is_end_stream() {
            watch.request_complete();
            Body::empty()
        } else {
            watch.head_complete();
            Body::new(WatchedBody::new(body, Arc::clone(watch)))
        }
    });
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}
