//! `GET /drafts`, `POST /drafts`, `POST /drafts/discard`, `POST /drafts/take-back`

use axum::{
    Form, Json,
    extract::{FromRequest as _, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use dwell_app::{
    names::{DRAFT_FIELD, DRAFT_FORM_FIELD, GENERATION_FIELD, NOTE_FORM},
    pages::Writing,
};
use leptos::prelude::*;
use serde::Deserialize;

use super::{
    sent_form::{self, SentForm},
    workspace::{self, Question, back_after},
};
use crate::{
    drafts::{self, Author, DraftId, SaveDraftError},
    lifetime::CurrentSession,
    navigation::is_form,
    refusal::{refusal, unavailable},
    rendering::render,
    state::AppState,
};

/// The names and values of a form that is worth protecting.
pub(super) type Pairs = Vec<(String, String)>;

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
pub(super) async fn sent(request: Request, state: &AppState) -> Result<Pairs, Response> {
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

pub(super) fn not_saved(headers: &HeaderMap, error: &SaveDraftError) -> Response {
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

/// A form that is worth protecting, apart from what it carries for the server.
#[derive(Default)]
pub(super) struct Protected {
    pub generation: Option<String>,
    pub form: Option<String>,
    pub draft: Option<DraftId>,
    fields: Pairs,
}

impl Protected {
    pub fn field(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(field, _)| field == name)?;
        Some(value)
    }

    pub fn note(&self) -> drafts::Form<'_> {
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
