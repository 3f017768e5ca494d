//! The server under test.

use std::{sync::Arc, time::Duration};

use axum::Router;
use dwell::{
    Checks, Connections, Dwell, Limits, Policy, SessionCookie,
    clock::{Clock, ManualClock},
    drafts::{DraftLimits, DraftStore, Drafts, SqliteDrafts},
    store::{SessionId, SessionKey, SqliteStore, Store},
    trusted_proxies::TrustedProxies,
};
use dwell::{EndReason, Instant};
use dwell_server::{
    accounts::{AccountId, Accounts, Password, Passwords},
    application,
    assets::Built,
    database::Database,
    http,
    metrics::Metrics,
    notes::Notes,
    state::{AppState, Services},
};
use sqlx::SqlitePool;
use tempfile::TempDir;

use super::Browser;

/// The e-mail address of the account that every app has.
pub const EMAIL: &str = "ada@example.com";
/// The password of that account.
pub const PASSWORD: &str = "correct horse battery staple";

/// The settings of an app.
#[derive(Debug, Clone)]
pub struct Setup {
    pub limits: Limits,
    pub cookie: SessionCookie,
    /// The hashes in the names of the built files.
    pub hashes: &'static str,
    pub trusted_proxies: TrustedProxies,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            cookie: SessionCookie::default(),
            hashes: "js: 4711\n",
            trusted_proxies: TrustedProxies::default(),
        }
    }
}

/// A server with a directory, a database and a clock of its own. The directory is deleted with it.
pub struct TestApp {
    pub directory: TempDir,
    pub clock: Arc<ManualClock>,
    pub policy: Policy,
    /// Connections of another kind to the same database, for tests that inspect it.
    pub pool: SqlitePool,
    pub database: Database,
    pub store: Arc<dyn Store>,
    pub dwell: Dwell,
    pub accounts: Accounts,
    pub cookie: SessionCookie,
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

    /// An app with the store that `wrap` returns for the real one.
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

        let file = directory.path().join("dwell.db");
        let url = format!("sqlite://{}", file.display());
        let place = url.parse().unwrap();
        let database = Database::open(&place, Connections::default());
        let database = database.await.unwrap();
        let pool = SqlitePool::connect(&url).await.unwrap();
        let Database::Sqlite(sqlite) = &database else {
            unreachable!("the database is SQLite");
        };
        let policy = Policy::new(limits, None, Checks::Warn).unwrap();
        let clock = Arc::new(ManualClock::at(Instant::from_millis(1_700_000_000_000)));
        let as_clock: Arc<dyn Clock> = clock.clone();
        let store = wrap(Arc::new(SqliteStore::new(sqlite.clone(), as_clock.clone())));
        let drafts: Arc<dyn DraftStore> = Arc::new(SqliteDrafts::new(sqlite.clone()));
        let drafts = Drafts::new(drafts, as_clock.clone(), DraftLimits::default());
        let metrics = Metrics::default();
        let built = Arc::new(Built::named(pkg, hashes));
        let dwell = application::dwell(policy, &built)
            .shared_store(store.clone())
            .clock(as_clock.clone())
            .shared_drafts(drafts.clone())
            .cookie(cookie.clone())
            .trusted_proxies(trusted_proxies)
            .meter(metrics.clone())
            .build()
            .unwrap();
        follow(&dwell).await;
        let passwords = Arc::new(Passwords::new(2).unwrap());
        let accounts = Accounts::new(database.clone(), passwords, as_clock);
        let account = add_account(&accounts, EMAIL).await;
        let state = AppState::new(Services {
            dwell: dwell.clone(),
            accounts: accounts.clone(),
            notes: Notes::new(database.clone()),
            drafts,
            built,
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
            dwell,
            accounts,
            cookie,
            account,
            state,
            router,
        }
    }

    /// A browser without cookies.
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

    /// A browser in a session that was created without the form, which is faster.
    pub async fn in_session(&self) -> Browser {
        self.in_session_of(self.account).await
    }

    pub async fn in_session_of(&self, account: AccountId) -> Browser {
        let begun = self.dwell.begin(account).await.unwrap();
        self.browser().with_id(begun.id())
    }

    /// Another person, with the same password.
    pub async fn another_account(&self, email: &str) -> AccountId {
        add_account(&self.accounts, email).await
    }

    /// Another node on the same store.
    pub async fn another_node(&self) -> Self {
        self.another_node_on(self.store.clone()).await
    }

    /// Another node on `store`.
    pub async fn another_node_on(&self, store: Arc<dyn Store>) -> Self {
        let metrics = Metrics::default();
        let dwell = application::dwell(self.policy, &self.state.built)
            .shared_store(store.clone())
            .clock(self.clock.clone())
            .shared_drafts(self.state.drafts.clone())
            .cookie(self.cookie.clone())
            .meter(metrics.clone())
            .build()
            .unwrap();
        follow(&dwell).await;
        let state = AppState::new(Services {
            dwell: dwell.clone(),
            metrics,
            accounts: self.accounts.clone(),
            notes: self.state.notes.clone(),
            drafts: self.state.drafts.clone(),
            built: self.state.built.clone(),
        });
        let router = http::router(state.clone());
        Self {
            directory: TempDir::new().unwrap(),
            clock: self.clock.clone(),
            policy: self.policy,
            pool: self.pool.clone(),
            database: self.database.clone(),
            store,
            dwell,
            accounts: self.accounts.clone(),
            cookie: self.cookie.clone(),
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
        self.cookie.name()
    }

    pub async fn end(&self, id: SessionId, reason: EndReason) -> bool {
        let key = SessionKey::of(&id);
        self.store.end(key, reason).await.unwrap()
    }

    /// One number from the database.
    pub async fn count(&self, query: &'static str) -> i64 {
        let (count,) = sqlx::query_as(query).fetch_one(&self.pool).await.unwrap();
        count
    }
}

/// Lets a node receive reports of ends, if its store sends any.
async fn follow(dwell: &Dwell) {
    let follower = dwell.clone();
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
