//! The server as a whole.

use std::{
    future::{Future, pending},
    net::SocketAddr,
    num::NonZero,
    sync::Arc,
    thread::available_parallelism,
    time::Duration,
};

use axum::Router;
use tokio::{net::TcpListener, task::JoinHandle, time::sleep};

use crate::{
    accounts::{Accounts, PasswordError, Passwords},
    assets::{Built, SiteError},
    clock::{Clock, Stopwatch, SystemClock},
    config::{Config, SessionStore, Setting},
    database::{Database, DatabaseError, Engine},
    drafts::Drafts,
    http,
    metrics::Metrics,
    notes::Notes,
    serving::{Bounds, serve},
    sessions::{Maintenance, Sessions},
    state::{AppState, Services},
    store::{RedisError, RedisStore, SqlStore, Store, StoreError, Timed, TowerSessions},
};

/// How many descriptors are not for clients, beside those of the connections to the engines.
const RESERVED_DESCRIPTORS: u64 = 64;

/// How many descriptors a connection to each engine may need: SQLite opens three files.
const DESCRIPTORS_OF_CONNECTION: u64 = 4;

/// How many may collect the metrics at a time.
const COLLECTORS: usize = 16;

/// A server that is ready to run.
#[derive(Debug)]
pub struct Application {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    bounds: Bounds,
    exposed: Option<(TcpListener, Router)>,
    metrics: Metrics,
    sessions: Arc<Sessions>,
    drafts: Drafts,
    notes: Notes,
    clock: Arc<dyn Clock>,
    database: Database,
}

impl Application {
    /// Opens the database, finds the built site, and listens.
    ///
    /// # Errors
    ///
    /// The part that is not to be had.
    pub async fn build(config: Config) -> Result<Self, BuildError> {
        Self::build_with(config, http::router).await
    }

    /// As [`build`](Self::build), with the routes that `router` makes.
    ///
    /// # Errors
    ///
    /// The part that is not to be had.
    pub async fn build_with(
        config: Config,
        router: impl FnOnce(AppState) -> Router,
    ) -> Result<Self, BuildError> {
        let built = Built::find(config.site_root.as_deref())?;
        let of_engines = DESCRIPTORS_OF_CONNECTION * u64::from(config.connections.most);
        let bounds = Bounds::of_process(RESERVED_DESCRIPTORS + of_engines);
        let (url, connections) = (&config.database_url, config.connections);
        let database = match config.session_store {
            SessionStore::Database => Database::hold(url, connections).await?,
            SessionStore::Redis(_) => Database::open(url, connections).await?,
        };
        let clock: Arc<dyn Clock> = Arc::new(clock(&database).await?);
        let metrics = Metrics::default();
        let store = session_store(&config, &database, &clock).await?;
        let patience = config.connections.timeout;
        let store: Arc<dyn Store> = Arc::new(Timed::new(store, patience, metrics.clone()));
        let sessions = Arc::new(Sessions::new(
            Arc::clone(&store),
            config.policy,
            Arc::clone(&clock),
            metrics.clone(),
        ));
        let drafts = Drafts::new(database.clone(), Arc::clone(&clock), config.draft_retention);
        let notes = Notes::new(database.clone());
        let state = AppState::new(Services {
            sessions: Arc::clone(&sessions),
            session_data: Arc::new(TowerSessions::new(store)),
            accounts: accounts(database.clone(), Arc::clone(&clock))?,
            notes: notes.clone(),
            drafts: drafts.clone(),
            cookie: Arc::new(config.cookie),
            trusted_proxies: Arc::new(config.trusted_proxies),
            built: Arc::new(built),
            metrics: metrics.clone(),
        });
        let (listener, address) = listen(config.addr, Setting::Addr).await?;
        let exposed = match config.metrics_addr {
            Some(addr) => {
                let (listener, address) = listen(addr, Setting::MetricsAddr).await?;
                tracing::info!(%address, "metrics");
                Some((listener, http::metrics_router(state.clone())))
            }
            None => None,
        };
        database.announce();
        Ok(Self {
            listener,
            address,
            router: router(state),
            bounds,
            exposed,
            metrics,
            sessions,
            drafts,
            notes,
            clock,
            database,
        })
    }

    /// Where it listens; the port is a real one where port 0 was configured.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is done, then finishes what is under way, within [`Bounds`], and writes
    /// what is pending.
    pub async fn run_until(self, stop: impl Future<Output = ()>) {
        let maintenance = maintain(
            Arc::clone(&self.sessions),
            self.drafts,
            self.notes,
            self.clock,
            self.database.clone(),
        );
        let showing = self.exposed.map(|(listener, router)| {
            let (bounds, metrics) = (Bounds::of(COLLECTORS), self.metrics.clone());
            tokio::spawn(serve(listener, router, bounds, metrics, pending()))
        });
        let following = Arc::clone(&self.sessions);
        let following = tokio::spawn(async move { following.follow().await });
        serve(self.listener, self.router, self.bounds, self.metrics, stop).await;
        maintenance.iter().for_each(JoinHandle::abort);
        following.abort();
        if let Some(showing) = showing {
            showing.abort();
        }
        if let Err(error) = self.sessions.write_all().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the last touches could not be written"
            );
        }
        self.database.close().await;
    }
}

async fn listen(
    addr: SocketAddr,
    setting: Setting,
) -> Result<(TcpListener, SocketAddr), BuildError> {
    let unavailable = |source| BuildError::Listen {
        addr,
        setting,
        source,
    };
    let listener = TcpListener::bind(addr).await.map_err(unavailable)?;
    let address = listener.local_addr().map_err(unavailable)?;
    Ok((listener, address))
}

/// The clock of this process, which never goes back where it has kept an embedded database before.
async fn clock(database: &Database) -> Result<SystemClock, BuildError> {
    let mark = match database.engine() {
        Engine::Sqlite => SqlStore::mark(database).await.map_err(BuildError::Mark)?,
        Engine::Postgres => None,
    };
    Ok(mark.map_or_else(SystemClock::start, SystemClock::start_at_least))
}

async fn session_store(
    config: &Config,
    database: &Database,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Store>, RedisError> {
    match &config.session_store {
        SessionStore::Database => {
            let store = SqlStore::new(database.clone(), Arc::clone(clock), &config.policy);
            Ok(Arc::new(store))
        }
        SessionStore::Redis(url) => {
            let store = RedisStore::connect(url, config.connections, &config.policy).await?;
            for advice in store.advice().await {
                tracing::warn!("{advice}");
            }
            Ok(Arc::new(store))
        }
    }
}

/// The accounts in `database`; as many passwords are hashed at a time as there are
/// processors.
///
/// # Errors
///
/// The operating system gives no random bytes.
pub fn accounts(database: Database, clock: Arc<dyn Clock>) -> Result<Accounts, PasswordError> {
    let processors = available_parallelism().map_or(1, NonZero::get);
    let passwords = Arc::new(Passwords::new(processors)?);
    Ok(Accounts::new(database, passwords, clock))
}

/// How often what nobody will ask for any more is deleted.
const TIDYING_INTERVAL: Duration = Duration::from_secs(5);

/// How often a database of no use is tried again.
const LOOKING_INTERVAL: Duration = Duration::from_secs(1);

/// How much longer than maintenance everybody else has the store, when there begins to be more to do
/// than is done at a time. It is one less each time, down to as long, so that what ends in one
/// instant is soon written down.
const SHARE_OF_OTHERS: u32 = 9;

/// How often the store's time is kept.
const TIME_INTERVAL: Duration = Duration::from_secs(1);

/// What is done beside the requests.
fn maintain(
    sessions: Arc<Sessions>,
    drafts: Drafts,
    notes: Notes,
    clock: Arc<dyn Clock>,
    database: Database,
) -> [JoinHandle<()>; 6] {
    let timely = Arc::clone(&sessions);
    let old = Arc::clone(&sessions);
    let interval = sessions.maintenance_interval();
    [
        repeat(
            TIME_INTERVAL,
            "the sessions' time could not be kept",
            move || {
                let sessions = Arc::clone(&timely);
                async move { sessions.keep_time().await }
            },
        ),
        repeat(interval, "maintenance of the sessions failed", move || {
            let sessions = Arc::clone(&sessions);
            async move { sessions.maintain().await }
        }),
        repeat(
            TIDYING_INTERVAL,
            "old tombstones could not be deleted",
            move || {
                let sessions = Arc::clone(&old);
                async move { sessions.forget_tombstones().await }
            },
        ),
        repeat(
            TIDYING_INTERVAL,
            "expired drafts could not be deleted",
            move || {
                let drafts = drafts.clone();
                async move { drafts.sweep().await }
            },
        ),
        repeat(
            TIDYING_INTERVAL,
            "deleted notes could not be forgotten",
            move || {
                let (notes, now) = (notes.clone(), clock.now());
                async move { notes.sweep(now).await }
            },
        ),
        repeat(LOOKING_INTERVAL, "the database is of no use", move || {
            let database = database.clone();
            async move { database.look_again().await.map(|()| Maintenance::Done) }
        }),
    ]
}

/// Keeps going through failures, of which the first is logged: the next round tries again.
fn repeat<Round>(
    interval: Duration,
    failure: &'static str,
    round: impl Fn() -> Round + Send + 'static,
) -> JoinHandle<()>
where
    Round: Future<Output = Result<Maintenance, StoreError>> + Send,
{
    tokio::spawn(async move {
        let mut has_failed = false;
        let mut share = SHARE_OF_OTHERS;
        loop {
            let stopwatch = Stopwatch::start();
            let round = round().await;
            let pause = match &round {
                Ok(Maintenance::GoesOn) => {
                    let pause = stopwatch.elapsed() * share;
                    share = share.saturating_sub(1).max(1);
                    pause.min(interval)
                }
                Ok(Maintenance::Done) => {
                    share = SHARE_OF_OTHERS;
                    interval
                }
                Err(error) => {
                    if !has_failed {
                        tracing::error!(error = error as &dyn std::error::Error, "{failure}");
                    }
                    interval
                }
            };
            has_failed = round.is_err();
            sleep(pause).await;
        }
    })
}

/// The server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The built site cannot be used.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The database does not say until when it has kept sessions.
    #[error("cannot read from the database (DWELL_DATABASE_URL) what time it was last")]
    Mark(#[source] StoreError),
    /// The session store cannot be used.
    #[error(transparent)]
    SessionStore(#[from] RedisError),
    /// Passwords cannot be hashed.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: choose another {setting}")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// What sets it.
        setting: Setting,
        /// Why.
        source: std::io::Error,
    },
}
