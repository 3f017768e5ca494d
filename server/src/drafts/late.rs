//! What is kept of what was sent too late.

use super::{Author, DraftId, Drafts, Form, MOST_LATE, MOST_LATE_IN_ALL, SaveDraftError};
use crate::{account_id::AccountId, store::StoreError};

/// How something came that was sent too late.
#[derive(Debug, Clone, Copy)]
pub struct Late {
    /// The draft that the page has of it.
    pub draft: Option<DraftId>,
    /// Whether the form itself was sent, and not only saved by its page.
    pub is_sent: bool,
    /// Whether the browser shows by its cookie that it was in the session of the page.
    pub has_cookie: bool,
}

/// A draft, as it was when something came too late.
#[derive(sqlx::FromRow)]
struct Before {
    /// The session in which it was saved last.
    session: String,
    /// Nothing, if it was sent.
    fields: Option<String>,
    used_up_at: Option<i64>,
}

impl Drafts {
    /// Keeps what was sent from a page of a session that the browser was not in any more by then. It
    /// takes the place of what that same session saved of the same form, if the browser shows that it
    /// was in it, and of nothing else; only a few are kept of one session. Tells whether it is kept: it
    /// is not where it is blank, was discarded before, or was saved by a page whose form is sent.
    ///
    /// # Errors
    ///
    /// See [`SaveDraftError`].
    pub async fn save_late(
        &self,
        author: Author,
        form: Form<'_>,
        late: Late,
    ) -> Result<bool, SaveDraftError> {
        if form.is_blank() {
            return Ok(false);
        }
        let json = form.json()?;
        if self.has_like(author.account, form.name, &json).await? {
            return Ok(true);
        }
        let before = match late.draft {
            Some(id) => self.before(author.account, id).await?,
            None => None,
        };
        let id = match before {
            None => late.draft,
            Some(before) if before.used_up_at.is_some() => {
                if !late.is_sent || before.fields.as_ref() == Some(&json) {
                    return Ok(false);
                }
                None
            }
            Some(before) => {
                let is_own = before.session == author.session.to_string();
                late.draft.filter(|_| late.has_cookie && is_own)
            }
        };
        let id = id.unwrap_or_else(DraftId::fresh);
        match self.write_late(author, id, form.name, &json).await? {
            true => Ok(true),
            false => Err(SaveDraftError::TooManyLate),
        }
    }

    /// Tells whether it was written.
    async fn write_late(
        &self,
        author: Author,
        id: DraftId,
        form: &str,
        json: &str,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let query = sqlx::query(
            "insert into drafts (account, id, form, fields, session, is_late, saved_at, expires_at) \
             select $1, $2, $3, $4, $5, 1, $6, $7 \
             where (select count(*) from drafts \
              where account = $1 and session = $5 and is_late = 1 and id <> $2) < $8 \
             and (select count(*) from drafts \
              where account = $1 and is_late = 1 and id <> $2) < $9 \
             on conflict (account, id) do update \
             set fields = excluded.fields, is_late = 1, saved_at = excluded.saved_at, \
             expires_at = excluded.expires_at \
             where drafts.used_up_at is null and drafts.session = excluded.session \
             and drafts.form = excluded.form",
        )
        .bind(author.account)
        .bind(id.to_string())
        .bind(form.to_owned())
        .bind(json.to_owned())
        .bind(author.session.to_string())
        .bind(now.as_millis())
        .bind((now + self.retention).as_millis())
        .bind(i64::from(MOST_LATE))
        .bind(i64::from(MOST_LATE_IN_ALL));
        Ok(self.database.execute(query).await?.rows_affected() > 0)
    }

    /// Whether a person has a draft of this form that holds the same.
    async fn has_like(
        &self,
        account: AccountId,
        form: &str,
        json: &str,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query_as(
            "select count(*) from drafts \
             where account = $1 and form = $2 and fields = $3 and used_up_at is null \
             and expires_at > $4",
        )
        .bind(account)
        .bind(form.to_owned())
        .bind(json.to_owned())
        .bind(self.clock.now().as_millis());
        let (count,): (i64,) = self.database.fetch_one(query).await?;
        Ok(count > 0)
    }

    /// What is known of a draft that was there before.
    async fn before(&self, account: AccountId, id: DraftId) -> Result<Option<Before>, StoreError> {
        let query = sqlx::query_as(
            "select session, fields, used_up_at from drafts where account = $1 and id = $2",
        )
        .bind(account)
        .bind(id.to_string());
        self.database.fetch_optional(query).await
    }
}
