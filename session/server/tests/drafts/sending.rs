//! Tests that a program can insert what was sent and use up its draft in one transaction.

use dwell::{
    drafts::{DraftId, Outcome, PostgresDrafts, SqliteDrafts},
    store::StoreError,
};
use sqlx::Connection as _;

use crate::bench::{Bench, Engine, TEXT, ada, draft_id};

on_every_engine! {
    an_invoice_is_inserted_and_its_draft_used_up_together,
}

// F3
async fn an_invoice_is_inserted_and_its_draft_used_up_together(bench: &Bench) {
    let ada = ada();
    let id = draft_id(1);
    bench
        .execute("create table invoices (text text not null)")
        .await;
    bench.save(&ada, id, TEXT).await.unwrap();

    bench.send(id, false).await.unwrap();
    assert_eq!(bench.invoices().await, 0);
    assert_eq!(bench.texts(&ada.person).await, [TEXT]);
    bench.save(&ada, id, TEXT).await.unwrap();

    bench.send(id, true).await.unwrap();
    assert_eq!(bench.invoices().await, 1);
    assert!(bench.list(&ada.person).await.is_empty());
    assert_eq!(bench.outcome(&ada.person, id).await, Some(Outcome::Sent));
    assert!(bench.save(&ada, id, TEXT).await.is_err());
}

const INSERT: &str = "insert into invoices values ('an invoice')";

impl Bench {
    /// Inserts an invoice and uses up its draft, as a program that uses Dwell does.
    async fn send(&self, id: DraftId, commits: bool) -> Result<(), StoreError> {
        let person = ada().person;
        let now = self.now();
        match &self.engine {
            Engine::Sqlite(database, _) => {
                database
                    .write(move |connection| {
                        Box::pin(async move {
                            let mut transaction = connection.begin().await?;
                            sqlx::query(INSERT).execute(&mut *transaction).await?;
                            SqliteDrafts::use_up(&mut transaction, &person, id, now).await?;
                            match commits {
                                true => transaction.commit().await?,
                                false => transaction.rollback().await?,
                            }
                            Ok::<_, StoreError>(())
                        })
                    })
                    .await
            }
            Engine::Postgres(database) => {
                database
                    .run(move |connection| {
                        Box::pin(async move {
                            let mut transaction = connection.begin().await?;
                            sqlx::query(INSERT).execute(&mut *transaction).await?;
                            PostgresDrafts::use_up(&mut transaction, &person, id, now).await?;
                            match commits {
                                true => transaction.commit().await?,
                                false => transaction.rollback().await?,
                            }
                            Ok::<_, StoreError>(())
                        })
                    })
                    .await
            }
        }
    }

    async fn invoices(&self) -> i64 {
        self.number("select count(*) from invoices").await
    }
}
