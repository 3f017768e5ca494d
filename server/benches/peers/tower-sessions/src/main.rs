//! The page behind the stores that are published for tower-sessions, as their documentation sets
//! them up, with what makes every request slide.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use axum::{
    Router,
    extract::Query,
    http::StatusCode,
    routing::{get, post},
};
use clap::Parser;
use mimalloc::MiMalloc;
use serde::Deserialize;
use tokio::net::TcpListener;
use tower_sessions::{
    CachingSessionStore, Expiry, MemoryStore, Session, SessionManagerLayer, SessionStore,
};
use tower_sessions_moka_store::MokaStore;
use tower_sessions_redis_store::{
    RedisStore,
    fred::prelude::{ClientLike as _, Config, Pool},
};
use tower_sessions_sqlx_store::{
    SqliteStore,
    sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};

/// As what they are compared with.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// As many as Dwell has.
const CONNECTIONS: u32 = 8;
const IDLE_TIMEOUT: time::Duration = time::Duration::minutes(30);
const ACCOUNT: &str = "account";

#[derive(Parser)]
struct Arguments {
    /// Where to listen
    addr: SocketAddr,
    #[command(subcommand)]
    store: Store,
}

#[derive(clap::Subcommand)]
enum Store {
    /// In the process
    Memory,
    /// In a SQLite file
    Sqlite { file: PathBuf },
    /// In a SQLite file behind a cache in the process
    Moka { file: PathBuf },
    /// On a Redis server
    Redis { url: String },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments { addr, store } = Arguments::parse();
    match store {
        Store::Memory => serve(addr, MemoryStore::default()).await,
        Store::Sqlite { file } => serve(addr, sqlite(file).await?).await,
        Store::Moka { file } => {
            let cache = MokaStore::new(None);
            serve(addr, CachingSessionStore::new(cache, sqlite(file).await?)).await
        }
        Store::Redis { url } => {
            let config = Config::from_url(&url)?;
            let pool = Pool::new(config, None, None, None, CONNECTIONS as usize)?;
            let _connection = pool.init().await?;
            serve(addr, RedisStore::new(pool)).await
        }
    }
}

async fn sqlite(file: PathBuf) -> anyhow::Result<SqliteStore> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .connect_with(options)
        .await?;
    let store = SqliteStore::new(pool);
    store.migrate().await?;
    Ok(store)
}

async fn serve(addr: SocketAddr, store: impl SessionStore + Clone) -> anyhow::Result<()> {
    let sessions = SessionManagerLayer::new(store)
        .with_always_save(true)
        .with_expiry(Expiry::OnInactivity(IDLE_TIMEOUT));
    let router = Router::new()
        .route("/page", get(show))
        .route("/slow-page", get(show_slowly))
        .route("/enter", post(enter))
        .route("/sign-out", post(sign_out))
        .layer(sessions);
    axum::serve(TcpListener::bind(addr).await?, router).await?;
    Ok(())
}

#[derive(Deserialize)]
struct Person {
    account: u32,
}

async fn enter(session: Session, Query(person): Query<Person>) -> Result<(), StatusCode> {
    session
        .insert(ACCOUNT, person.account)
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn sign_out(session: Session) -> Result<(), StatusCode> {
    session
        .flush()
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn show(session: Session) -> Result<String, StatusCode> {
    let account = session
        .get(ACCOUNT)
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    account.map(page).ok_or(StatusCode::UNAUTHORIZED)
}

/// As if the page had asked a database.
async fn show_slowly(session: Session) -> Result<String, StatusCode> {
    let page = show(session).await?;
    tokio::time::sleep(Duration::from_millis(2)).await;
    Ok(page)
}

fn page(account: u32) -> String {
    format!(
        "Signed in as {account:0>6}.\n{}",
        "Nothing else on this page is worth protecting.\n".repeat(8)
    )
}
