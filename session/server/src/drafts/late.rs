//! Forms that were sent after the end of their session.

use super::{Author, DraftError, DraftId, Drafts, FormContent, LateLimits, LateSave, NewDraft};

/// A form that was sent or saved after the end of the session of its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LateForm {
    /// The id of the draft of the form, if the request names one.
    pub draft: Option<DraftId>,
    /// Whether the form was sent. Otherwise the page has only saved a draft of it.
    pub is_sent: bool,
    /// Whether the browser has sent the cookie of the session of the page. Without this condition,
    /// somebody who knows only the content of the page could overwrite what the person has typed.
    pub has_cookie: bool,
}

impl Drafts {
    /// Keeps a form that was sent or saved from a page of a session that the browser is no longer
    /// in. It is kept as a draft of the `author`, who is the person of that session. Returns
    /// whether it is kept.
    ///
    /// It replaces the draft of the form only if that draft is open, belongs to the same form, and
    /// was last saved in the same session, and if the browser [shows](LateForm::has_cookie) that it
    /// was in that session. Otherwise it is kept under a new id, and nothing is overwritten.
    ///
    /// It is not kept if all values are blank, if its draft was discarded with the same content, or
    /// if its draft is used up and the form was not sent but only saved. If the person has an open
    /// draft of the same form with the same content, nothing more is stored, and the form counts as
    /// kept.
    ///
    /// Dwell does not know the content of forms that were sent in time. A program that can
    /// recognise what it has already accepted should do so before it calls this method.
    ///
    /// # Errors
    ///
    /// [`DraftError::InvalidFormName`], [`DraftError::TooLarge`], [`DraftError::TooManyLate`] or
    /// [`DraftError::Store`]. In each case the form was not kept.
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
        // The draft that has this id is not changed: the form is kept under a new id.
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
