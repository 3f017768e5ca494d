//! The running server, over a real connection.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread::JoinHandle,
    time::Duration,
};

use tempfile::TempDir;
use tower_sessions::cookie::Cookie;

use super::{EMAIL, PASSWORD};
use crate::cli::{ADD, dwell};

const USUAL: [(&str, &str); 2] = [("DWELL_ADDR", "127.0.0.1:0"), ("DWELL_SITE_ROOT", "site")];

/// `dwell serve`, stopped when the test is over.
pub struct Server {
    child: Child,
    address: String,
    metrics_address: Option<String>,
    log: Option<JoinHandle<String>>,
}

impl Server {
    /// Starts a server with one account, that of [`EMAIL`].
    pub fn start(directory: &TempDir, settings: &[(&str, &str)]) -> Self {
        Self::prepare(directory);
        Self::start_again(directory, settings)
    }

    /// Starts the same server in a shell that has run `limit` before.
    pub fn start_within(directory: &TempDir, limit: &str, settings: &[(&str, &str)]) -> Self {
        Self::prepare(directory);
        let settings = [&USUAL, settings].concat();
        let serve = dwell(directory, &["serve"], &settings);
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", &format!("{limit} && exec \"$0\" serve")])
            .arg(serve.get_program())
            .current_dir(directory.path())
            .env_clear()
            .envs(settings)
            .stderr(Stdio::piped());
        Self::run(shell)
    }

    fn prepare(directory: &TempDir) {
        let mut adding = dwell(directory, &ADD, &[]).spawn().unwrap();
        let mut stdin = adding.stdin.take().unwrap();
        stdin.write_all(PASSWORD.as_bytes()).unwrap();
        drop(stdin);
        assert!(adding.wait().unwrap().success());

        let pkg = directory.path().join("site/pkg");
        std::fs::create_dir_all(&pkg).unwrap();
        std::fs::write(pkg.join("dwell.js"), "export default 1;").unwrap();
    }

    /// Starts a server with the database that is in `directory`.
    pub fn start_again(directory: &TempDir, settings: &[(&str, &str)]) -> Self {
        Self::run(dwell(directory, &["serve"], &[&USUAL, settings].concat()))
    }

    /// Starts a server with the database in `directory`, for which no file can grow beyond `bytes`,
    /// as on a full disk.
    pub fn start_with_room_for(bytes: u64, directory: &TempDir) -> Self {
        let serve = dwell(directory, &["serve"], &USUAL);
        // The signal would end the process, which a full disk does not, so it is ignored.
        let limited = r#"trap "" XFSZ; exec /usr/bin/prlimit --fsize="$0": "$@""#;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", limited, &bytes.to_string()])
            .arg(serve.get_program())
            .args(serve.get_args())
            .current_dir(directory.path())
            .env_clear()
            .envs(USUAL)
            .stderr(Stdio::piped());
        Self::run(command)
    }

    /// Lets files grow again.
    pub fn make_room(&self) {
        let pid = self.child.id().to_string();
        let made = Command::new("/usr/bin/prlimit")
            .args(["--fsize=unlimited:", "--pid", &pid])
            .status();
        assert!(made.unwrap().success());
    }

    fn run(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, told) = mpsc::channel();
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            let mut metrics = None;
            for line in lines.map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("metrics address=") {
                    metrics = Some(address.to_owned());
                }
                if let Some((_, address)) = line.split_once("listening address=") {
                    tell.send((address.to_owned(), metrics.take())).unwrap();
                }
                text.push_str(&line);
                text.push('\n');
            }
            text
        });
        let Ok((address, metrics_address)) = told.recv() else {
            panic!("it does not listen: {}", log.join().unwrap());
        };
        Self {
            child,
            address,
            metrics_address,
            log: Some(log),
        }
    }

    /// A new connection.
    pub fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).unwrap()
    }

    /// Its resident memory, in bytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap();
        let (_, resident) = status.split_once("VmRSS:").unwrap();
        let kilobytes: u64 = resident.split_whitespace().next().unwrap().parse().unwrap();
        1024 * kilobytes
    }

    /// Sends `bytes` as they are, and reads the answer to its end.
    pub fn send(&self, bytes: &str) -> String {
        send(&self.address, bytes)
    }

    pub fn post(&self, path: &str, headers: &str, form: &str) -> String {
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\naccept: text/html\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n{headers}\r\n{form}",
            self.address,
            form.len(),
        ))
    }

    pub fn get(&self, path: &str, headers: &str) -> String {
        get(&self.address, path, headers)
    }

    /// Sends a GET to the address of the metrics.
    pub fn get_from_metrics_address(&self, path: &str) -> String {
        get(self.metrics_address.as_ref().unwrap(), path, "")
    }

    /// Signs in through the form.
    pub fn sign_in(&self, headers: &str) -> String {
        self.sign_in_with(PASSWORD, headers)
    }

    pub fn sign_in_with(&self, password: &str, headers: &str) -> String {
        let credentials = form_urlencoded::Serializer::new(String::new())
            .append_pair("email", EMAIL)
            .append_pair("password", password)
            .finish();
        self.post("/sign-in", headers, &credentials)
    }

    /// Asks it to stop, as a service manager does, and returns its log.
    pub fn stop(self) -> (ExitStatus, String) {
        self.signal(&["TERM"])
    }

    /// Asks it to stop twice.
    pub fn stop_twice(self) -> (ExitStatus, String) {
        self.signal(&["TERM", "INT"])
    }

    fn signal(mut self, signals: &[&str]) -> (ExitStatus, String) {
        for signal in signals {
            let asked = Command::new("kill")
                .args(["-s", signal, &self.child.id().to_string()])
                .status();
            assert!(asked.unwrap().success());
        }
        let status = self.child.wait().unwrap();
        (status, self.log.take().unwrap().join().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process has ended already unless the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `/readyz` answers with this status.
pub fn wait_until_ready_is(server: &Server, status: &str) -> String {
    loop {
        let answer = server.get("/readyz", "");
        if answer.starts_with(&format!("HTTP/1.1 {status}")) {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn get(address: &str, path: &str, headers: &str) -> String {
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\naccept: text/html\r\n{headers}\r\n"
    );
    send(address, &request)
}

fn send(address: &str, bytes: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(bytes.as_bytes()).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// The cookie that an answer sets.
pub fn cookie_of(answer: &str) -> Cookie<'static> {
    let line = answer
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .unwrap_or_else(|| panic!("{answer}"));
    Cookie::parse(line.to_owned()).unwrap()
}

/// The header with which a browser sends the cookie that `answer` sets.
pub fn cookie_header(answer: &str) -> String {
    let cookie = cookie_of(answer);
    format!("cookie: {}={}\r\n", cookie.name(), cookie.value())
}

/// The generation in the forms of a page.
pub fn generation_of(page: &str) -> &str {
    let (_, rest) = page.split_once("name=\"generation\" value=\"").unwrap();
    rest.split_once('"').unwrap().0
}
