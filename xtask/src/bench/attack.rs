//! Measures what people notice of Dwell while somebody attacks it.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread::{scope, sleep};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::http::{Answer, Exchange};
use super::session::Session;
use super::subjects::{Environment, Node};
use crate::process::{command, run};
use crate::step::step;
use crate::stopwatch::Stopwatch;

/// How many connections hold an incomplete head, and as many hold an incomplete body.
const HELD: usize = 1_000;

/// How many wrong sign-ins are sent in a second, from one address.
const WRONG_A_SECOND: u32 = 200;

/// How many threads send wrong sign-ins, each over one connection after the other.
const GUESSERS: u32 = 8;

/// The limit of file descriptors, which is more than both processes need.
const DESCRIPTORS: &str = "--nofile=8192:";

const EMAIL: &str = "person@example.com";
const PASSWORD: &str = "a password for the benchmark";

/// The results for a page and a sign-in, before and during the attack.
pub(crate) struct Results {
    before: Measurements,
    during: Measurements,
    guesses: u32,
    refused: u32,
    connections_reopened: u32,
}

/// What was measured during some time.
struct Measurements {
    page: Times,
    sign_in: Times,
    /// The largest resident memory, in bytes.
    memory: u64,
}

struct Times {
    count: usize,
    p50_ms: f64,
    p99_ms: f64,
}

pub(crate) fn measure(environment: &Environment, seconds: u32) -> Result<Results> {
    // The server inherits the limit.
    let this = std::process::id().to_string();
    run(command("prlimit").args(["--pid", &this, DESCRIPTORS]))
        .context("cannot raise the limit of file descriptors")?;
    let database = environment.sqlite("attack");
    environment.seed(&database, &["--accounts", "1", "--person", EMAIL, PASSWORD])?;
    // The requests claim to come from several addresses, as behind a proxy.
    let node = environment.dwell_node_behind_proxy("Dwell under attack", &database)?;
    let session = Session::begin(node.address, 1)?;
    let before = step("Measure a page and a sign-in before the attack", || {
        watch(&node, &session, seconds)
    })?;
    step("Measure the same during the attack", || {
        let attack = Attack::default();
        let during = scope(|threads| {
            threads.spawn(|| attack.hold(node.address));
            for _ in 0..GUESSERS {
                threads.spawn(|| attack.guess(node.address));
            }
            let measured = attack
                .wait_until_begun()
                .and_then(|()| watch(&node, &session, seconds));
            attack.is_over.store(true, Relaxed);
            measured
        })?;
        Ok(Results {
            before,
            during,
            guesses: attack.guesses.into_inner(),
            refused: attack.refused.into_inner(),
            connections_reopened: attack.reopened.into_inner(),
        })
    })
}

/// The attack.
#[derive(Default)]
struct Attack {
    is_over: AtomicBool,
    holds: AtomicBool,
    guesses: AtomicU32,
    refused: AtomicU32,
    reopened: AtomicU32,
}

impl Attack {
    fn wait_until_begun(&self) -> Result<()> {
        let stopwatch = Stopwatch::start();
        while !self.holds.load(Relaxed) {
            if stopwatch.elapsed().as_secs_f64() > 60.0 {
                bail!("the server does not accept {} connections", 2 * HELD);
            }
            sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Holds connections with incomplete heads and bodies, sends a byte on each now and then, and
    /// reopens those that the server has closed.
    fn hold(&self, address: SocketAddr) {
        let half = |index: usize| match index % 2 {
            0 => "GET / HTTP/1.1\r\nHost: dwell.example\r\n",
            _ => {
                "POST /sign-in HTTP/1.1\r\nHost: dwell.example\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: 60000\r\n\r\n"
            }
        };
        let open = |index: usize| -> std::io::Result<TcpStream> {
            let mut stream = TcpStream::connect(address)?;
            stream.write_all(half(index).as_bytes())?;
            Ok(stream)
        };
        let mut held: Vec<Option<TcpStream>> =
            (0..2 * HELD).map(|index| open(index).ok()).collect();
        self.holds.store(true, Relaxed);
        while !self.is_over.load(Relaxed) {
            for (index, stream) in held.iter_mut().enumerate() {
                let is_held = stream
                    .as_mut()
                    .is_some_and(|stream| stream.write_all(b"a").is_ok());
                if !is_held {
                    *stream = open(index).ok();
                    self.reopened.fetch_add(1, Relaxed);
                }
            }
            sleep(Duration::from_secs(1));
        }
    }

    /// Tries a password on one account after the other, whether it exists or not.
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

/// Requests the page and signs in, alternately, for this many seconds.
fn watch(node: &Node, session: &Session, seconds: u32) -> Result<Measurements> {
    let (mut pages, mut sign_ins) = (Vec::new(), Vec::new());
    let mut memory = 0;
    let whole = Stopwatch::start();
    while whole.elapsed().as_secs_f64() < f64::from(seconds) {
        let stopwatch = Stopwatch::start();
        let page = super::http::get(node.address, "/workspace", &session.headers())?;
        pages.push(1000.0 * stopwatch.elapsed().as_secs_f64());
        ensure!(
            page.status == 200,
            "the page was answered with {}",
            page.status
        );

        let from = format!("203.0.113.{}", sign_ins.len() % 250);
        let stopwatch = Stopwatch::start();
        let answer = sign_in(node.address, &from, EMAIL, PASSWORD)?;
        sign_ins.push(1000.0 * stopwatch.elapsed().as_secs_f64());
        ensure!(
            answer.status == 303,
            "signing in was answered with {}",
            answer.status
        );
        memory = memory.max(node.program.memory()?);
    }
    Ok(Measurements {
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
            let rank = (millis.len() * percent / 100).min(millis.len().saturating_sub(1));
            millis.get(rank).copied().context("nothing was measured")
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

impl Measurements {
    fn to_json(&self) -> Value {
        json!({
            "page": self.page.to_json(),
            "sign_in": self.sign_in.to_json(),
            "memory_bytes": self.memory,
        })
    }
}

impl Results {
    pub(crate) fn print(&self) {
        println!(
            "\n| {WRONG_A_SECOND} wrong sign-ins a second, {HELD} incomplete heads, {HELD} incomplete \
             bodies | before | during the attack |"
        );
        println!("| --- | ---: | ---: |");
        let times = |what: &str, of: fn(&Measurements) -> &Times| {
            let (before, during) = (of(&self.before), of(&self.during));
            for (name, before, during) in [
                ("p50", before.p50_ms, during.p50_ms),
                ("p99", before.p99_ms, during.p99_ms),
            ] {
                println!("| {what}, {name} | {before:.1} ms | {during:.1} ms |");
            }
        };
        times("a page of somebody who is signed in", |measured| {
            &measured.page
        });
        times(
            "a sign-in with the right password, from another address",
            |measured| &measured.sign_in,
        );
        let megabytes = |measured: &Measurements| measured.memory / 1_000_000;
        println!(
            "| memory of the server | {} MB | {} MB |",
            megabytes(&self.before),
            megabytes(&self.during)
        );
        println!(
            "\nOf {} wrong sign-ins, {} were refused without verifying the password. {} connections \
             were reopened after the server had closed them.",
            self.guesses, self.refused, self.connections_reopened
        );
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "attack": {
                "wrong_sign_ins_per_second": WRONG_A_SECOND,
                "half_heads": HELD,
                "half_bodies": HELD,
                "before": self.before.to_json(),
                "during": self.during.to_json(),
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
    fn the_median_and_the_99th_percentile_are_computed() {
        let times = Times::of((0..200).rev().map(f64::from).collect()).unwrap();
        assert_eq!(
            (times.count, times.p50_ms, times.p99_ms),
            (200, 100.0, 198.0)
        );
        assert!(Times::of(Vec::new()).is_err());
    }
}
