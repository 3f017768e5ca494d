//! Starts the servers that tests need: PostgreSQL and Redis.

#![allow(dead_code, reason = "each suite uses only a part of this module")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio, id},
    sync::{
        LazyLock, OnceLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    thread::sleep,
    time::Duration,
};

use tempfile::TempDir;

const HINT: &str = "`cargo xtask setup` installs it, or `apt-get install postgresql redis-server`";
const PASSWORD: &str = "a secret of this test run";

/// A server that ends with the test process. A shell script controls it and reads commands from a
/// pipe. When the pipe closes, the script stops the server and removes its directory.
pub struct Server {
    pub port: u16,
    log: PathBuf,
    controller: Child,
    replies: BufReader<ChildStdout>,
}

impl Drop for Server {
    /// The servers in statics are never dropped. Their pipes close when the process ends.
    fn drop(&mut self) {
        drop(self.controller.stdin.take());
        let _ = self.controller.wait();
    }
}

/// The PostgreSQL server that all tests of this process share. The first test that needs it starts
/// it.
pub fn postgres() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::postgres)
}

/// The Redis server that all tests of this process share. The first test that needs it starts it.
pub fn redis() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::redis(&["--save", "", "--databases", "250"]))
}

/// Connects to PostgreSQL with `connect`. It tries several times, because the server listens before
/// it accepts connections.
pub async fn connected<Connection, Error>(
    connect: impl AsyncFn() -> Result<Connection, Error>,
) -> Connection {
    for _ in 0..200 {
        match connect().await {
            Ok(connection) => return connection,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    panic!("PostgreSQL does not accept connections");
}

/// Creates a temporary directory, in memory if possible.
pub fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::Builder::new().prefix("dwell-").tempdir_in(memory),
        false => tempfile::Builder::new().prefix("dwell-").tempdir(),
    }
    .unwrap()
}

impl Server {
    /// Starts a PostgreSQL server.
    pub fn postgres() -> Self {
        Self::postgres_with(&[])
    }

    /// Starts a PostgreSQL server with these environment variables.
    pub fn postgres_with(environment: &[(&str, String)]) -> Self {
        let programs = postgres_programs();
        let directory = directory().keep();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        let data = directory.join("data");
        let password = directory.join("password");
        fs::create_dir(&data).unwrap();
        fs::write(&password, PASSWORD).unwrap();
        if *IS_ROOT {
            run(Command::new("chown")
                .arg("-R")
                .arg("postgres")
                .arg(&directory));
        }
        let mut initdb = as_unprivileged_user(&programs.join("initdb"));
        initdb.extend(
            [
                "--username=dwell",
                "--auth=scram-sha-256",
                "--no-sync",
                "--encoding=UTF8",
            ]
            .map(str::to_owned),
        );
        initdb.push(format!("--pwfile={}", password.display()));
        initdb.push(format!("--pgdata={}", data.display()));
        run(Command::new(&initdb[0]).args(&initdb[1..]).current_dir("/"));

        let port = free_port();
        let mut command = as_unprivileged_user(Path::new("env"));
        command.extend(
            environment
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        command.push(programs.join("postgres").display().to_string());
        command.extend(["-D".to_owned(), data.display().to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            format!("unix_socket_directories={}", directory.display()),
            "max_connections=300".to_owned(),
            // The data does not have to survive a power failure.
            "fsync=off".to_owned(),
            "full_page_writes=off".to_owned(),
        ] {
            command.extend(["-c".to_owned(), setting]);
        }
        Self::keep(&command, &directory, port)
    }

    /// Starts a Redis server with these settings.
    pub fn redis(settings: &[&str]) -> Self {
        let program = ["redis-server", "valkey-server"]
            .into_iter()
            .find_map(on_path)
            .unwrap_or_else(|| panic!("there is no redis-server: {HINT}"));
        let directory = directory().keep();
        let port = free_port();
        let mut command = vec![program.display().to_string()];
        let port_text = port.to_string();
        let place = directory.display().to_string();
        for argument in [
            "--port",
            &port_text,
            "--bind",
            "127.0.0.1",
            "--dir",
            &place,
            "--requirepass",
            PASSWORD,
            "--loglevel",
            "warning",
        ]
        .iter()
        .chain(settings)
        {
            command.push((*argument).to_owned());
        }
        Self::keep(&command, &directory, port)
    }

    /// The URL of the server, with the password.
    pub fn url(&self, scheme: &str, user: &str, path: &str) -> String {
        let password = PASSWORD.replace(' ', "%20");
        format!(
            "{scheme}://{user}:{password}@127.0.0.1:{}/{path}",
            self.port
        )
    }

    /// Starts a server with `command`, which listens on `port` and whose files are in `directory`.
    pub fn keep(command: &[String], directory: &Path, port: u16) -> Self {
        let script = r#"trap '' INT
            directory=$1; shift
            send() {
                kill -s "$1" "$server" $(cat "/proc/$server/task/$server/children")
            }
            while read -r order signal; do
                case $order in
                    start) "$@" >>"$directory/log" 2>&1 </dev/null & server=$! ;;
                    signal) send "$signal" ;;
                    end) send "$signal"; wait "$server"; server= ;;
                esac
                echo
            done
            send CONT; kill -s INT "$server"; wait "$server"; rm -rf "$directory""#;
        let mut controller = Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(directory)
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let replies = BufReader::new(controller.stdout.take().unwrap());
        let mut server = Self {
            port,
            log: directory.join("log"),
            controller,
            replies,
        };
        server.start();
        server
    }

    /// Starts the server, for the first time or again, and waits until it listens.
    pub fn start(&mut self) {
        self.order("start");
        for _ in 0..600 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("the server does not start: {}", self.log());
    }

    /// The log of the server.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Executes the command `signal SIGNAL`, which sends a signal to all processes of the server,
    /// or `end SIGNAL`, which also waits until the server has ended.
    pub fn order(&mut self, order: &str) {
        writeln!(self.controller.stdin.as_ref().unwrap(), "{order}").unwrap();
        self.replies.read_line(&mut String::new()).unwrap();
    }
}

fn postgres_programs() -> PathBuf {
    let newest = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .map(|version| version.unwrap().path().join("bin"))
        .filter(|programs| programs.join("postgres").is_file())
        .max();
    newest
        .or_else(|| Some(on_path("postgres")?.parent()?.to_path_buf()))
        .unwrap_or_else(|| panic!("there is no PostgreSQL server: {HINT}"))
}

static IS_ROOT: LazyLock<bool> = LazyLock::new(|| {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
});

/// The command for a program that does not run as root, because PostgreSQL refuses to.
fn as_unprivileged_user(program: &Path) -> Vec<String> {
    let program = program.display().to_string();
    match *IS_ROOT {
        true => [
            "setpriv",
            "--reuid=postgres",
            "--regid=postgres",
            "--init-groups",
            &program,
        ]
        .map(str::to_owned)
        .to_vec(),
        false => vec![program],
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|file| file.is_file())
}

/// Returns a port on which nothing listens. This function returns each port only once, and the
/// system does not assign it to others, because the system assigns ports from 32,768.
pub fn free_port() -> u16 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let ports = 20_000..32_768;
    loop {
        let offset = id().wrapping_add(COUNT.fetch_add(1, Relaxed));
        let port = ports.start + (offset % u32::from(ports.end - ports.start)) as u16;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
