//! What people see of Dwell while somebody means it harm.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread::{scope, sleep};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::http::{Answer, Exchange};
use super::session::Session;
use super::subjects::{Node, Place};
use crate::process::{command, run};
use crate::step::step;
use crate::stopwatch::Stopwatch;

/// How many connections hold half a head, and as many hold half a body.
const HELD: usize = 1_000;

/// How many wrong sign-ins are sent in a second, from one address.
const WRONG_A_SECOND: u32 = 200;

/// How many threads send them, each over one connection after the other.
const GUESSERS: u32 = 8;

/// As many descriptors as both processes need, and to spare.
const DESCRIPTORS: &str = "--nofile=8192:";

const EMAIL: &str = "person@example.com";
const PASSWORD: &str = "a password for the benchmark";

/// A page and a sign-in, in quiet and under spite.
pub(crate) struct Spite {
    quiet: Seen,
    under_spite: Seen,
    guesses: u32,
    refused: u32,
    connections_reopened: u32,
}

/// What was seen for a while.
struct Seen {
    page: Times,
    sign_in: Times,
    /// The most that was resident, in bytes.
    memory: u64,
}

struct Times {
    count: usize,
    p50_ms: f64,
    p99_ms: f64,
}

pub(crate) fn measure(place: &Place, seconds: u32) -> Result<Spite> {
    // Inherited by the server.
    let this = std::process::id().to_string();
    run(command("prlimit").args(["--pid", &this, DESCRIPTORS])).context("more descriptors")?;
    let database = place.sqlite("spite");
    place.seed(&database, &["--accounts", "1", "--person", EMAIL, PASSWORD])?;
    // Addresses are claimed, as behind a proxy.
    let node = place.dwell_node_behind_proxy("Dwell under spite", &database)?;
    let session = Session::begin(node.address, 1)?;
    let quiet = step("A page and a sign-in, in quiet", || {
        watch(&node, &session, seconds)
    })?;
    step("The same under spite", || {
        let spite = Attack::default();
        let under_spite = scope(|threads| {
            threads.spawn(|| spite.hold(node.address));
            for _ in 0..GUESSERS {
                threads.spawn(|| spite.guess(node.address));
            }
            let seen = spite
                .wait_until_it_lasts()
                .and_then(|()| watch(&node, &session, seconds));
            spite.is_over.store(true, Relaxed);
            seen
        })?;
        Ok(Spite {
            quiet,
            under_spite,
            guesses: spite.guesses.into_inner(),
            refused: spite.refused.into_inner(),
            connections_reopened: spite.reopened.into_inner(),
        })
    })
}

/// What is done to the server.
#[derive(Default)]
struct Attack {
    is_over: AtomicBool,
    holds: AtomicBool,
    guesses: AtomicU32,
    refused: AtomicU32,
    reopened: AtomicU32,
}

impl Attack {
    fn wait_until_it_lasts(&self) -> Result<()> {
        let stopwatch = Stopwatch::start();
        while !self.holds.load(Relaxed) {
            if stopwatch.elapsed().as_secs_f64() > 60.0 {
                bail!("the server does not take {} connections", 2 * HELD);
            }
            sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Holds half heads and half bodies, each with a byte now and then, and opens anew what the
    /// server has closed.
    fn hold(&self, address: SocketAddr) {
        let half = |place: usize| match place % 2 {
            0 => "GET / HTTP/1.1\r\nHost: dwell.example\r\n",
            _ => {
                "POST /sign-in HTTP/1.1\r\nHost: dwell.example\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: 60000\r\n\r\n"
            }
        };
        let open = |place: usize| -> std::io::Result<TcpStream> {
            let mut stream = TcpStream::connect(address)?;
            stream.write_all(half(place).as_bytes())?;
            Ok(stream)
        };
        let mut held: Vec<Option<TcpStream>> =
            (0..2 * HELD).map(|place| open(place).ok()).collect();
        self.holds.store(true, Relaxed);
        while !self.is_over.load(Relaxed) {
            for (place, stream) in held.iter_mut().enumerate() {
                let is_held = stream
                    .as_mut()
                    .is_some_and(|stream| stream.write_all(b"a").is_ok());
                if !is_held {
                    *stream = open(place).ok();
                    self.reopened.fetch_add(1, Relaxed);
                }
            }
            sleep(Duration::from_secs(1));
        }
    }

    /// Tries one password on one account after the other, known or not.
    fn guess(&self, address: SocketAddr) {
        let pause = Duration::from_secs(1) * GUESSERS / WRONG_A_SECOND;
        while !self.is_over.load(Relaxed) {
            let email = format!("{}@example.com", self.guesses.fetch_add(1, Relaxed));
            let answered = sign_in(address, "198.51.100.1", &email, "wrong");
            if answered.is_ok_and(|answer| answer.status == 429) {
                self.refused.fetch_add(1, Relaxed);
            }
            sleep(pause);
        }
    }
}

/// Asks for the page and signs in, one after the other, for so many seconds.
fn watch(node: &Node, session: &Session, seconds: u32) -> Result<Seen> {
    let (mut pages, mut sign_ins) = (Vec::new(), Vec::new());
    let mut memory = 0;
    let whole = Stopwatch::start();
    while whole.elapsed().as_secs_f64() < f64::from(seconds) {
        let stopwatch = Stopwatch::start();
        let page = super::http::get(node.address, "/workspace", &session.headers())?;
        pages.push(1000.0 * stopwatch.elapsed().as_secs_f64());
        ensure!(page.status == 200, "the page gives {}", page.status);

        let from = format!("203.0.113.{}", sign_ins.len() % 250);
        let stopwatch = Stopwatch::start();
        let answer = sign_in(node.address, &from, EMAIL, PASSWORD)?;
        sign_ins.push(1000.0 * stopwatch.elapsed().as_secs_f64());
        ensure!(answer.status == 303, "signing in gives {}", answer.status);
        memory = memory.max(node.program.memory()?);
    }
    Ok(Seen {
        page: Times::of(pages)?,
        sign_in: Times::of(sign_ins)?,
        memory,
    })
}

fn sign_in(address: SocketAddr, from: &str, email: &str, password: &str) -> Result<Answer> {
    let form = format!(
        "email={email}&password={}&next=",
        password.replace(' ', "+")
    );
    let mut exchange = Exchange::connect(address)?;
    exchange.write(&format!(
        "POST /sign-in HTTP/1.1\r\nHost: {address}\r\nAccept: text/html\r\n\
         X-Forwarded-For: {from}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    ))?;
    exchange.answer()
}

impl Times {
    fn of(mut millis: Vec<f64>) -> Result<Self> {
        millis.sort_by(f64::total_cmp);
        let of_hundred = |percent: usize| {
            let place = (millis.len() * percent / 100).min(millis.len().saturating_sub(1));
            millis.get(place).copied().context("nothing was measured")
        };
        Ok(Self {
            count: millis.len(),
            p50_ms: of_hundred(50)?,
            p99_ms: of_hundred(99)?,
        })
    }

    fn to_json(&self) -> Value {
        json!({ "count": self.count, "p50_ms": self.p50_ms, "p99_ms": self.p99_ms })
    }
}

impl Seen {
    fn to_json(&self) -> Value {
        json!({
            "page": self.page.to_json(),
            "sign_in": self.sign_in.to_json(),
            "memory_bytes": self.memory,
        })
    }
}

impl Spite {
    pub(crate) fn print(&self) {
        println!(
            "\n| {WRONG_A_SECOND} wrong sign-ins a second, {HELD} half heads, {HELD} half bodies \
             | in quiet | under spite |"
        );
        println!("| --- | ---: | ---: |");
        let times = |what: &str, of: fn(&Seen) -> &Times| {
            let (quiet, spite) = (of(&self.quiet), of(&self.under_spite));
            for (name, quiet, spite) in [
                ("p50", quiet.p50_ms, spite.p50_ms),
                ("p99", quiet.p99_ms, spite.p99_ms),
            ] {
                println!("| {what}, {name} | {quiet:.1} ms | {spite:.1} ms |");
            }
        };
        times("a signed-in page", |seen| &seen.page);
        times("a right sign-in from another address", |seen| &seen.sign_in);
        let megabytes = |seen: &Seen| seen.memory / 1_000_000;
        println!(
            "| memory of the server | {} MB | {} MB |",
            megabytes(&self.quiet),
            megabytes(&self.under_spite)
        );
        println!(
            "\nOf {} wrong sign-ins {} were refused without a look at the password; {} connections \
             were opened anew after the server had closed them.",
            self.guesses, self.refused, self.connections_reopened
        );
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "spite": {
                "wrong_sign_ins_per_second": WRONG_A_SECOND,
                "half_heads": HELD,
                "half_bodies": HELD,
                "quiet": self.quiet.to_json(),
                "under_spite": self.under_spite.to_json(),
                "wrong_sign_ins": self.guesses,
                "wrong_sign_ins_refused": self.refused,
                "connections_reopened": self.connections_reopened,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_many_are_told_by_their_middle_and_their_end() {
        let times = Times::of((0..200).rev().map(f64::from).collect()).unwrap();
        assert_eq!(
            (times.count, times.p50_ms, times.p99_ms),
            (200, 100.0, 198.0)
        );
        assert!(Times::of(Vec::new()).is_err());
    }
}
