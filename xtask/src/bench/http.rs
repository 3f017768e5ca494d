//! Single requests, to prepare and to check what is measured.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::session::Session;

const PATIENCE: Duration = Duration::from_secs(10);

/// A request whose answer has not been read yet.
pub(crate) struct Exchange(TcpStream);

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// The length of all of it, in bytes.
    pub(crate) size: usize,
    headers: Vec<(String, String)>,
}

impl Exchange {
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// A navigation, or, where something is posted, a call.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        session: Option<&Session>,
    ) -> Result<()> {
        let host = self.0.peer_addr()?;
        let accept = if method == "GET" { "text/html" } else { "*/*" };
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept: {accept}\r\n");
        if let Some(Session { cookie, generation }) = session {
            head += &format!("Cookie: {cookie}\r\n");
            if let Some(generation) = generation {
                head += &format!("Dwell-Generation: {generation}\r\n");
            }
        }
        head += "Content-Length: 0\r\n\r\n";
        Ok(self.0.write_all(head.as_bytes())?)
    }

    pub(crate) fn answer(self) -> Result<Answer> {
        let mut reader = BufReader::new(self.0);
        let mut line = String::new();
        let mut size = reader.read_line(&mut line)?;
        let status = line.split(' ').nth(1).context("no answer came")?.parse()?;
        let mut headers = Vec::new();
        loop {
            line.clear();
            size += reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut answer = Answer {
            status,
            body: String::new(),
            size,
            headers,
        };
        let length: usize = answer.header("content-length").unwrap_or("0").parse()?;
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        answer.body = String::from_utf8(body)?;
        answer.size += length;
        Ok(answer)
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(other, value)| (other == name).then_some(value.as_str()))
    }
}

pub(crate) fn get(address: SocketAddr, path: &str, session: &Session) -> Result<Answer> {
    let mut exchange = Exchange::connect(address)?;
    exchange.send("GET", path, Some(session))?;
    exchange.answer()
}

pub(crate) fn post(address: SocketAddr, path: &str) -> Result<Answer> {
    let mut exchange = Exchange::connect(address)?;
    exchange.send("POST", path, None)?;
    exchange.answer()
}
