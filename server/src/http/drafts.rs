//! `POST /drafts`, `POST /drafts/discard`, and what is sent when the session has ended

use axum::{
    Form,
    body::Body,
    extract::{FromRequest as _, Request, State, rejection::FormRejection},
    http::{HeaderMap, Method, StatusCode},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use dwell_app::names::{
    DRAFT_FIELD, DRAFT_FORM_FIELD, GENERATION_FIELD, GENERATION_HEADER, NOTE_FORM,
};
use serde::Deserialize;

use super::sent_form::{SentForm, refuse};
use crate::{
    drafts::{DraftId, SaveDraftError},
    lifetime::CurrentSession,
    navigation::header_text,
    refusal::{refusal, unavailable},
    sessions::Visit,
    state::AppState,
    store::Tombstone,
};

/// What a form that is worth protecting has sent.
type Sent = Form<Vec<(String, String)>>;

pub(super) async fn save(
    State(state): State<AppState>,
    current: CurrentSession,
    headers: HeaderMap,
    sent: Result<Sent, FormRejection>,
) -> Response {
    let protected = match sent {
        Ok(Form(sent)) => Protected::from(sent),
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return not_saved(&headers, &SaveDraftError::TooLarge);
        }
        Err(rejection) => return refuse(&headers, &rejection),
    };
    let (Some(NOTE_FORM), Some(id)) = (protected.form.as_deref(), protected.draft) else {
        return refusal(
            &headers,
            StatusCode::UNPROCESSABLE_ENTITY,
            "no_draft",
            "This is no draft",
            "Nothing was saved. A draft tells the name of its form and its own id.",
        );
    };
    let saved = state
        .drafts
        .save(current.account, id, NOTE_FORM, &protected.fields);
    match saved.await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => not_saved(&headers, &error),
    }
}

fn not_saved(headers: &HeaderMap, error: &SaveDraftError) -> Response {
    match error {
        SaveDraftError::UsedUp => refusal(
            headers,
            StatusCode::GONE,
            "draft_used_up",
            "This form has been sent or discarded",
            "Nothing was saved. Open the page again to write something new.",
        ),
        SaveDraftError::TooLarge => refusal(
            headers,
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "This form is too large",
            "Nothing was saved. Go back and send less at once.",
        ),
        SaveDraftError::Store(error) => unavailable(headers, error),
    }
}

#[derive(Deserialize)]
pub(super) struct Discarded {
    #[serde(default)]
    draft: String,
}

pub(super) async fn discard(
    State(state): State<AppState>,
    current: CurrentSession,
    headers: HeaderMap,
    SentForm(discarded): SentForm<Discarded>,
) -> Response {
    let done = match discarded.draft.parse() {
        Ok(id) => state.drafts.discard(current.account, id).await,
        Err(_) => Ok(()),
    };
    match done {
        Ok(()) => Redirect::to("/workspace").into_response(),
        Err(error) => unavailable(&headers, &error),
    }
}

/// Runs around the routes that take what somebody wrote. What was sent from a page of a session
/// that time has ended is kept as a draft before the request is turned away.
///
/// It is kept for whoever the session was of, so it needs no more than the session's own
/// generation; nothing is read and nothing is extended.
pub(super) async fn keep_late(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let tombstone = match request.extensions().get() {
        Some(Visit::Ended(tombstone))
            if tombstone.is_timeout() && request.method() == Method::POST =>
        {
            *tombstone
        }
        _ => return next.run(request).await,
    };
    let (parts, body) = request.into_parts();
    let sent = Sent::from_request(Request::from_parts(parts.clone(), body), &state).await;
    if let Ok(Form(sent)) = sent
        && let Err(error) = keep(&state, &tombstone, &parts.headers, sent).await
    {
        return not_saved(&parts.headers, &error);
    }
    next.run(Request::from_parts(parts, Body::empty())).await
}

async fn keep(
    state: &AppState,
    tombstone: &Tombstone,
    headers: &HeaderMap,
    sent: Vec<(String, String)>,
) -> Result<(), SaveDraftError> {
    let protected = Protected::from(sent);
    let generation = match header_text(headers, GENERATION_HEADER) {
        Some(generation) => Some(generation),
        None => protected.generation.as_deref(),
    };
    let is_own = generation.and_then(|text| text.parse().ok()) == Some(tombstone.generation);
    let is_note = protected.form.is_none_or(|form| form == NOTE_FORM);
    if !is_own || !is_note {
        return Ok(());
    }
    let id = protected.draft.unwrap_or_else(DraftId::fresh);
    let saved = state
        .drafts
        .save(tombstone.account, id, NOTE_FORM, &protected.fields)
        .await;
    match saved {
        Err(SaveDraftError::UsedUp) => Ok(()),
        saved => saved,
    }
}

/// A form that is worth protecting, apart from what it carries for the server.
#[derive(Default)]
struct Protected {
    generation: Option<String>,
    form: Option<String>,
    draft: Option<DraftId>,
    fields: Vec<(String, String)>,
}

impl From<Vec<(String, String)>> for Protected {
    fn from(sent: Vec<(String, String)>) -> Self {
        let mut protected = Self::default();
        for (name, value) in sent {
            match name.as_str() {
                GENERATION_FIELD => protected.generation = Some(value),
                DRAFT_FORM_FIELD => protected.form = Some(value),
                DRAFT_FIELD => protected.draft = value.parse().ok(),
                _ => protected.fields.push((name, value)),
            }
        }
        protected
    }
}
