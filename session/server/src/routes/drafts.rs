//! `POST` drafts: save, discard, take back

use std::time::Duration;

use axum::{
    Form, Json,
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, request::Parts},
    response::{IntoResponse as _, Redirect, Response},
};
use dwell_session::Names;

use crate::{
    CurrentSession, Denied, Dwell, Refusal,
    current::attached,
    drafts::{Author, DraftError, DraftId, Drafts, FormContent},
    navigation::{is_form, is_navigation, own_referrer},
};

/// A form that is worth protecting, apart from the fields that it carries for Dwell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentDraft {
    /// The generation of the page that it comes from, as text.
    pub generation: Option<String>,
    /// The name of the form, where its page has saved it.
    pub form: Option<String>,
    /// The draft that the page has of it.
    pub draft: Option<DraftId>,
    /// Names and values.
    pub fields: Vec<(String, String)>,
}

impl SentDraft {
    /// What `request` sends: as a browser sends a form, or in JSON, which takes no more bytes in one
    /// script than in another.
    ///
    /// # Errors
    ///
    /// It is neither.
    pub async fn read(request: Request, names: &Names) -> Result<Self, Denied> {
        let sent: Vec<(String, String)> = if is_form(request.headers()) {
            let form = Form::from_request(request, &()).await;
            form.map(|Form(pairs)| pairs)
                .map_err(|rejection| refuse_form(rejection.status()))?
        } else {
            let json = Json::from_request(request, &()).await;
            json.map(|Json(pairs)| pairs)
                .map_err(|rejection| refuse_form(rejection.status()))?
        };
        Ok(Self::of(sent, names))
    }

    /// Ends of lines are those of the page, whichever way the form was sent.
    fn of(sent: Vec<(String, String)>, names: &Names) -> Self {
        let mut draft = Self::default();
        for (name, value) in sent {
            if name == names.generation_field {
                draft.generation = Some(value);
            } else if name == names.form_field {
                draft.form = Some(value);
            } else if name == names.draft_field {
                draft.draft = value.parse().ok();
            } else {
                draft.fields.push((name, value.replace("\r\n", "\n")));
            }
        }
        draft
    }

    /// Saves it as a draft of the person of `current`.
    ///
    /// # Errors
    ///
    /// It tells no name of a form or no id, or see [`refuse_draft`].
    pub async fn save(&self, current: &CurrentSession) -> Result<(), Denied> {
        let drafts = drafts_of(current.dwell())?;
        let (Some(name), Some(id)) = (self.form.as_deref(), self.draft) else {
            return Err(Self::NO_DRAFT.into());
        };
        let author = Author {
            person: current.person().clone(),
            session: current.generation(),
        };
        let content = FormContent {
            name,
            fields: &self.fields,
        };
        let saved = drafts.save(&author, id, content).await;
        saved.map_err(refuse_draft)
    }

    /// Says that what was sent is not a draft of a form that is kept here.
    pub const NO_DRAFT: Refusal = Refusal::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "no_draft",
        "This is no draft",
        "Nothing was saved. A draft tells the name of its form and its own id.",
    );

    /// The value of a field, if there is one.
    pub fn field(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(field, _)| field == name)?;
        Some(value)
    }
}

/// Saves a draft: what a form holds so far.
///
/// # Errors
///
/// It was not saved; see [`refuse_draft`].
pub async fn save_draft(current: CurrentSession, request: Request) -> Result<StatusCode, Denied> {
    let sent = SentDraft::read(request, current.dwell().names()).await?;
    sent.save(&current).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Discards a draft. It can be had back for a while.
///
/// # Errors
///
/// The store failed.
pub async fn discard_draft(current: CurrentSession, request: Request) -> Result<Response, Denied> {
    let dwell = current.dwell();
    let back = back_to(dwell, &request);
    let sent = SentDraft::read(request, dwell.names()).await?;
    if let Some(id) = sent.draft {
        drafts_of(dwell)?.discard(current.person(), id).await?;
    }
    Ok(back)
}

/// Makes a draft of a discarded one again.
///
/// # Errors
///
/// The store failed.
pub async fn take_back_draft(
    current: CurrentSession,
    request: Request,
) -> Result<Response, Denied> {
    let dwell = current.dwell();
    let back = back_to(dwell, &request);
    let sent = SentDraft::read(request, dwell.names()).await?;
    if let Some(id) = sent.draft {
        drafts_of(dwell)?.restore(current.person(), id).await?;
    }
    Ok(back)
}

/// For a browser the page that the form was on; a script needs none.
fn back_to(dwell: &Dwell, request: &Request) -> Response {
    if !is_navigation(request.headers()) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let page = own_referrer(request.headers());
    let page = page.and_then(|page| dwell.return_path(page.as_str()));
    Redirect::to(page.as_ref().map_or("/", |page| page.as_str())).into_response()
}

/// The drafts of the program, for handlers. Refused if the program keeps none.
impl<S: Sync> FromRequestParts<S> for Drafts {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Denied> {
        drafts_of(&attached(parts)?.dwell).cloned()
    }
}

fn drafts_of(dwell: &Dwell) -> Result<&Drafts, Denied> {
    dwell.drafts().ok_or_else(|| NOT_KEPT.into())
}

const NOT_KEPT: Refusal = Refusal::new(
    StatusCode::NOT_FOUND,
    "no_drafts",
    "Drafts are not kept here",
    "Nothing was saved.",
);

/// Says why a draft was not saved.
pub fn refuse_draft(error: DraftError) -> Denied {
    let refusal = match error {
        DraftError::UsedUp => Refusal::new(
            StatusCode::GONE,
            "draft_used_up",
            "This form has been sent or discarded",
            "Nothing was saved. Open the page again to write something new.",
        ),
        DraftError::TooLarge => Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "This form is too large",
            "Nothing was saved. Go back and send less at once.",
        ),
        DraftError::InvalidFormName => SentDraft::NO_DRAFT,
        DraftError::TooOften => Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_often",
            "This is saved too often",
            "Nothing was saved. Wait a few seconds before you save again.",
        )
        .retry_after(Duration::from_secs(5)),
        DraftError::TooManyLate => Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_late",
            "This could not be kept",
            "As much has been kept of what was sent since the end of its session as there is room \
             for. Go back and copy what you have written, then sign in again.",
        ),
        DraftError::Store(error) => return Denied::Unavailable(error),
    };
    refusal.into()
}

/// Says what is wrong with a form that could not be read.
fn refuse_form(status: StatusCode) -> Denied {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Refusal::new(
            status,
            "no_form",
            "This is no form",
            "Nothing was changed. Open the page again and repeat what you did.",
        ),
        _ => Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad_form",
            "Something is missing in this form",
            "Nothing was changed. Open the page again and repeat what you did.",
        ),
    }
    .into()
}
