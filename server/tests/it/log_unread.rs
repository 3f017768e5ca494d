//! A test with a log that is not read.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command},
};

use tempfile::TempDir;

use crate::{cli::dwell, harness::Server};

/// Enough requests to log far more than fits into a pipe.
const REQUESTS: usize = 8_000;

/// A server that is ended with the test.
struct Unread(Child);

impl Drop for Unread {
    fn drop(&mut self) {
        // The process has ended already unless the test has failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_log_that_is_not_read_delays_nothing_and_dropped_lines_are_counted() {
    let directory = TempDir::new().unwrap();
    drop(Server::start(&directory, &[]));
    let settings = [
        ("DWELL_ADDR", "127.0.0.1:0"),
        ("DWELL_METRICS_ADDR", "127.0.0.1:0"),
        ("DWELL_SITE_ROOT", "site"),
        ("DWELL_LOG", "trace"),
    ];
    let mut server = Unread(dwell(&directory, &["serve"], &settings).spawn().unwrap());
    let mut log = BufReader::new(server.0.stderr.take().unwrap());
    let mut address_after = |what: &str| loop {
        let mut line = String::new();
        assert_ne!(log.read_line(&mut line).unwrap(), 0);
        if let Some((_, address)) = line.trim_end().split_once(what) {
            return address.to_owned();
        }
    };
    let metrics = address_after("metrics address=");
    let address = address_after("listening address=");
    // From here on the pipe is open and nobody reads it.
    let request = format!("GET / HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let mut connection = TcpStream::connect(&address).unwrap();
    for _ in 0..REQUESTS {
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 8192];
        let length = connection.read(&mut answer).unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
    }
    let mut collector = TcpStream::connect(&metrics).unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {metrics}\r\nconnection: close\r\n\r\n");
    collector.write_all(request.as_bytes()).unwrap();
    let mut exposition = String::new();
    collector.read_to_string(&mut exposition).unwrap();
    let (_, dropped) = exposition
        .split_once("dwell_log_lines_dropped_total ")
        .unwrap();
    let dropped: u64 = dropped.lines().next().unwrap().parse().unwrap();
    assert!(dropped > 0);

    let asked = Command::new("kill").arg(server.0.id().to_string()).status();
    assert!(asked.unwrap().success());
    assert!(server.0.wait().unwrap().success());
}
