//! Dwell as `cargo xtask bench` measures it, and the same routes without any session.

mod bare;
mod dwell;
mod page;
mod seed;

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// A server to be measured. Dwell's settings come from the environment, as those of `dwell serve`.
#[derive(Parser)]
enum Subject {
    /// Serve the routes without any session
    Bare {
        /// Where to listen
        addr: SocketAddr,
    },
    /// Serve them in Dwell's sessions
    Dwell,
    /// Put accounts and live sessions into the database of a Dwell that does not run
    Seed(Seed),
    /// Print how many sessions the database knows to have ended
    Ended,
}

#[derive(clap::Args)]
struct Seed {
    /// How many accounts there are to be
    #[arg(long)]
    accounts: u32,

    /// How many sessions to begin, shared evenly by the accounts (SQLite)
    #[arg(long, default_value_t = 0)]
    sessions: u32,

    /// After how many seconds they end, if nobody uses them
    #[arg(long)]
    end_in: Option<u64>,

    /// An e-mail address and a password with which somebody can sign in
    #[arg(long, num_args = 2, value_names = ["EMAIL", "PASSWORD"])]
    person: Option<Vec<String>>,

    /// Where to write their cookies and generations
    #[arg(long)]
    cookies: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Subject::parse() {
        Subject::Bare { addr } => bare::serve(addr, asked_to_stop()?).await,
        Subject::Dwell => dwell::serve(asked_to_stop()?).await,
        Subject::Seed(seed) => seed::seed(&seed).await,
        Subject::Ended => seed::print_ended().await,
    }
}

fn asked_to_stop() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        terminate.recv().await;
    })
}
