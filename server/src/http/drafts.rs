//! `GET /drafts`, `POST /drafts`, `POST /drafts/discard`, `POST /drafts/take-back`

use axum::{
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode},
    response::{Redirect, Response},
};
use dwell::{CurrentSession, Denied, SentDraft, drafts::DraftId};
use dwell_app::{names::NOTE_FORM, pages::NoteEditor};
use leptos::prelude::*;
use serde::Deserialize;

use super::{
    sent_form::SentForm,
    workspace::{self, WorkspaceQuery, back_after},
};
use crate::{rendering::render, state::AppState};

/// The unsaved notes and the form, as the workspace shows them. They are for a page that was loaded
/// while the page before it was still saving.
pub(super) async fn show(
    State(state): State<AppState>,
    current: CurrentSession,
    query: WorkspaceQuery,
) -> Result<Response, Denied> {
    let Query(params) = query.unwrap_or_default();
    let editor = workspace::editor_content(&state, &current, &params).await?;
    let generation = current.generation();
    Ok(render(&state.built, StatusCode::OK, move || {
        view! { <NoteEditor generation editor /> }
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
pub(super) struct ChosenDraft {
    #[serde(default)]
    draft: String,
}

pub(super) async fn discard(
    State(state): State<AppState>,
    current: CurrentSession,
    headers: HeaderMap,
    SentForm(chosen): SentForm<ChosenDraft>,
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
    SentForm(chosen): SentForm<ChosenDraft>,
) -> Result<Redirect, Denied> {
    if let Ok(id) = chosen.draft.parse() {
        state.drafts.restore(current.person(), id).await?;
    }
    Ok(Redirect::to("/workspace"))
}
