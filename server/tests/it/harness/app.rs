//! The server under test.

use std::{sync::Arc, time::Duration};

use axum::Router;
use dwell_server::{
    account_id::AccountId,
    accounts::{Accounts, Password, Passwords},
    assets::Built,
    clock::{Clock, ManualClock},
    config::{CookieConfig, SameSite},
    connections::Connections,
    database::{self, Database},
    drafts::{Drafts, RETENTION},
    http,
    metrics::Metrics,
    notes::Notes,
    sessions::Sessions,
    state::{AppState, Services},
    store::{Origin, SessionId, SessionKey, SqlStore, Store, Timed, TowerSessions},
    trusted_proxies::TrustedProxies,
};
use dwell_session::{Checks, EndReason, Instant, Limits, Policy};
use sqlx::AnyPool;
use tempfile::TempDir;

use super::Browser;

/// The address of the person that every app knows.
pub const EMAIL: &str = "ada@example.com";
/// Their password.
pub const PASSWORD: &str = "correct horse battery staple";

/// What differs from the usual app.
#[derive(Debug, Clone)]
pub struct Setup {
    pub limits: Limits,
    pub cookie: CookieConfig,
    /// As the build names its files.
    pub hashes: &'static str,
    pub trusted_proxies: TrustedProxies,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            cookie: CookieConfig {
                name: "__Host-dwell".into(),
                secure: true,
                same_site: SameSite::Lax,
            },
            hashes: "js: 4711\n",
            trusted_proxies: TrustedProxies::default(),
        }
    }
}

/// A server with its own directory, database and clock. The directory goes with it.
pub struct TestApp {
    pub directory: TempDir,
    pub clock: Arc<ManualClock>,
    pub policy: Policy,
    /// What [`database`](Self::database) leads to, for tests that look into it as another process
    /// would.
    pub pool: AnyPool,
    pub database: Database,
    pub store: Arc<dyn Store>,
    pub sessions: Arc<Sessions>,
    pub accounts: Accounts,
    pub account: AccountId,
    pub state: AppState,
    pub router: Router,
}

impl TestApp {
    pub async fn new() -> Self {
        Self::of(Setup::default()).await
    }

    pub async fn of(setup: Setup) -> Self {
        Self::on(setup, |store| store).await
    }

    /// An app whose store is what `wrap` makes of the real one.
    pub async fn on(setup: Setup, wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        let Setup {
            limits,
            cookie,
            hashes,
            trusted_proxies,
        } = setup;
        let directory = TempDir::new().unwrap();
        let pkg = directory.path().join("pkg");
        std::fs::create_dir(&pkg).unwrap();
        std::fs::write(pkg.join("dwell.4711.js"), "export default 1;").unwrap();

        let connections = Connections::default();
        let patience = connections.timeout;
        let file = directory.path().join("dwell.db");
        let url = format!("sqlite://{}", file.display()).parse().unwrap();
        let pool = database::open(&url, connections).await.unwrap();
        let database = Database::open(&url, connections).await.unwrap();
        let policy = Policy::new(limits, None, Checks::Warn).unwrap();
        let clock = Arc::new(ManualClock::at(Instant::from_millis(1_700_000_000_000)));
        let as_clock: Arc<dyn Clock> = clock.clone();
        let sql = SqlStore::new(database.clone(), as_clock.clone(), &policy);
        let metrics = Metrics::default();
        let timed = Timed::new(Arc::new(sql), patience, metrics.clone());
        let store = wrap(Arc::new(timed));
        let sessions = Arc::new(Sessions::new(
            store.clone(),
            policy,
            as_clock.clone(),
            metrics.clone(),
        ));
        follow(&sessions).await;
        let passwords = Arc::new(Passwords::new(2).unwrap());
        let accounts = Accounts::new(database.clone(), passwords, as_clock.clone());
        let account = add_account(&accounts, EMAIL).await;
        let state = AppState::new(Services {
            sessions: sessions.clone(),
            session_data: Arc::new(TowerSessions::new(store.clone())),
            accounts: accounts.clone(),
            notes: Notes::new(database.clone()),
            drafts: Drafts::new(database.clone(), as_clock, RETENTION),
            cookie: Arc::new(cookie),
            trusted_proxies: Arc::new(trusted_proxies),
            built: Arc::new(Built::named(pkg, hashes)),
            metrics,
        });
        let router = http::router(state.clone());
        Self {
            directory,
            clock,
            policy,
            pool,
            database,
            store,
            sessions,
            accounts,
            account,
            state,
            router,
        }
    }

    /// A browser that has been nowhere yet.
    pub fn browser(&self) -> Browser {
        Browser::new(self.router.clone(), self.cookie_name())
    }

    /// A browser whose user has just signed in through the form.
    pub async fn signed_in(&self) -> Browser {
        let mut browser = self.browser();
        let answer = browser.sign_in(EMAIL, PASSWORD).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        browser
    }

    /// A browser in a session that was begun without the form, which is faster.
    pub async fn in_session(&self) -> Browser {
        self.in_session_of(self.account).await
    }

    pub async fn in_session_of(&self, account: AccountId) -> Browser {
        let origin = Origin::default();
        let begun = self.sessions.begin(account, None, origin).await.unwrap();
        self.browser().with_id(begun.id)
    }

    /// Another person, with the same password.
    pub async fn another_account(&self, email: &str) -> AccountId {
        add_account(&self.accounts, email).await
    }

    /// Another node on the same store.
    pub async fn another_node(&self) -> Self {
        let metrics = Metrics::default();
        let sessions = Arc::new(Sessions::new(
            self.store.clone(),
            self.policy,
            self.clock.clone(),
            metrics.clone(),
        ));
        follow(&sessions).await;
        let state = AppState::new(Services {
            sessions: sessions.clone(),
            metrics,
            ..(*self.state).clone()
        });
        let router = http::router(state.clone());
        Self {
            directory: TempDir::new().unwrap(),
            clock: self.clock.clone(),
            policy: self.policy,
            pool: self.pool.clone(),
            database: self.database.clone(),
            store: self.store.clone(),
            sessions,
            accounts: self.accounts.clone(),
            account: self.account,
            state,
            router,
        }
    }

    pub fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    pub fn advance_ms(&self, millis: u64) {
        self.advance(Duration::from_millis(millis));
    }

    pub fn cookie_name(&self) -> &str {
        &self.state.cookie.name
    }

    pub async fn end(&self, id: SessionId, reason: EndReason) -> bool {
        let key = SessionKey::of(&id);
        self.sessions.end(key, reason).await.unwrap()
    }

    /// One number from the database.
    pub async fn count(&self, query: &'static str) -> i64 {
        let (count,) = sqlx::query_as(query).fetch_one(&self.pool).await.unwrap();
        count
    }
}

/// Lets a node hear of ends, as far as its store tells any.
async fn follow(sessions: &Arc<Sessions>) {
    let follower = Arc::clone(sessions);
    tokio::spawn(async move { follower.follow().await });
    tokio::task::yield_now().await;
}

async fn add_account(accounts: &Accounts, email: &str) -> AccountId {
    let password = Password::typed(PASSWORD.into());
    accounts
        .add(&email.parse().unwrap(), password)
        .await
        .unwrap()
}
