//! Forms that were sent after the end of their session.

use super::{Author, DraftError, DraftId, Drafts, FormContent, LateLimits, LateSave, NewDraft};

/// How a form came that was sent, or saved, after the end of the session of its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LateForm {
    /// The draft that the page has of the form, if it names one.
    pub draft: Option<DraftId>,
    /// Whether the form itself was sent, rather than only saved by its page.
    pub is_sent: bool,
    /// Whether the browser shows by its cookie that it was in the session of the page. Without
    /// that, whoever has no more than the page could overwrite what its person has typed.
    pub has_cookie: bool,
}

impl Drafts {
    /// Keeps a form that was sent, or saved, from a page of a session that the browser is not in
    /// any more. It is kept for the person that the session is or was of, who is the `author`.
    /// Returns whether it is kept.
    ///
    /// It replaces the draft that it was typed into only where that is an open draft of the same
    /// form, was last saved in the same session, and the browser [shows](LateForm::has_cookie) that
    /// it was in that session. Otherwise it is kept under a new id, and nothing is overwritten.
    ///
    /// It is not kept where all values are blank, where its draft was discarded with the same
    /// content, or where its draft is used up and it was only saved. Content that the person has in
    /// an open draft of the same form is kept already.
    ///
    /// Of a form that was sent in time, nothing is left here to compare with. A program that can
    /// tell what it has accepted before should do so before it calls this.
    ///
    /// # Errors
    ///
    /// [`DraftError::InvalidFormName`], [`DraftError::TooLarge`], [`DraftError::TooManyLate`] or
    /// [`DraftError::Store`]. It was not kept then.
    pub async fn save_late(
        &self,
        author: &Author,
        form: FormContent<'_>,
        late: LateForm,
    ) -> Result<bool, DraftError> {
        if form.is_blank() {
            return Ok(false);
        }
        let fields = form.to_json()?;
        let now = self.clock.now();
        let person = &author.person;
        if self.store.contains(person, form.name, &fields, now).await? {
            return Ok(true);
        }
        let before = match late.draft {
            Some(id) => self.store.find(person, id).await?,
            None => None,
        };
        let new = DraftId::random();
        let draft = NewDraft {
            person,
            id: late.draft.unwrap_or(new),
            form: form.name,
            fields: &fields,
            session: author.session,
            saved_at: now,
            expires_at: now + self.limits.retention,
        };
        let limits = LateLimits {
            per_session: self.limits.late_per_session,
            per_person: self.limits.late_per_person,
        };
        let saved = match before {
            None => self.store.insert_late(draft, limits).await?,
            Some(before) if before.used_up_at.is_some() => {
                let is_known = before.fields.as_deref() == Some(draft.fields);
                if is_known || !late.is_sent {
                    return Ok(false);
                }
                LateSave::IdTaken
            }
            Some(_) if late.has_cookie => self.store.replace_late(draft, limits).await?,
            Some(_) => LateSave::IdTaken,
        };
        // What has this id stays as it is.
        let saved = match saved {
            LateSave::IdTaken => {
                let draft = NewDraft { id: new, ..draft };
                self.store.insert_late(draft, limits).await?
            }
            saved => saved,
        };
        match saved {
            LateSave::Saved => Ok(true),
            LateSave::TooMany | LateSave::IdTaken => Err(DraftError::TooManyLate),
        }
    }
}
