//! The running server, over a real connection, with every log line it can write.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, ExitStatus},
    sync::mpsc,
    thread::JoinHandle,
    time::Duration,
};

use dwell_server::{connections::Connections, database};
use tempfile::TempDir;
use tower_sessions::cookie::Cookie;

use crate::{
    cli::{ADD, dwell},
    harness::{EMAIL, PASSWORD},
};

/// `dwell serve`, stopped when the test is over.
struct Server {
    child: Child,
    address: String,
    log: Option<JoinHandle<String>>,
}

impl Server {
    fn start(directory: &TempDir, log: &str) -> Self {
        let mut adding = dwell(directory, &ADD, &[]).spawn().unwrap();
        let mut stdin = adding.stdin.take().unwrap();
        stdin.write_all(PASSWORD.as_bytes()).unwrap();
        drop(stdin);
        assert!(adding.wait().unwrap().success());

        let pkg = directory.path().join("site/pkg");
        std::fs::create_dir_all(&pkg).unwrap();
        std::fs::write(pkg.join("dwell.js"), "export default 1;").unwrap();
        let settings = [
            ("DWELL_ADDR", "127.0.0.1:0"),
            ("DWELL_SITE_ROOT", "site"),
            ("DWELL_LOG", log),
        ];
        let mut child = dwell(directory, &["serve"], &settings).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, told) = mpsc::channel();
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            for line in lines.map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("listening address=") {
                    tell.send(address.to_owned()).unwrap();
                }
                text.push_str(&line);
                text.push('\n');
            }
            text
        });
        Self {
            address: told.recv().unwrap(),
            child,
            log: Some(log),
        }
    }

    /// Sends `bytes` as they are, and reads the answer to its end.
    fn send(&self, bytes: &str) -> String {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        connection.write_all(bytes.as_bytes()).unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn post(&self, path: &str, headers: &str, form: &str) -> String {
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\naccept: text/html\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n{headers}\r\n{form}",
            self.address,
            form.len(),
        ))
    }

    fn get(&self, path: &str, headers: &str) -> String {
        self.send(&format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\naccept: text/html\r\n{headers}\r\n",
            self.address
        ))
    }

    /// Asks it to stop, as a service manager does. Gives what it wrote down.
    fn stop(mut self) -> (ExitStatus, String) {
        let asked = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        assert!(asked.unwrap().success());
        let status = self.child.wait().unwrap();
        (status, self.log.take().unwrap().join().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is gone already unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cookie_of(answer: &str) -> Cookie<'static> {
    let line = answer
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .unwrap_or_else(|| panic!("{answer}"));
    Cookie::parse(line.to_owned()).unwrap()
}

fn generation_of(page: &str) -> &str {
    let (_, rest) = page.split_once("name=\"generation\" value=\"").unwrap();
    rest.split_once('"').unwrap().0
}

// F3
#[tokio::test]
async fn a_running_server_deletes_drafts_that_have_expired() {
    let directory = TempDir::new().unwrap();
    let server = Server::start(&directory, "info");
    let file = directory.path().join("data/dwell.db");
    let url = format!("sqlite://{}", file.display());
    let pool = database::open(&url.parse().unwrap(), Connections::default())
        .await
        .unwrap();
    sqlx::query("insert into drafts values (1, 'expired', 'note', '[]', 0)")
        .execute(&pool)
        .await
        .unwrap();
    let mut left = 1;
    for _ in 0..100 {
        (left,) = sqlx::query_as("select count(*) from drafts")
            .fetch_one(&pool)
            .await
            .unwrap();
        if left == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(left, 0);
    server.stop();
}

// L1, L3, L4, E3
#[test]
fn a_whole_session_leaves_no_id_in_the_log() {
    let directory = TempDir::new().unwrap();
    let server = Server::start(&directory, "trace,[request]=trace");
    let credentials = form_urlencoded::Serializer::new(String::new())
        .append_pair("email", EMAIL)
        .append_pair("password", PASSWORD)
        .finish();
    let agent = "user-agent: A\tbrowser/1.0\r\n";
    let signed_in = server.post("/sign-in", agent, &credentials);
    assert!(signed_in.starts_with("HTTP/1.1 303"), "{signed_in}");
    let cookie = cookie_of(&signed_in);
    let id = cookie.value();
    let as_header = format!("cookie: {}={id}\r\n", cookie.name());

    let elsewhere = server.post("/sign-in", agent, &credentials);
    let page = server.get("/account", &as_header);
    assert!(page.contains("Abrowser/1.0"), "{page}");
    assert!(page.contains("127.0.0.1, signed in"), "{page}");
    let folded = server.get("/", "user-agent: a\r\n session_created INJECTED\r\n");
    assert!(folded.starts_with("HTTP/1.1 400"), "{folded}");

    let form = format!("generation={}", generation_of(&page));
    let signed_out = server.post("/sign-out", &as_header, &form);
    assert!(signed_out.starts_with("HTTP/1.1 303"), "{signed_out}");
    let late = server.get("/workspace", &as_header);
    assert!(late.contains("location: /sign-in"), "{late}");
    let (status, log) = server.stop();

    assert!(status.success(), "{status}");
    assert!(
        log.contains("DEBUG request{method=POST path=\"/sign-in\"}"),
        "{log}"
    );
    assert_eq!(log.matches("event=\"session_created\"").count(), 2);
    assert!(log.contains("reason=signed_out"));
    let other = cookie_of(&elsewhere);
    for secret in [id, other.value(), PASSWORD, "INJECTED", "\u{1b}"] {
        let leak = log.lines().find(|line| line.contains(secret));
        assert_eq!(leak, None);
    }
}
