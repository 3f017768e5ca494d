//! Tests of slow clients, and of more clients than the server accepts.

use std::{
    io::{Read as _, Write as _},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use axum::{Router, routing::get};
use dwell_server::{
    metrics::Metrics,
    serving::{Bounds, serve},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Notify, oneshot},
    task::JoinHandle,
};

use crate::harness::{Server, cookie_header};

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(200);

/// Bounds with which no client is disconnected during a test.
const PATIENT: Bounds = Bounds {
    connections: 64,
    head: LONG,
    inactivity: LONG,
    answer: LONG,
    stop_waiting: LONG,
    stop_working: LONG,
    check_interval: Duration::from_millis(10),
};

const REQUEST: &str = "GET / HTTP/1.1\r\nhost: dwell.example\r\n\r\n";

/// A server with the routes `/`, `/large`, whose answer does not fit into buffers, and `/held`,
/// which waits for the test.
struct Running {
    address: SocketAddr,
    metrics: Metrics,
    is_held: Arc<Notify>,
    let_go: Arc<Notify>,
    stop: oneshot::Sender<()>,
    stopped: JoinHandle<()>,
}

impl Running {
    async fn within(bounds: Bounds) -> Self {
        let (is_held, let_go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let held = {
            let (is_held, let_go) = (Arc::clone(&is_held), Arc::clone(&let_go));
            async move || {
                is_held.notify_one();
                let_go.notified().await;
                "let go"
            }
        };
        let router = Router::new()
            .route("/", get(async || "here"))
            .route("/large", get(async || vec![b'x'; 64 << 20]))
            .route("/held", get(held));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let metrics = Metrics::default();
        let (stop, asked) = oneshot::channel();
        let serving = serve(listener, router, bounds, metrics.clone(), async {
            let _ = asked.await;
        });
        Self {
            address,
            metrics,
            is_held,
            let_go,
            stop,
            stopped: tokio::spawn(serving),
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn send(&self, bytes: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream
    }

    fn has_cut(&self, reason: &str, count: u32) -> bool {
        let line = format!("dwell_connections_cut_total{{reason=\"{reason}\"}} {count}\n");
        self.metrics.exposition().unwrap().contains(&line)
    }
}

/// Everything that is received until the server closes the connection.
async fn read_to_close(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // Reading ends with an error if the server has disconnected the client.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8(bytes).unwrap()
}

/// Whether `stream` is answered.
async fn is_answered(stream: &mut TcpStream) -> bool {
    if stream.write_all(REQUEST.as_bytes()).await.is_err() {
        return false;
    }
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"here") {
        if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
            return false;
        }
    }
    true
}

#[tokio::test]
async fn an_incomplete_head_is_waited_for_only_so_long_and_an_unused_connection_longer() {
    let server = Running::within(Bounds {
        head: SHORT,
        ..PATIENT
    })
    .await;
    let mut quiet = server.connect().await;
    let mut used = server.connect().await;
    assert!(is_answered(&mut used).await);
    let mut stopped = server.send("GET / HTTP/1.1\r\nhost: dw").await;
    assert_eq!(read_to_close(&mut stopped).await, "");

    // Sending one byte after the other does not prevent that.
    let mut trickling = server.send("GET / HTTP/1.1\r\n").await;
    let trickle = async {
        while trickling.write_all(b"a").await.is_ok() {
            tokio::time::sleep(SHORT / 10).await;
        }
    };
    trickle.await;
    assert!(server.has_cut("slow", 2));
    assert!(is_answered(&mut quiet).await);
    assert!(is_answered(&mut used).await);
}

#[tokio::test]
async fn an_unused_connection_is_closed() {
    let server = Running::within(Bounds {
        inactivity: SHORT,
        ..PATIENT
    })
    .await;
    assert_eq!(read_to_close(&mut server.connect().await).await, "");
    let answer = read_to_close(&mut server.send(REQUEST).await).await;
    assert!(answer.ends_with("here"), "{answer}");
    assert!(server.has_cut("slow", 2));
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_disconnected() {
    for bounds in [
        Bounds {
            inactivity: SHORT,
            ..PATIENT
        },
        Bounds {
            answer: SHORT,
            ..PATIENT
        },
    ] {
        let server = Running::within(bounds).await;
        let mut client = server
            .send("GET /large HTTP/1.1\r\nhost: dwell.example\r\n\r\n")
            .await;
        while !server.has_cut("slow", 1) {
            tokio::time::sleep(bounds.check_interval).await;
        }
        assert!(read_to_close(&mut client).await.len() < 64 << 20);
    }
}

#[tokio::test]
async fn a_full_server_makes_room_without_disconnecting_clients_that_wait_for_it() {
    let server = Running::within(Bounds {
        connections: 4,
        ..PATIENT
    })
    .await;
    let mut working = server
        .send("GET /held HTTP/1.1\r\nhost: dwell.example\r\nconnection: close\r\n\r\n")
        .await;
    server.is_held.notified().await;
    let mut idle = Vec::new();
    for _ in 0..20 {
        idle.push(server.connect().await);
        idle.push(server.send("GET / HTTP/1.1\r\n").await);
    }
    let mut person = server.connect().await;
    assert!(is_answered(&mut person).await);
    assert!(is_answered(&mut person).await);
    assert!(server.has_cut("full", 38));
    server.let_go.notify_one();
    assert!(read_to_close(&mut working).await.ends_with("let go"));
}

#[tokio::test]
async fn a_full_server_that_is_working_for_all_clients_lets_new_ones_wait() {
    let server = Running::within(Bounds {
        connections: 2,
        ..PATIENT
    })
    .await;
    let held = "GET /held HTTP/1.1\r\nhost: dwell.example\r\nconnection: close\r\n\r\n";
    let mut first = server.send(held).await;
    server.is_held.notified().await;
    let mut second = server.send(held).await;
    server.is_held.notified().await;
    let mut waiting = server.connect().await;
    server.let_go.notify_one();
    server.let_go.notify_one();
    assert!(is_answered(&mut waiting).await);
    for held in [&mut first, &mut second] {
        assert!(read_to_close(held).await.ends_with("let go"));
    }
    assert!(server.has_cut("full", 0));
}

#[tokio::test]
async fn a_stop_finishes_requests_and_does_not_wait_for_clients() {
    let server = Running::within(Bounds {
        stop_waiting: SHORT,
        ..PATIENT
    })
    .await;
    let mut quiet = server.connect().await;
    let half_head = server.send("GET / HTTP/1.1\r\n").await;
    let half_body = server
        .send("POST / HTTP/1.1\r\nhost: dwell.example\r\ncontent-length: 10\r\n\r\nhalf")
        .await;
    let untaken = server
        .send("GET /large HTTP/1.1\r\nhost: dwell.example\r\n\r\n")
        .await;
    let mut working = server
        .send("GET /held HTTP/1.1\r\nhost: dwell.example\r\n\r\n")
        .await;
    server.is_held.notified().await;
    server.stop.send(()).unwrap();
    assert_eq!(read_to_close(&mut quiet).await, "");
    tokio::time::sleep(2 * SHORT).await;
    assert!(!server.stopped.is_finished());
    assert!(TcpStream::connect(server.address).await.is_err());
    server.let_go.notify_one();
    let answer = read_to_close(&mut working).await;
    assert!(answer.ends_with("let go"), "{answer}");
    server.stopped.await.unwrap();
    drop((half_head, half_body, untaken));
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_request_that_never_ends() {
    let server = Running::within(Bounds {
        stop_working: SHORT,
        ..PATIENT
    })
    .await;
    let mut working = server
        .send("GET /held HTTP/1.1\r\nhost: dwell.example\r\n\r\n")
        .await;
    server.is_held.notified().await;
    server.stop.send(()).unwrap();
    server.stopped.await.unwrap();
    assert_eq!(read_to_close(&mut working).await, "");
}

#[test]
fn pages_are_served_in_spite_of_more_idle_connections_than_descriptors() {
    let directory = TempDir::new().unwrap();
    let server = Server::start_within(&directory, "ulimit -n 256", &[]);
    let cookie = cookie_header(&server.sign_in(""));
    let idle: Vec<_> = (0..600).map(|_| server.connect()).collect();
    let page = server.get("/workspace", &cookie);
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    drop(idle);
    let (status, log) = server.stop();
    assert!(status.success(), "{status}");
    assert!(!log.contains("ERROR"), "{log}");
}

/// Each form announces the largest size that is allowed, and its end is never sent.
#[test]
fn incomplete_forms_take_memory_only_for_what_has_arrived() {
    const FORMS: u64 = 200;
    let directory = TempDir::new().unwrap();
    let server = Server::start_within(&directory, "ulimit -n 1024", &[]);
    assert!(server.sign_in("").starts_with("HTTP/1.1 303"));
    let before = server.memory();
    let head = "POST /sign-in HTTP/1.1\r\nhost: dwell.example\r\n\
        content-type: application/x-www-form-urlencoded\r\ncontent-length: 65536\r\n\r\n";
    let held: Vec<_> = (0..FORMS)
        .map(|_| {
            let mut connection = server.connect();
            connection.write_all(head.as_bytes()).unwrap();
            connection.write_all(&[b'x'; 16 * 1024]).unwrap();
            connection
        })
        .collect();
    assert!(server.get("/healthz", "").starts_with("HTTP/1.1 200"));
    let each = server.memory().saturating_sub(before) / FORMS;
    assert!(each < 128 * 1024, "{each} bytes each");
    drop(held);
}

#[test]
fn a_body_that_is_too_large_is_refused_without_waiting_for_it() {
    let directory = TempDir::new().unwrap();
    let server = Server::start(&directory, &[]);
    let host = "host: dwell.example\r\n";
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    for (path, length) in [
        ("/sign-in", 65_537),
        ("/sign-out", 65_537),
        ("/api/session/keep-alive", 65_537),
        ("/workspace", 262_145),
    ] {
        let head = format!("POST {path} HTTP/1.1\r\n{host}{form}content-length: {length}\r\n\r\n");
        let answer = server.send(&head);
        assert!(answer.starts_with("HTTP/1.1 413"), "{path}: {answer}");
    }
    let name = "x".repeat(33 * 1024);
    let answer = server.send(&format!("GET / HTTP/1.1\r\n{host}a: {name}\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let answer = server.send("GET / HTTP/1.1\r\nconnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("no_host"), "{answer}");
}

#[test]
fn a_stop_does_not_wait_for_clients_and_a_second_signal_stops_at_once() {
    let directory = TempDir::new().unwrap();
    let server = Server::start(&directory, &[]);
    let held = server.connect();
    (&held).write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let (status, log) = server.stop();
    assert!(status.success(), "{status} {log}");

    let server = Server::start_again(&directory, &[]);
    let mut held = server.connect();
    let head = "POST /sign-in HTTP/1.1\r\nhost: dwell.example\r\n\
        expect: 100-continue\r\ncontent-length: 10\r\n\r\n";
    held.write_all(head.as_bytes()).unwrap();
    // The server waits for this client once it has asked for the body.
    assert_ne!(held.read(&mut [0; 64]).unwrap(), 0);
    let (status, log) = server.stop_twice();
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("stopped at once"), "{log}");
}
