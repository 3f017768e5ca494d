//! `dwell`: the server, and what its operator needs.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a command"
)]

use std::{
    io::{IsTerminal as _, Read as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use dwell::{
    Rule,
    clock::{Clock as _, SystemClock},
};
use dwell_server::{
    accounts::{AddAccountError, Email, Password},
    application::{Application, accounts},
    config::{Config, SessionStore, Settings, cookie_advice},
    database::{self, Checked, Database},
    telemetry,
};
use mimalloc::MiMalloc;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};

/// A request allocates some dozens of times, so it shows what that takes.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What `dwell user add` exits with where the address is taken.
const TAKEN: u8 = 3;

/// Session timeouts on which the browser and the server agree.
///
/// Settings are read from dwell.toml in the current directory and from the environment, which
/// wins: idle_timeout = "30m" in the file is DWELL_IDLE_TIMEOUT=30m in the environment.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the application (also without any command)
    Serve,
    /// Manage accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Copy the SQLite database into a file, while the server runs or not
    ///
    /// Everybody is signed out in the copy, so that putting it in the place of the database brings
    /// no ended session back.
    Backup {
        /// The file to make
        file: PathBuf,
    },
    /// Look through the database, while the server runs or not; exits with 1 if something is wrong
    ///
    /// Of SQLite: that its file is whole, that what refers to something finds it, that the schema is
    /// that of this version, and that every row can be read. Of PostgreSQL, which looks after its
    /// files itself: the schema and the sessions. What is in Redis is not looked at.
    Check,
    /// Print the limits in force and the rules they are checked against
    Policy,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add an account; exits with 3 if there is one with this address
    Add {
        /// The address to sign in with
        email: Email,
        /// Read the password from standard input instead of making one and printing it
        #[arg(long)]
        password_stdin: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command.unwrap_or(Command::Serve)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("dwell: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let settings = Settings::read(Path::new("dwell.toml"), environment())?;
    let config = Config::from_settings(&settings)?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    match command {
        Command::Serve => runtime.block_on(serve(config)),
        Command::User(UserCommand::Add {
            email,
            password_stdin,
        }) => runtime.block_on(add_user(&config, &email, password_stdin)),
        Command::Backup { file } => {
            let now = SystemClock::start().now();
            runtime.block_on(database::back_up(&config.database_url, &file, now))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Check => runtime.block_on(check(&config)),
        Command::Policy => {
            print_policy(&config);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The variables that are text; others cannot be settings.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

async fn serve(config: Config) -> anyhow::Result<ExitCode> {
    let mut stop = StopSignals::expect().context("cannot wait for signals")?;
    let _log = telemetry::start(&config.log);
    for advice in config.policy.advice(config.preset) {
        tracing::warn!("{advice}");
    }
    if let Some(advice) = cookie_advice(&config.cookie) {
        tracing::warn!("{advice}");
    }
    let application = Application::build(config).await?;
    tracing::info!(address = %application.address(), "listening");
    let (ask, asked) = oneshot::channel();
    let running = application.run_until(async {
        // Where nobody can ask any more, somebody has.
        let _ = asked.await;
    });
    let insisting = async {
        stop.asked().await;
        // It may have stopped already.
        let _ = ask.send(());
        stop.asked().await;
    };
    tokio::select! {
        ran = running => {
            ran?;
            tracing::info!("stopped");
            Ok(ExitCode::SUCCESS)
        }
        () = insisting => {
            tracing::warn!("stopped at once: what was under way is lost");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// How an operator, with Ctrl-C, and a service manager ask the server to stop.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    /// From now on none is missed.
    fn expect() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

async fn add_user(
    config: &Config,
    email: &Email,
    password_stdin: bool,
) -> anyhow::Result<ExitCode> {
    let (password, generated) = if password_stdin {
        (Password::chosen(read_password()?)?, None)
    } else {
        let (password, text) = Password::generated();
        (password, Some(text))
    };
    let database = Database::open(&config.database_url, config.connections).await?;
    let accounts = accounts(database, Arc::new(SystemClock::start()))?;
    match accounts.add(email, password).await {
        Ok(_) => {
            println!("email: {email}");
            if let Some(text) = generated {
                println!("password: {text}");
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(error @ AddAccountError::Taken(_)) => {
            eprintln!("dwell: {error}");
            Ok(ExitCode::from(TAKEN))
        }
        Err(error) => Err(error.into()),
    }
}

async fn check(config: &Config) -> anyhow::Result<ExitCode> {
    let Checked { looked_at, wrong } =
        database::check(&config.database_url, config.connections).await?;
    let place = &config.database_url;
    for finding in &wrong {
        println!("{finding}");
    }
    if wrong.is_empty() {
        println!("{place}: nothing wrong with {looked_at}");
        if let SessionStore::Redis(redis) = &config.session_store {
            println!("{redis}: the sessions are there, and have not been looked at");
        }
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("dwell: {place} is not as it should be: restore a backup, or ask for help");
    Ok(ExitCode::FAILURE)
}

fn read_password() -> anyhow::Result<String> {
    let mut text = String::new();
    if std::io::stdin().is_terminal() {
        eprintln!("Type the password, then Enter and Ctrl-D:");
    }
    std::io::stdin()
        .read_to_string(&mut text)
        .context("cannot read the password from standard input")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn print_policy(config: &Config) {
    let limits = config.policy.limits();
    let preset = config.preset.map_or("none", |preset| preset.name());
    println!("preset            {preset}");
    for (name, limit) in [
        ("idle timeout", limits.idle),
        ("absolute timeout", limits.absolute),
        ("warning", limits.warning),
        ("grace", limits.grace),
        ("touch interval", config.policy.touch_interval()),
    ] {
        println!("{name:<17} {}", humantime::format_duration(limit));
    }
    println!();
    for rule in Rule::all(config.preset) {
        let holds = if rule.holds(&limits) {
            "holds "
        } else {
            "BROKEN"
        };
        println!("{holds}  {rule} ({})", rule.source());
    }
}
