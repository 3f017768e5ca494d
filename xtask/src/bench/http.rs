//! Single requests, which prepare and check the measurement.

use std::io::{BufRead, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result};

const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// The headers of a navigation that the user started, one a line.
pub(crate) const BY_USER: &str = "\
Accept: text/html
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: navigate
Sec-Fetch-Dest: document
Sec-Fetch-User: ?1";

/// The headers of a request that a script of a page makes, one a line.
pub(crate) const BY_SCRIPT: &str = "\
Accept: */*
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: cors
Sec-Fetch-Dest: empty";

/// A request whose answer has not been read yet.
pub(crate) struct Exchange(TcpStream);

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// The length of head and body, in bytes.
    pub(crate) size: usize,
    headers: Vec<(String, String)>,
}

impl Exchange {
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Sends a GET as a navigation by the user, and any other request as a call by a script, with
    /// additional `headers`, one a line.
    pub(crate) fn send(&mut self, method: &str, path: &str, headers: &str) -> Result<()> {
        let host = self.0.peer_addr()?;
        let usual = if method == "GET" { BY_USER } else { BY_SCRIPT };
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n");
        for line in usual.lines().chain(headers.lines()) {
            head += &format!("{line}\r\n");
        }
        head += "Content-Length: 0\r\n\r\n";
        Ok(self.0.write_all(head.as_bytes())?)
    }

    /// Sends the bytes of a request without changes.
    pub(crate) fn write(&mut self, request: &str) -> Result<()> {
        Ok(self.0.write_all(request.as_bytes())?)
    }

    pub(crate) fn answer(self) -> Result<Answer> {
        Answer::read(BufReader::new(self.0))
    }
}

impl Answer {
    fn read(mut stream: impl BufRead) -> Result<Self> {
        let mut line = String::new();
        let mut size = stream.read_line(&mut line)?;
        let status = line
            .split(' ')
            .nth(1)
            .context("the server did not answer")?
            .parse()?;
        let mut headers = Vec::new();
        loop {
            line.clear();
            size += stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut answer = Self {
            status,
            body: String::new(),
            size,
            headers,
        };
        let length: usize = answer.header("content-length").unwrap_or("0").parse()?;
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        answer.body = String::from_utf8(body)?;
        answer.size += length;
        Ok(answer)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(other, value)| (other == name).then_some(value.as_str()))
    }
}

pub(crate) fn get(address: SocketAddr, path: &str, headers: &str) -> Result<Answer> {
    let mut exchange = Exchange::connect(address)?;
    exchange.send("GET", path, headers)?;
    exchange.answer()
}

pub(crate) fn post(address: SocketAddr, path: &str) -> Result<Answer> {
    let mut exchange = Exchange::connect(address)?;
    exchange.send("POST", path, "")?;
    exchange.answer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_and_measured_to_its_end() {
        let said = "HTTP/1.1 200 OK\r\nSet-Cookie: id=1; Path=/\r\ncontent-length: 4\r\n\r\npage";

        let answer = Answer::read(format!("{said}HTTP/1.1 500").as_bytes()).unwrap();

        assert_eq!((answer.status, answer.body.as_str()), (200, "page"));
        assert_eq!(answer.header("set-cookie"), Some("id=1; Path=/"));
        assert_eq!(answer.size, said.len());
    }

    #[test]
    fn half_an_answer_is_an_error() {
        assert!(Answer::read("".as_bytes()).is_err());
        assert!(Answer::read("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npa".as_bytes()).is_err());
    }
}
