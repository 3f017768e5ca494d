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

/// How many descriptors are not for clients, beside those of the connections to the engines.
const RESERVED_DESCRIPTORS: u64 = 64;

/// How many descriptors a connection to each engine may need: SQLite opens three files.
const DESCRIPTORS_OF_CONNECTION: u64 = 4;

/// How many may collect the metrics at a time.
const COLLECTORS: usize = 16;

/// How often deleted notes that nobody can have back any more are deleted for good.
const TIDYING_INTERVAL: Duration = Duration::from_secs(5);

/// How often a database that could not be used is tried again.
const LOOKING_INTERVAL: Duration = Duration::from_secs(1);

/// A server that is ready to run.
#[derive(Debug)]
pub struct Application {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    bounds: Bounds,
    exposed: Option<(TcpListener, Router)>,
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
        let built = Arc::new(Built::find(config.site_root.as_deref())?);
        let of_engines = DESCRIPTORS_OF_CONNECTION * u64::from(config.connections.limit);
        let bounds = Bounds::of_process(RESERVED_DESCRIPTORS + of_engines);
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
            .drafts(drafts.clone())
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
            dwell,
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
    ///
    /// # Errors
    ///
    /// The routes are put together wrongly.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), SpawnError> {
        let background: Background = self.dwell.spawn()?;
        let maintenance = maintain(self.notes, self.clock, self.database.clone());
        let showing = self.exposed.map(|(listener, router)| {
            let (bounds, metrics) = (Bounds::of(COLLECTORS), self.metrics.clone());
            tokio::spawn(serve(listener, router, bounds, metrics, pending()))
        });
        serve(self.listener, self.router, self.bounds, self.metrics, stop).await;
        maintenance.iter().for_each(JoinHandle::abort);
        if let Some(showing) = showing {
            showing.abort();
        }
        background.stop().await;
        self.database.close().await;
        Ok(())
    }
}

/// The session timeouts of the application under `policy`, without a store yet: its paths, and the
/// pages that say why something was refused.
pub fn dwell(policy: Policy, built: &Arc<Built>) -> DwellBuilder {
    let built = Arc::clone(built);
    Dwell::builder(policy)
        .names(names::names())
        .places(place_of)
        .generations(GenerationRule::Required)
        .clear_site_data()
        .show_refusals(move |refusal| refusal::page(&built, refusal))
}

/// What stands below one of these takes the forms of that page, and is none itself.
const PAGES_WITH_FORMS: [&str; 2] = ["/workspace", "/account"];

/// These are no pages, and neither is what stands below them.
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

/// The clock of this process, which never goes back where it has kept an embedded database before.
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

/// What the application does beside the requests, besides what Dwell does for its sessions.
fn maintain(notes: Notes, clock: Arc<dyn Clock>, database: Database) -> [JoinHandle<()>; 2] {
    [
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
    #[error("cannot use the session store (DWELL_SESSION_STORE)")]
    SessionStore(#[from] RedisError),
    /// The session timeouts cannot be put together.
    #[error(transparent)]
    Dwell(#[from] dwell::BuildError),
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
