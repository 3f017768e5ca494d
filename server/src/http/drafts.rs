//! `GET /drafts`, `POST /drafts`, `POST /drafts/discard`, `POST /drafts/take-back`

use axum::{
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode},
    response::{Redirect, Response},
};
use dwell::{CurrentSession, Denied, SentDraft, drafts::DraftId};
use dwell_app::{names::NOTE_FORM, pages::Writing};
use leptos::prelude::*;
use serde::Deserialize;

use super::{
    sent_form::SentForm,
    workspace::{self, Question, back_after},
};
use crate::{rendering::render, state::AppState};

/// What is kept, and the form: as the page shows them, for a page that was loaded while the one
/// before it was still saving.
pub(super) async fn show(
    State(state): State<AppState>,
    current: CurrentSession,
    question: Question,
) -> Result<Response, Denied> {
    let Query(asked) = question.unwrap_or_default();
    let written = workspace::written(&state, &current, &asked).await?;
    let generation = current.generation();
    Ok(render(&state.built, StatusCode::OK, move || {
        view! { <Writing generation written /> }
    }))
}

pub(super) async fn save(current: CurrentSession, request: Request) -> Result<StatusCode, Denied> {
    let sent = SentDraft::read(request, current.dwell().names()).await?;
    if sent.form.as_deref() != Some(NOTE_FORM) {
        return Err(SentDraft::NO_DRAFT.into());
    }
    sent.save(&current).await?;
    Ok(StatusCode::NO_CONTENT)
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
) -> Result<Redirect, Denied> {
    let Ok(id) = chosen.draft.parse::<DraftId>() else {
        return Ok(Redirect::to("/workspace"));
    };
    state.drafts.discard(current.person(), id).await?;
    Ok(back_after(&headers, "discarded", &id.to_string()))
}

pub(super) async fn take_back(
    State(state): State<AppState>,
    current: CurrentSession,
    SentForm(chosen): SentForm<Chosen>,
) -> Result<Redirect, Denied> {
    if let Ok(id) = chosen.draft.parse() {
        state.drafts.restore(current.person(), id).await?;
    }
    Ok(Redirect::to("/workspace"))
}
