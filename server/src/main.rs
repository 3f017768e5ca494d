//! The command `dwell`: the server, and the tools for its operator.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command prints to standard output and standard error"
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

/// A request makes dozens of allocations, so the speed of the allocator matters.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The exit code of `dwell user add` if an account with the address exists.
const ACCOUNT_EXISTS: u8 = 3;

/// Session timeouts on which the browser and the server agree.
///
/// Settings are read from dwell.toml in the current directory and from the environment, which
/// takes precedence: idle_timeout = "30m" in the file is DWELL_IDLE_TIMEOUT=30m in the environment.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the application (the default without a command)
    Serve,
    /// Manage accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Copy the SQLite database into a file; the server may be running
    ///
    /// All sessions are ended in the copy, so that restoring it revives none.
    Backup {
        /// The file to create
        file: PathBuf,
    },
    /// Check the database; the server may be running. Exits with 1 if there is a problem
    ///
    /// For SQLite, the file, the references between tables, the schema and every row are checked.
    /// For PostgreSQL, which checks its files itself, the schema and the sessions are checked.
    /// Sessions in Redis are not checked.
    Check,
    /// Print the limits in force and the rules they are checked against
    Policy,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add an account; exits with 3 if an account with this address exists
    Add {
        /// The address to sign in with
        email: Email,
        /// Read the password from standard input instead of generating and printing one
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

/// The variables that are valid Unicode. No others can be settings.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

async fn serve(config: Config) -> anyhow::Result<ExitCode> {
    let mut stop = StopSignals::listen().context("cannot listen for signals")?;
    let _log = telemetry::start(&config.log);
    for advice in config.policy.advice(config.preset) {
        tracing::warn!("{advice}");
    }
    if let Some(advice) = cookie_advice(&config.cookie) {
        tracing::warn!("{advice}");
    }
    let application = Application::build(config).await?;
    tracing::info!(address = %application.address(), "listening");
    let (request_stop, stop_requested) = oneshot::channel();
    let running = application.run_until(async {
        // An error means that the sender was dropped. The server then stops as well.
        let _ = stop_requested.await;
    });
    let second_signal = async {
        stop.received().await;
        // An error means that the server has stopped already.
        let _ = request_stop.send(());
        stop.received().await;
    };
    tokio::select! {
        ran = running => {
            ran?;
            tracing::info!("stopped");
            Ok(ExitCode::SUCCESS)
        }
        () = second_signal => {
            tracing::warn!("stopped at once, without finishing the requests that were under way");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The signals that ask the server to stop: of an operator (Ctrl-C) and of a service manager.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    /// Starts to listen. Signals from now on are not missed.
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn received(&mut self) {
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
            Ok(ExitCode::from(ACCOUNT_EXISTS))
        }
        Err(error) => Err(error.into()),
    }
}

async fn check(config: &Config) -> anyhow::Result<ExitCode> {
    let Checked { scope, findings } =
        database::check(&config.database_url, config.connections).await?;
    let place = &config.database_url;
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("{place}: no problem found in {scope}");
        if let SessionStore::Redis(redis) = &config.session_store {
            println!("{redis}: the sessions are kept there, and have not been checked");
        }
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("dwell: {place} has problems: restore a backup, or ask for help");
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
