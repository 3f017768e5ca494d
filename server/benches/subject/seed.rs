//! Accounts and sessions, written straight into the database.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use dwell::{
    Generation,
    clock::SystemClock,
    store::{SessionId, SessionKey},
};
use dwell_server::{
    accounts::{AccountId, Password},
    application::accounts as accounts_in,
    config::Config,
    database::Database,
};
use serde_json::json;
use sqlx::{AnyConnection, Connection as _, any::install_default_drivers};

use crate::{Seed, dwell};

/// How many rows are sent to the database at a time.
const BATCH: u32 = 10_000;

pub(crate) async fn seed(seed: &Seed) -> anyhow::Result<()> {
    let config = dwell::config()?;
    let database = Database::open(&config.database_url, config.connections).await?;
    let mut connection = connect().await?;
    add_accounts(&mut connection, seed.accounts).await?;
    if seed.sessions > 0 {
        add_sessions(&mut connection, seed, &config).await?;
    }
    connection.close().await?;
    if let Some([email, password]) = seed.person.as_deref() {
        let accounts = accounts_in(database.clone(), Arc::new(SystemClock::start()))?;
        let password = Password::chosen(password.to_owned())?;
        accounts.add(&email.parse()?, password).await?;
    }
    database.close().await;
    Ok(())
}

/// A connection of one type to whichever engine it is.
async fn connect() -> anyhow::Result<AnyConnection> {
    install_default_drivers();
    let url = std::env::var("DWELL_DATABASE_URL").context("DWELL_DATABASE_URL")?;
    Ok(AnyConnection::connect(&url).await?)
}

pub(crate) async fn print_ended() -> anyhow::Result<()> {
    let mut connection = connect().await?;
    let (ended,): (i64,) =
        sqlx::query_as("select count(*) from dwell_sessions where ended_at is not null")
            .fetch_one(&mut connection)
            .await?;
    writeln!(std::io::stdout(), "{ended}")?;
    Ok(())
}

/// The accounts that there are.
pub(crate) async fn accounts(config: &Config) -> anyhow::Result<Vec<AccountId>> {
    let database = Database::open(&config.database_url, config.connections).await?;
    database.close().await;
    let accounts: Vec<(AccountId,)> = sqlx::query_as("select id from accounts order by id")
        .fetch_all(&mut connect().await?)
        .await?;
    Ok(accounts.into_iter().map(|(id,)| id).collect())
}

async fn add_accounts(connection: &mut AnyConnection, count: u32) -> anyhow::Result<()> {
    let mut transaction = connection.begin().await?;
    for number in 1..=i64::from(count) {
        sqlx::query(
            "insert into accounts (id, email, password_hash, created_at) \
             values ($1, $2, 'none', 0) on conflict (id) do nothing",
        )
        .bind(number)
        .bind(format!("{number}@example.com"))
        .execute(&mut *transaction)
        .await?;
    }
    Ok(transaction.commit().await?)
}

async fn add_sessions(
    connection: &mut AnyConnection,
    seed: &Seed,
    config: &Config,
) -> anyhow::Result<()> {
    let mut cookies = match &seed.cookies {
        Some(path) => Some(BufWriter::new(File::create(path).context("the cookies")?)),
        None => None,
    };
    let now_ms = i64::try_from(since_epoch()?.as_millis())?;
    let idle_ms = i64::try_from(config.policy.idle().as_millis())?;
    let spread_ms = i64::try_from(config.policy.touch_interval().as_millis())?;
    let mut transaction = connection.begin().await?;
    for first in (0..seed.sessions).step_by(BATCH as usize) {
        let mut rows = Vec::new();
        for number in first..(first + BATCH).min(seed.sessions) {
            let id = SessionId::default();
            let generation = Generation::from_random(rand::random());
            let last_active_at = match seed.end_in {
                Some(seconds) => now_ms - idle_ms + 1_000 * i64::try_from(seconds)?,
                // As if people had come one after the other.
                None => now_ms - i64::from(number) % spread_ms,
            };
            if let Some(cookies) = &mut cookies {
                writeln!(cookies, "{}={id} {generation}", config.cookie.name())?;
            }
            let account = 1 + number % seed.accounts;
            let key = SessionKey::of(&id).to_hex();
            let generation = generation.to_string();
            rows.push(json!([key, account, generation, last_active_at]));
        }
        sqlx::query(
            "insert into dwell_sessions (key, person, generation, authenticated_at, \
             last_active_at, idle_limit, absolute_limit, address, browser, data) \
             select unhex(value ->> 0), cast(value ->> 1 as text), value ->> 2, value ->> 3, \
             value ->> 3, $2, $3, '127.0.0.1', 'An unknown browser', '{}' from json_each($1)",
        )
        .bind(serde_json::to_string(&rows)?)
        .bind(idle_ms)
        .bind(i64::try_from(config.policy.absolute().as_millis())?)
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    if let Some(mut cookies) = cookies {
        cookies.flush()?;
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is no server: it has no clock of its own"
)]
fn since_epoch() -> anyhow::Result<Duration> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?)
}
