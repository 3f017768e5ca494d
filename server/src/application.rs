//! The server as a whole.

use std::{
    future::Future, net::SocketAddr, num::NonZero, sync::Arc, thread::available_parallelism,
};

use axum::Router;
use sqlx::AnyPool;
use tokio::{net::TcpListener, task::JoinHandle, time::MissedTickBehavior};

use crate::{
    accounts::{Accounts, PasswordError, Passwords},
    assets::{Built, SiteError},
    clock::{Clock, SystemClock},
    config::{Config, SessionStore},
    database::{self, DatabaseError},
    drafts::Drafts,
    http,
    notes::Notes,
    sessions::Sessions,
    state::AppState,
    store::{RedisError, RedisStore, SqlStore, Store, TowerSessions},
};

/// A server that is ready to run.
#[derive(Debug)]
pub struct Application {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    sessions: Arc<Sessions>,
    drafts: Drafts,
    pool: AnyPool,
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
        router: impl FnOnce(AppState, TowerSessions) -> Router,
    ) -> Result<Self, BuildError> {
        let built = Built::find(config.site_root.as_deref())?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let pool = database::open(&config.database_url, config.connections).await?;
        let store = session_store(&config, &pool, &clock).await?;
        let sessions = Sessions::new(Arc::clone(&store), config.policy, Arc::clone(&clock));
        let sessions = Arc::new(sessions);
        let drafts = Drafts::new(pool.clone(), Arc::clone(&clock));
        let state = AppState {
            sessions: Arc::clone(&sessions),
            accounts: accounts(pool.clone(), clock)?,
            notes: Notes::new(pool.clone()),
            drafts: drafts.clone(),
            cookie: Arc::new(config.cookie),
            built: Arc::new(built),
        };
        let unavailable = |source| BuildError::Listen {
            addr: config.addr,
            source,
        };
        let listener = TcpListener::bind(config.addr).await.map_err(unavailable)?;
        let address = listener.local_addr().map_err(unavailable)?;
        Ok(Self {
            listener,
            address,
            router: router(state, TowerSessions::new(store)),
            sessions,
            drafts,
            pool,
        })
    }

    /// Where it listens; the port is a real one where port 0 was configured.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is done, then finishes what is under way and writes what is pending.
    ///
    /// # Errors
    ///
    /// The listener failed.
    pub async fn run_until(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let maintenance = maintain(Arc::clone(&self.sessions), self.drafts);
        let following = Arc::clone(&self.sessions);
        let following = tokio::spawn(async move { following.follow().await });
        let service = self
            .router
            .into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(self.listener, service)
            .with_graceful_shutdown(stop)
            .await?;
        maintenance.abort();
        following.abort();
        if let Err(error) = self.sessions.write_all().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the last touches could not be written"
            );
        }
        self.pool.close().await;
        Ok(())
    }
}

async fn session_store(
    config: &Config,
    pool: &AnyPool,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Store>, RedisError> {
    match &config.session_store {
        SessionStore::Database => {
            let store = SqlStore::new(pool.clone(), Arc::clone(clock), &config.policy);
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

/// The accounts in the database of `pool`; as many passwords are hashed at a time as there are
/// processors.
///
/// # Errors
///
/// The operating system gives no random bytes.
pub fn accounts(pool: AnyPool, clock: Arc<dyn Clock>) -> Result<Accounts, PasswordError> {
    let processors = available_parallelism().map_or(1, NonZero::get);
    let passwords = Arc::new(Passwords::new(processors)?);
    Ok(Accounts::new(pool, passwords, clock))
}

/// Keeps going through failures: the next round tries again.
fn maintain(sessions: Arc<Sessions>, drafts: Drafts) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut rounds = tokio::time::interval(sessions.maintenance_interval());
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            if let Err(error) = sessions.maintain().await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "maintenance of the sessions failed"
                );
            }
            if let Err(error) = drafts.sweep().await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "expired drafts could not be deleted"
                );
            }
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
    /// The session store cannot be used.
    #[error(transparent)]
    SessionStore(#[from] RedisError),
    /// Passwords cannot be hashed.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: choose another DWELL_ADDR")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}
