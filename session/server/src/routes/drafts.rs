//! The handlers that save, discard and restore drafts.

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
    current::session_context,
    drafts::{Author, DraftError, DraftId, Drafts, FormContent},
    navigation::{is_form, is_navigation, own_referrer},
};

/// A form that was sent, either to save it as a draft or because the person has submitted it. The
/// fields for Dwell are separate from the fields of the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentDraft {
    /// The generation of the page from which the form comes, as text.
    pub generation: Option<String>,
    /// The name of the form, if the request contains it.
    pub form: Option<String>,
    /// The id of the draft of the form, if the request contains one.
    pub draft: Option<DraftId>,
    /// The names and values of the fields. Line breaks are `\n`.
    pub fields: Vec<(String, String)>,
}

impl SentDraft {
    /// Reads the body of `request`, which is a URL-encoded form or a JSON array of pairs. The size
    /// of JSON does not depend on the script of the text as much as that of a form does.
    ///
    /// # Errors
    ///
    /// The body is neither of them, or is too large.
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

    /// Converts the line breaks, because URL-encoded forms have `\r\n` and JSON has `\n`.
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

    /// Saves the form as a draft of the person of `current`.
    ///
    /// # Errors
    ///
    /// The name of the form or the id of the draft is missing, the program keeps no drafts, or the
    /// draft could not be saved: see [`refuse_draft`].
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

    /// The refusal of a request to save a draft whose form name or id is missing or invalid.
    pub const NO_DRAFT: Refusal = Refusal::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "no_draft",
        "This is not a draft",
        "Nothing was saved. A draft needs the name of its form and an id.",
    );

    /// The value of the first field with this name, if there is one.
    pub fn field(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(field, _)| field == name)?;
        Some(value)
    }
}

/// Handles a request to save the current content of a form as a draft. Answers with the status 204.
///
/// # Errors
///
/// The draft was not saved: see [`refuse_draft`].
pub async fn save_draft(current: CurrentSession, request: Request) -> Result<StatusCode, Denied> {
    let sent = SentDraft::read(request, current.dwell().names()).await?;
    sent.save(&current).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Handles a request to discard a draft, which can be restored for a while. A browser is redirected
/// to the page of the form, and a script is answered with the status 204.
///
/// # Errors
///
/// The form cannot be read, the program keeps no drafts, or the store failed.
pub async fn discard_draft(current: CurrentSession, request: Request) -> Result<Response, Denied> {
    let dwell = current.dwell();
    let back = back_to_page(dwell, &request);
    let sent = SentDraft::read(request, dwell.names()).await?;
    if let Some(id) = sent.draft {
        drafts_of(dwell)?.discard(current.person(), id).await?;
    }
    Ok(back)
}

/// Handles a request to restore a discarded draft. A browser is redirected to the page of the form,
/// and a script is answered with the status 204.
///
/// # Errors
///
/// The form cannot be read, the program keeps no drafts, or the store failed.
pub async fn take_back_draft(
    current: CurrentSession,
    request: Request,
) -> Result<Response, Denied> {
    let dwell = current.dwell();
    let back = back_to_page(dwell, &request);
    let sent = SentDraft::read(request, dwell.names()).await?;
    if let Some(id) = sent.draft {
        drafts_of(dwell)?.restore(current.person(), id).await?;
    }
    Ok(back)
}

/// A redirect to the page of the form for a browser, or an empty answer for a script.
fn back_to_page(dwell: &Dwell, request: &Request) -> Response {
    if !is_navigation(request.headers()) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let page = own_referrer(request.headers());
    let page = page.and_then(|page| dwell.return_path(page.as_str()));
    Redirect::to(page.as_ref().map_or("/", |page| page.as_str())).into_response()
}

/// The drafts of the program, as an extractor for handlers. The request is refused if the program
/// keeps no drafts.
impl<S: Sync> FromRequestParts<S> for Drafts {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Denied> {
        drafts_of(&session_context(parts)?.dwell).cloned()
    }
}

fn drafts_of(dwell: &Dwell) -> Result<&Drafts, Denied> {
    dwell.drafts().ok_or_else(|| NO_DRAFTS.into())
}

const NO_DRAFTS: Refusal = Refusal::new(
    StatusCode::NOT_FOUND,
    "no_drafts",
    "Drafts are not kept here",
    "Nothing was saved.",
);

/// Makes the answer that says why a draft was not saved.
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
            "Too many forms have been sent since the end of their session, so this one was not \
             kept. Go back and copy what you have written, then sign in again.",
        ),
        DraftError::Store(error) => return Denied::Unavailable(error),
    };
    refusal.into()
}

/// Makes the answer to a form that could not be read.
fn refuse_form(status: StatusCode) -> Denied {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Refusal::new(
            status,
            "no_form",
            "This is not a form",
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
