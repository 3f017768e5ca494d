//! `GET /workspace`, `POST /workspace`, `POST /workspace/delete`

use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
};
use dwell_app::pages::{Note, SignedIn, WorkspacePage};
use leptos::prelude::*;
use serde::Deserialize;
use time::{OffsetDateTime, macros::format_description};

use super::page::signed_in;
use crate::{
    lifetime::CurrentSession,
    notes::{NoteText, StoredNote},
    refusal::unavailable,
    rendering::render,
    state::AppState,
    store::StoreError,
};

pub(super) async fn show(
    State(state): State<AppState>,
    current: CurrentSession,
    headers: HeaderMap,
) -> Response {
    page(&state, &current, &headers, None).await
}

#[derive(Deserialize)]
pub(super) struct Written {
    #[serde(default)]
    text: String,
}

pub(super) async fn add(
    State(state): State<AppState>,
    current: CurrentSession,
    headers: HeaderMap,
    Form(written): Form<Written>,
) -> Response {
    let text = match NoteText::try_from(written.text.as_str()) {
        Ok(text) => text,
        Err(trouble) => {
            let rejected = Some((trouble.to_string(), written.text));
            return page(&state, &current, &headers, rejected).await;
        }
    };
    let added = state.notes.add(current.account, &text, current.live.now);
    back_to_the_notes(added.await, &headers)
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    id: i64,
}

pub(super) async fn delete(
    State(state): State<AppState>,
    current: CurrentSession,
    headers: HeaderMap,
    Form(chosen): Form<Chosen>,
) -> Response {
    let deleted = state.notes.delete(current.account, chosen.id);
    back_to_the_notes(deleted.await, &headers)
}

fn back_to_the_notes(done: Result<(), StoreError>, headers: &HeaderMap) -> Response {
    match done {
        Ok(()) => Redirect::to("/workspace").into_response(),
        Err(error) => unavailable(headers, &error),
    }
}

async fn page(
    state: &AppState,
    current: &CurrentSession,
    headers: &HeaderMap,
    rejected: Option<(String, String)>,
) -> Response {
    let (signed_in, notes) = match load(state, current).await {
        Ok(loaded) => loaded,
        Err(error) => return unavailable(headers, &error),
    };
    let status = match rejected {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    render(&state.built, status, move || {
        view! {
            <WorkspacePage
                signed_in
                notes
                rejected=rejected
            />
        }
    })
}

async fn load(
    state: &AppState,
    current: &CurrentSession,
) -> Result<(SignedIn, Vec<Note>), StoreError> {
    let signed_in = signed_in(state, current).await?;
    let notes = state.notes.of(current.account).await?;
    Ok((signed_in, notes.into_iter().map(shown).collect()))
}

fn shown(note: StoredNote) -> Note {
    let format =
        format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
    let written_at = OffsetDateTime::from_unix_timestamp(note.written_at / 1_000)
        .ok()
        .and_then(|date| date.format(format).ok());
    Note {
        id: note.id,
        text: note.text,
        written_at: written_at.unwrap_or_default(),
    }
}
