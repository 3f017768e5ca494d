//! `GET /drafts`, `POST /drafts`, `POST /drafts/discard`, `POST /drafts/take-back`, and what is sent
//! from a page of a session that the browser is not in any more

use axum::{
    Form, Json,
    body::Body,
    extract::{FromRequest as _, Query, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use dwell_app::{
    names::{DRAFT_FIELD, DRAFT_FORM_FIELD, GENERATION_FIELD, GENERATION_HEADER, NOTE_FORM},
    pages::Writing,
};
use dwell_session::Generation;
use leptos::prelude::*;
use serde::Deserialize;

use super::{
    sent_form::{self, SentForm},
    workspace::{self, Question, TEXT_FIELD, back_after},
};
use crate::{
    drafts::{self, Author, DraftId, Late, SaveDraftError},
    lifetime::{ANOTHER_SESSION, CurrentSession, is_from_other_page},
    navigation::{header_text, is_form},
    notes::NoteText,
    refusal::{refusal, unavailable},
    rendering::render,
    sessions::Visit,
    state::AppState,
};

/// The names and values of a form that is worth protecting.
type Pairs = Vec<(String, String)>;

/// What is kept, and the form: as the page shows them, for a page that was loaded while the one
/// before it was still saving.
pub(super) async fn show(
    State(state): State<AppState>,
    current: CurrentSession,
    headers: HeaderMap,
    question: Question,
) -> Response {
    let Query(asked) = question.unwrap_or_default();
    let written = match workspace::written(&state, &current, &asked).await {
        Ok(written) => written,
        Err(error) => return unavailable(&headers, &error),
    };
    let generation = current.live.session.generation;
    render(&state.built, StatusCode::OK, move || {
        view! { <Writing generation written /> }
    })
}

pub(super) async fn save(
    State(state): State<AppState>,
    current: CurrentSession,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    let protected = match sent(request, &state).await {
        Ok(sent) => Protected::from(sent),
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return not_saved(&headers, &SaveDraftError::TooLarge);
        }
        Err(rejection) => return rejection,
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
    let author = Author {
        account: current.account,
        session: current.live.session.generation,
    };
    let saved = state.drafts.save(author, id, protected.note());
    match saved.await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => not_saved(&headers, &error),
    }
}

/// As a browser sends a form, or in JSON, which takes no more bytes in one script than in another.
async fn sent(request: Request, state: &AppState) -> Result<Pairs, Response> {
    let headers = request.headers().clone();
    if is_form(request.headers()) {
        let form = Form::from_request(request, state).await;
        form.map(|Form(pairs)| pairs)
            .map_err(|rejection| sent_form::refuse(&headers, rejection.status()))
    } else {
        let json = Json::from_request(request, state).await;
        json.map(|Json(pairs)| pairs)
            .map_err(|rejection| sent_form::refuse(&headers, rejection.status()))
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
        SaveDraftError::TooOften => {
            let mut response = refusal(
                headers,
                StatusCode::TOO_MANY_REQUESTS,
                "too_often",
                "This is saved too often",
                "Nothing was saved. Wait a few seconds before you save again.",
            );
            let soon = HeaderValue::from_static("5");
            response.headers_mut().insert(header::RETRY_AFTER, soon);
            response
        }
        SaveDraftError::TooManyLate => refusal(
            headers,
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_late",
            "This could not be kept",
            "As much has been kept of what was sent since the end of its session as there is room \
             for. Go back and copy what you have written, then sign in again.",
        ),
        SaveDraftError::Store(error) => unavailable(headers, error),
    }
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    #[serde(default)]
    draft: String,
}

pub(super) async fn discard(
    State(state): State<AppState>,
    current: CurrentSession,
    headers: HeaderMap,
    SentForm(chosen): SentForm<Chosen>,
) -> Response {
    let Ok(id) = chosen.draft.parse::<DraftId>() else {
        return Redirect::to("/workspace").into_response();
    };
    match state.drafts.discard(current.account, id).await {
        Ok(()) => back_after(&headers, "discarded", &id.to_string()),
        Err(error) => unavailable(&headers, &error),
    }
}

pub(super) async fn take_back(
    State(state): State<AppState>,
    current: CurrentSession,
    headers: HeaderMap,
    SentForm(chosen): SentForm<Chosen>,
) -> Response {
    let done = match chosen.draft.parse() {
        Ok(id) => state.drafts.take_back(current.account, id).await,
        Err(_) => Ok(()),
    };
    match done {
        Ok(()) => Redirect::to("/workspace").into_response(),
        Err(error) => unavailable(&headers, &error),
    }
}

/// Runs around the routes that take what somebody wrote. What was sent from a page of a session
/// that the browser is not in any more, whatever became of it, is kept as a draft before the request
/// is turned away.
///
/// It is kept for whoever the session is or was of, so it needs no more than that session's
/// generation; nothing is read and nothing is extended.
pub(super) async fn keep_late(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let is_live = matches!(request.extensions().get(), Some(Visit::Live(_)));
    if is_live || request.method() != Method::POST {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let ended = match parts.extensions.get() {
        Some(Visit::Ended(tombstone)) => Some(tombstone.generation),
        _ => None,
    };
    let sent = sent(Request::from_parts(parts.clone(), body), &state).await;
    let is_kept = match sent {
        Ok(sent) => keep(&state, &parts.headers, ended, sent).await,
        Err(_) => Ok(false),
    };
    match is_kept {
        Ok(true) if is_from_other_page(&parts.extensions) => refusal(
            &parts.headers,
            StatusCode::CONFLICT,
            ANOTHER_SESSION,
            "Another session has begun in this browser",
            "What was sent is not saved, but kept as a draft: it waits for whoever wrote it in \
             their workspace. Open the page again to see who is signed in.",
        ),
        Ok(_) => next.run(Request::from_parts(parts, Body::empty())).await,
        Err(error) => not_saved(&parts.headers, &error),
    }
}

/// Keeps what was sent by a browser whose session with the generation `ended` has ended, if there is
/// anything to keep. Tells whether it is kept.
async fn keep(
    state: &AppState,
    headers: &HeaderMap,
    ended: Option<Generation>,
    sent: Pairs,
) -> Result<bool, SaveDraftError> {
    let protected = Protected::from(sent);
    let generation = match header_text(headers, GENERATION_HEADER) {
        Some(generation) => Some(generation),
        None => protected.generation.as_deref(),
    };
    let session = generation.and_then(|text| text.parse().ok());
    let is_note = protected.form.as_ref().is_none_or(|form| form == NOTE_FORM);
    let Some(session) = session.filter(|_| is_note) else {
        return Ok(false);
    };
    let Some(account) = state.sessions.owner(session).await? else {
        return Ok(false);
    };
    let text = protected.field(TEXT_FIELD).unwrap_or_default();
    if let (Some(draft), Ok(text)) = (protected.draft, NoteText::try_from(text))
        && state.notes.has_taken(account, draft, &text).await?
    {
        return Ok(false);
    }
    let author = Author { account, session };
    let late = Late {
        draft: protected.draft,
        is_sent: protected.form.is_none(),
        has_cookie: ended == Some(session),
    };
    let drafts = &state.drafts;
    drafts.save_late(author, protected.note(), late).await
}

/// A form that is worth protecting, apart from what it carries for the server.
#[derive(Default)]
struct Protected {
    generation: Option<String>,
    form: Option<String>,
    draft: Option<DraftId>,
    fields: Pairs,
}

impl Protected {
    fn field(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(field, _)| field == name)?;
        Some(value)
    }

    fn note(&self) -> drafts::Form<'_> {
        drafts::Form {
            name: NOTE_FORM,
            fields: &self.fields,
        }
    }
}

impl From<Pairs> for Protected {
    /// The ends of lines are those of the page, whichever way the form was sent.
    fn from(sent: Pairs) -> Self {
        let mut protected = Self::default();
        for (name, value) in sent {
            match name.as_str() {
                GENERATION_FIELD => protected.generation = Some(value),
                DRAFT_FORM_FIELD => protected.form = Some(value),
                DRAFT_FIELD => protected.draft = value.parse().ok(),
                _ => protected.fields.push((name, value.replace("\r\n", "\n"))),
            }
        }
        protected
    }
}
