//! Puts the server together from its parts, and runs it.

use std::{
    future::{Future, pending},
    net::SocketAddr,
    num::NonZero,
    sync::Arc,
    thread::available_parallelism,
    time::Duration,
};

use axum::Router;
use dwell::{
    Background, Dwell, DwellBuilder, GenerationRule, Maintenance, Place, Policy, SpawnError,
    clock::{Clock, SystemClock},
    drafts::{DraftLimits, DraftStore, Drafts, PostgresDrafts, SqliteDrafts},
    repeat,
    store::{PostgresStore, RedisError, RedisStore, SqliteStore, Store, StoreError},
};
use dwell_app::names;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    accounts::{Accounts, PasswordError, Passwords},
    assets::{Built, SiteError},
    config::{Config, SessionStore, Setting},
    database::{Database, DatabaseError},
    http,
    metrics::Metrics,
    notes::Notes,
    refusal,
    serving::{Bounds, serve},
    state::{AppState, Services},
};

/// How many file descriptors are kept for everything but clients and the connections to the
/// engines.
const RESERVED_DESCRIPTORS: u64 = 64;

/// How many file descriptors one connection to each of the engines may need. SQLite opens three
/// files.
const DESCRIPTORS_PER_CONNECTION: u64 = 4;

/// How many connections the address of the metrics accepts at a time.
const METRICS_CONNECTIONS: usize = 16;

/// How often deleted notes that can no longer be restored are removed.
const NOTE_SWEEP_INTERVAL: Duration = Duration::from_secs(5);

/// How often it is checked whether a database that could not be used can be used again.
const DATABASE_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// A server that is ready to run.
#[derive(Debug)]
pub struct Application {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    bounds: Bounds,
    metrics_endpoint: Option<(TcpListener, Router)>,
    metrics: Metrics,
    dwell: Dwell,
    notes: Notes,
    clock: Arc<dyn Clock>,
    database: Database,
}

impl Application {
    /// Opens the database, finds the built site, and listens.
    ///
    /// # Errors
    ///
    /// A part of the server cannot be started; see [`BuildError`].
    pub async fn build(config: Config) -> Result<Self, BuildError> {
        Self::build_with(config, http::router).await
    }

    /// Does the same as [`build`](Self::build), with the routes that `router` makes.
    ///
    /// # Errors
    ///
    /// A part of the server cannot be started; see [`BuildError`].
    pub async fn build_with(
        config: Config,
        router: impl FnOnce(AppState) -> Router,
    ) -> Result<Self, BuildError> {
        let built = Arc::new(Built::find(config.site_root.as_deref())?);
        let for_engines = DESCRIPTORS_PER_CONNECTION * u64::from(config.connections.limit);
        let bounds = Bounds::of_process(RESERVED_DESCRIPTORS + for_engines);
        let (url, connections) = (&config.database_url, config.connections);
        let database = match config.session_store {
            SessionStore::Database => Database::hold(url, connections).await?,
            SessionStore::Redis(_) => Database::open(url, connections).await?,
        };
        let clock: Arc<dyn Clock> = Arc::new(clock(&database).await?);
        let metrics = Metrics::default();
        let drafts = drafts(&database, &clock, config.draft_retention);
        let store = session_store(&config, &database, &clock).await?;
        let dwell = dwell(config.policy, &built)
            .shared_store(store)
            .store_timeout(connections.timeout)
            .clock(Arc::clone(&clock))
            .shared_drafts(drafts.clone())
            .cookie(config.cookie)
            .trusted_proxies(config.trusted_proxies)
            .meter(metrics.clone())
            .build()?;
        let notes = Notes::new(database.clone());
        let state = AppState::new(Services {
            dwell: dwell.clone(),
            accounts: accounts(database.clone(), Arc::clone(&clock))?,
            notes: notes.clone(),
            drafts,
            built,
            metrics: metrics.clone(),
        });
        let (listener, address) = listen(config.addr, Setting::Addr).await?;
        let metrics_endpoint = match config.metrics_addr {
            Some(addr) => {
                let (listener, address) = listen(addr, Setting::MetricsAddr).await?;
                tracing::info!(%address, "serving metrics");
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
            metrics_endpoint,
            metrics,
            dwell,
            notes,
            clock,
            database,
        })
    }

    /// The address that it listens on, with the real port if port 0 was configured.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` completes, then finishes the requests that are under way, within
    /// [`Bounds`], and writes the touches that are pending.
    ///
    /// # Errors
    ///
    /// Protected routes are not inside the layer of the library.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), SpawnError> {
        let background: Background = self.dwell.spawn()?;
        let maintenance = maintain(self.notes, self.clock, self.database.clone());
        let metrics_server = self.metrics_endpoint.map(|(listener, router)| {
            let (bounds, metrics) = (Bounds::of(METRICS_CONNECTIONS), self.metrics.clone());
            tokio::spawn(serve(listener, router, bounds, metrics, pending()))
        });
        serve(self.listener, self.router, self.bounds, self.metrics, stop).await;
        maintenance.iter().for_each(JoinHandle::abort);
        if let Some(metrics_server) = metrics_server {
            metrics_server.abort();
        }
        background.stop().await;
        self.database.close().await;
        Ok(())
    }
}

/// A builder of the session library with the names and paths of this application and its pages for
/// refused requests. It has no store yet.
pub fn dwell(policy: Policy, built: &Arc<Built>) -> DwellBuilder {
    let built = Arc::clone(built);
    Dwell::builder(policy)
        .names(names::names())
        .places(place_of)
        .generations(GenerationRule::Required)
        .clear_site_data()
        .show_refusals(move |refusal| refusal::page(&built, refusal))
}

/// Paths below one of these receive the forms of that page and are not pages themselves.
const PAGES_WITH_FORMS: [&str; 2] = ["/workspace", "/account"];

/// These paths and the paths below them are not pages.
const NO_PAGES: [&str; 5] = [names::DRAFTS_PATH, "/api", "/pkg", "/healthz", "/readyz"];

fn place_of(path: &str) -> Place {
    let is_below = |other: &&str| {
        path.strip_prefix(other)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    if NO_PAGES
        .iter()
        .any(|other| path == *other || is_below(other))
    {
        return Place::NoPage;
    }
    match PAGES_WITH_FORMS.into_iter().find(is_below) {
        Some(page) => Place::PartOf(page),
        None => Place::Page,
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

/// The clock of this process. With an embedded database it does not start before the latest time
/// that is stored there.
async fn clock(database: &Database) -> Result<SystemClock, BuildError> {
    let mark = match database {
        Database::Sqlite(database) => SqliteStore::mark(database)
            .await
            .map_err(BuildError::Mark)?,
        Database::Postgres(_) => None,
    };
    Ok(mark.map_or_else(SystemClock::start, SystemClock::start_at_least))
}

async fn session_store(
    config: &Config,
    database: &Database,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Store>, BuildError> {
    Ok(match (&config.session_store, database) {
        (SessionStore::Database, Database::Sqlite(database)) => {
            Arc::new(SqliteStore::new(database.clone(), Arc::clone(clock)))
        }
        (SessionStore::Database, Database::Postgres(database)) => {
            Arc::new(PostgresStore::new(database.clone()))
        }
        (SessionStore::Redis(url), _) => {
            RedisStore::migrate(url, config.connections).await?;
            let store = RedisStore::connect(url, config.connections).await?;
            for advice in store.advice().await {
                tracing::warn!("{advice}");
            }
            Arc::new(store)
        }
    })
}

/// The drafts in `database`, each of which is kept for `retention`.
fn drafts(database: &Database, clock: &Arc<dyn Clock>, retention: Duration) -> Drafts {
    let store: Arc<dyn DraftStore> = match database {
        Database::Sqlite(database) => Arc::new(SqliteDrafts::new(database.clone())),
        Database::Postgres(database) => Arc::new(PostgresDrafts::new(database.clone())),
    };
    let limits = DraftLimits {
        retention,
        ..DraftLimits::default()
    };
    Drafts::new(store, Arc::clone(clock), limits)
}

/// The accounts in `database`. As many passwords are hashed at a time as there are processors.
///
/// # Errors
///
/// The operating system does not provide random bytes.
pub fn accounts(database: Database, clock: Arc<dyn Clock>) -> Result<Accounts, PasswordError> {
    let processors = available_parallelism().map_or(1, NonZero::get);
    let passwords = Arc::new(Passwords::new(processors)?);
    Ok(Accounts::new(database, passwords, clock))
}

/// Starts the application's own background work. The library has its own for the sessions.
fn maintain(notes: Notes, clock: Arc<dyn Clock>, database: Database) -> [JoinHandle<()>; 2] {
    [
        repeat(
            NOTE_SWEEP_INTERVAL,
            "cannot remove deleted notes",
            move || {
                let (notes, now) = (notes.clone(), clock.now());
                async move { notes.sweep(now).await }
            },
        ),
        repeat(
            DATABASE_CHECK_INTERVAL,
            "the database cannot be used",
            move || {
                let database = database.clone();
                async move { database.look_again().await.map(|()| Maintenance::Done) }
            },
        ),
    ]
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
    /// The latest time that was stored in the database cannot be read.
    #[error("cannot read the latest stored time from the database (DWELL_DATABASE_URL)")]
    Mark(#[source] StoreError),
    /// The session store cannot be used.
    #[error("cannot use the session store (DWELL_SESSION_STORE)")]
    SessionStore(#[from] RedisError),
    /// The library cannot be set up as it is configured.
    #[error(transparent)]
    Dwell(#[from] dwell::BuildError),
    /// Passwords cannot be hashed.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: choose another {setting}")]
    Listen {
        /// The address to listen on.
        addr: SocketAddr,
        /// The setting that it comes from.
        setting: Setting,
        /// The error of the operating system.
        source: std::io::Error,
    },
}
