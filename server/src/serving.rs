//! How connections are served: nobody is waited for without end, and there are no more of them than
//! the process has descriptors for.

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
    stream::{Received, Watched},
    watch::{Moment, Now, Watch},
};
use crate::metrics::{Cut, Metrics};

/// The longest head of a request, in bytes; a longer one is answered with 431.
const LONGEST_HEAD: usize = 32 * 1024;

/// More descriptors than these are not used, though the process may have more.
const MOST_DESCRIPTORS: u64 = 1 << 16;

/// Fewer connections than these are no server.
const FEWEST: usize = 16;

/// How long until connections are accepted again after the operating system has refused.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// How many connections there may be, and how long a client is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How many connections there are at most. Where there are as many, the client that has been
    /// waited for the longest makes room for the next.
    pub connections: usize,
    /// How long a client may take over the head of a request.
    pub head: Duration,
    /// How long a client may send nothing and take nothing between two requests, or while it is
    /// answered.
    pub silence: Duration,
    /// How long a client may take over an answer.
    pub answer: Duration,
    /// How long a client is waited for once the server has been asked to stop.
    pub parting: Duration,
    /// How long what is under way may take once the server has been asked to stop.
    pub finishing: Duration,
    /// How often the others are held against the clock.
    pub round: Duration,
}

impl Bounds {
    /// The usual ones. Silence is allowed for longer than a proxy in front keeps its connections
    /// by default, which is a minute: whoever closes first must be the client.
    pub const fn of(connections: usize) -> Self {
        Self {
            connections,
            head: Duration::from_secs(10),
            silence: Duration::from_secs(75),
            answer: Duration::from_secs(300),
            parting: Duration::from_secs(2),
            finishing: Duration::from_secs(10),
            round: Duration::from_millis(500),
        }
    }

    /// The usual ones, with as many connections as this process has descriptors for when `reserve`
    /// of them are kept for everything else. A client may need two: one for itself, and one for the
    /// file that it is sent.
    pub fn of_process(reserve: u64) -> Self {
        let descriptors = getrlimit(Resource::Nofile)
            .current
            .unwrap_or(MOST_DESCRIPTORS);
        let connections = descriptors.min(MOST_DESCRIPTORS).saturating_sub(reserve) / 2;
        Self::of(
            usize::try_from(connections)
                .unwrap_or(usize::MAX)
                .max(FEWEST),
        )
    }
}

/// Serves `router` to whoever connects to `listener` until `stop` is done, and then finishes what is
/// under way, within the bounds.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    metrics: Metrics,
    stop: impl Future<Output = ()>,
) {
    let mut stop = pin!(stop);
    let mut rounds = interval(bounds.round);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut clients = Clients::new(bounds, router, metrics);
    loop {
        tokio::select! {
            accepted = listener.accept(), if clients.have_room() => match accepted {
                Ok((stream, peer)) => clients.welcome(stream, peer),
                // Whoever was there is gone: that is nothing to wait for.
                Err(error) if is_of_connection(&error) => {}
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "cannot accept");
                    sleep(ACCEPT_AGAIN).await;
                }
            },
            _ = clients.tasks.join_next(), if !clients.tasks.is_empty() => {}
            _ = rounds.tick() => clients.look_round(),
            () = &mut stop => break,
        }
    }
    drop(listener);
    clients.part(&mut rounds).await;
}

fn is_of_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

/// Everybody who is connected.
struct Clients {
    bounds: Bounds,
    router: Router,
    metrics: Metrics,
    now: Now,
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
            now: Now::start(),
            tasks: JoinSet::new(),
            connected: Vec::new(),
            stopping: signal::Sender::new(()),
        }
    }

    /// Whether one more may come, if need be in the place of one that is waited for. A client that has
    /// been cut off keeps its descriptor until its task has ended.
    fn have_room(&mut self) -> bool {
        if self.tasks.len() > self.bounds.connections {
            return false;
        }
        if self.connected.len() >= self.bounds.connections {
            self.connected.retain(|client| !client.task.is_finished());
        }
        self.connected.len() < self.bounds.connections || self.most_waited_for().is_some()
    }

    /// The client that has been waited for the longest.
    fn most_waited_for(&self) -> Option<usize> {
        let waited_for = |(place, client): (usize, &Client)| {
            client.watch.waiting_since().map(|since| (since, place))
        };
        let all = self.connected.iter().enumerate();
        all.filter_map(waited_for).min().map(|(_, place)| place)
    }

    fn welcome(&mut self, stream: TcpStream, peer: SocketAddr) {
        self.now.read();
        if self.connected.len() >= self.bounds.connections
            && let Some(place) = self.most_waited_for()
        {
            self.connected.swap_remove(place).task.abort();
            self.metrics.connection_cut(Cut::Full);
        }
        let watch = Arc::new(Watch::new(&self.now));
        let stopping = self.stopping.subscribe();
        let talk = talk(
            stream,
            peer,
            self.router.clone(),
            Arc::clone(&watch),
            stopping,
        );
        let task = self.tasks.spawn(talk);
        self.connected.push(Client { watch, task });
    }

    /// Cuts off who has been waited for too long.
    fn look_round(&mut self) {
        let now = self.now.read();
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
                metrics.connection_cut(Cut::Slow);
            }
            !is_overdue && !client.task.is_finished()
        });
    }

    async fn part(mut self, rounds: &mut tokio::time::Interval) {
        let asked_at = self.now.read();
        self.stopping.send_replace(());
        loop {
            tokio::select! {
                ended = self.tasks.join_next() => if ended.is_none() {
                    return;
                },
                _ = rounds.tick() => self.hurry(asked_at),
            }
        }
    }

    fn hurry(&mut self, asked_at: Moment) {
        let since_asked = self.now.read().since(asked_at);
        for Client { watch, task } in &self.connected {
            let patience = match watch.waiting_since() {
                Some(_) => self.bounds.parting,
                None => self.bounds.finishing,
            };
            if since_asked >= patience {
                task.abort();
            }
        }
    }
}

/// One client, from the first request to the last.
async fn talk(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    watch: Arc<Watch>,
    mut stopping: signal::Receiver<()>,
) {
    let stream = TokioIo::new(Watched::new(stream, Arc::clone(&watch)));
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut router = router.clone();
        let watch = Arc::clone(&watch);
        async move {
            let request = arrived(request, peer, &watch);
            let response = router.call(request).await;
            watch.answers();
            response
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .max_buf_size(LONGEST_HEAD)
            .max_header_size(LONGEST_HEAD)
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
        tracing::trace!(error = &error as &dyn std::error::Error, "connection lost");
    }
}

/// The request, as routes take it.
fn arrived(request: hyper::Request<Incoming>, peer: SocketAddr, watch: &Arc<Watch>) -> Request {
    let mut request = request.map(|body| {
        if body.is_end_stream() {
            watch.works();
            Body::empty()
        } else {
            watch.receives();
            Body::new(Received::new(body, Arc::clone(watch)))
        }
    });
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}
