//! The drafts of one test, with helpers.

use std::{sync::Arc, time::Duration};

use dwell::{
    Connections, Generation, Instant, PersonId,
    clock::{Clock as _, ManualClock},
    drafts::{
        Author, Draft, DraftError, DraftId, DraftLimits, DraftStore, Drafts, FormContent, LateForm,
        Outcome, PostgresDrafts, SqliteDrafts,
    },
    postgres, sqlite,
};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

use crate::engines;

pub const MS: Duration = Duration::from_millis(1);
pub const INVOICE: &str = "invoice";
pub const TEXT: &str = "Half a thought, and then";

/// Makes a test of each case on each engine.
macro_rules! on_every_engine {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case(&$crate::bench::Bench::on_sqlite().await).await;
                }
            )+
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case(&$crate::bench::Bench::on_postgres().await).await;
                }
            )+
        }
    };
}

/// Drafts with the default limits on one engine, with a clock that the test moves.
pub struct Bench {
    pub drafts: Drafts,
    pub store: Arc<dyn DraftStore>,
    pub engine: Engine,
    pub limits: DraftLimits,
    clock: Arc<ManualClock>,
}

pub enum Engine {
    Sqlite(
        sqlite::Database,
        #[expect(dead_code, reason = "dropping it removes the directory")] TempDir,
    ),
    Postgres(postgres::Database),
}

impl Bench {
    pub async fn on_sqlite() -> Self {
        let directory = engines::directory();
        let file = directory.path().join("drafts.db");
        let database = sqlite::Database::open(file, Connections::default())
            .await
            .unwrap();
        database.migrate().await.unwrap();
        let store = Arc::new(SqliteDrafts::new(database.clone()));
        Self::new(store, Engine::Sqlite(database, directory))
    }

    pub async fn on_postgres() -> Self {
        let server = engines::postgres();
        let name = format!("drafts_{}", DraftId::random());
        let url = server.url("postgres", "dwell", "postgres");
        let mut connection = engines::connected(|| PgConnection::connect(&url)).await;
        let create = AssertSqlSafe(format!("create database {name}"));
        connection.execute(create).await.unwrap();
        connection.close().await.unwrap();
        let url = server.url("postgres", "dwell", &name);
        let database = postgres::Database::connect(url.parse().unwrap(), Connections::default())
            .await
            .unwrap();
        database.migrate().await.unwrap();
        let store = Arc::new(PostgresDrafts::new(database.clone()));
        Self::new(store, Engine::Postgres(database))
    }

    fn new(store: Arc<dyn DraftStore>, engine: Engine) -> Self {
        let clock = Arc::new(ManualClock::at(Instant::from_millis(1_700_000_000_000)));
        let limits = DraftLimits::default();
        Self {
            drafts: Drafts::new(Arc::clone(&store), Arc::clone(&clock) as _, limits),
            store,
            engine,
            limits,
            clock,
        }
    }

    /// Drafts in the same store with other limits.
    pub fn with_limits(&self, limits: DraftLimits) -> Drafts {
        Drafts::new(
            Arc::clone(&self.store),
            Arc::clone(&self.clock) as _,
            limits,
        )
    }

    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    pub fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// Saves a draft of the form [`INVOICE`] with this text.
    pub async fn save(&self, author: &Author, id: DraftId, text: &str) -> Result<(), DraftError> {
        let fields = text_field(text);
        self.drafts.save(author, id, form(INVOICE, &fields)).await
    }

    /// Saves a draft like [`save`](Self::save), after a pause that keeps the rate limiter from
    /// refusing it.
    pub async fn save_after_pause(&self, author: &Author, id: DraftId, text: &str) {
        self.advance(Duration::from_millis(500));
        self.save(author, id, text).await.unwrap();
    }

    /// Keeps a late form [`INVOICE`] with this text.
    pub async fn save_late(
        &self,
        author: &Author,
        late: LateForm,
        text: &str,
    ) -> Result<bool, DraftError> {
        let fields = text_field(text);
        self.drafts
            .save_late(author, form(INVOICE, &fields), late)
            .await
    }

    /// The person's open drafts of the form [`INVOICE`].
    pub async fn list(&self, person: &PersonId) -> Vec<Draft> {
        self.drafts.list(person, INVOICE).await.unwrap()
    }

    /// The texts of the person's open drafts.
    pub async fn texts(&self, person: &PersonId) -> Vec<String> {
        let drafts = self.list(person).await;
        drafts
            .iter()
            .map(|draft| text_of(draft).to_owned())
            .collect()
    }

    /// The text of an open draft.
    pub async fn text(&self, person: &PersonId, id: DraftId) -> Option<String> {
        let draft = self.drafts.find(person, id).await.unwrap()?;
        Some(text_of(&draft).to_owned())
    }

    pub async fn outcome(&self, person: &PersonId, id: DraftId) -> Option<Outcome> {
        self.drafts.outcome(person, id).await.unwrap()
    }

    /// The number of rows, of all people.
    pub async fn count(&self) -> i64 {
        self.number("select count(*) from dwell_drafts").await
    }

    /// Runs a query that returns a number.
    pub async fn number(&self, query: &'static str) -> i64 {
        let number = match &self.engine {
            Engine::Sqlite(database, _) => {
                let number = sqlx::query_scalar(query);
                database
                    .read(move |connection| Box::pin(number.fetch_one(connection)))
                    .await
            }
            Engine::Postgres(database) => {
                let number = sqlx::query_scalar(query);
                database
                    .run(move |connection| Box::pin(number.fetch_one(connection)))
                    .await
            }
        };
        number.unwrap()
    }

    /// Executes a statement.
    pub async fn execute(&self, statement: &'static str) {
        match &self.engine {
            Engine::Sqlite(database, _) => {
                let done = database
                    .write(move |connection| Box::pin(connection.execute(statement)))
                    .await;
                done.unwrap();
            }
            Engine::Postgres(database) => {
                let done = database
                    .run(move |connection| Box::pin(connection.execute(statement)))
                    .await;
                done.unwrap();
            }
        }
    }
}

/// A person in a session.
pub fn author(person: &str, session: u128) -> Author {
    Author {
        person: person.parse().unwrap(),
        session: Generation::from_random(session),
    }
}

pub fn ada() -> Author {
    author("ada", 1)
}

pub fn grace() -> Author {
    author("grace", 2)
}

/// Makes an id from a number.
pub fn draft_id(number: u32) -> DraftId {
    format!("{number:032x}").parse().unwrap()
}

pub fn form<'a>(name: &'a str, fields: &'a [(String, String)]) -> FormContent<'a> {
    FormContent { name, fields }
}

pub fn text_field(text: &str) -> Vec<(String, String)> {
    vec![("text".to_owned(), text.to_owned())]
}

fn text_of(draft: &Draft) -> &str {
    draft.field("text")
}

/// A form that was sent late by a browser with the cookie of the session of its page.
pub fn sent_late(draft: impl Into<Option<DraftId>>) -> LateForm {
    LateForm {
        draft: draft.into(),
        is_sent: true,
        has_cookie: true,
    }
}
