//! `GET /workspace`, `POST /workspace`, `POST /workspace/delete`

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
};
use dwell_app::{
    names::NOTE_FORM,
    pages::{Composer, Note, SignedIn, UnsavedNote, WorkspacePage},
};
use dwell_session::Instant;
use leptos::prelude::*;
use serde::Deserialize;
use time::{OffsetDateTime, macros::format_description};

use super::{page::signed_in, sent_form::SentForm};
use crate::{
    drafts::{Draft, DraftId},
    lifetime::CurrentSession,
    notes::{InvalidNote, NoteText, StoredNote},
    refusal::unavailable,
    rendering::render,
    state::AppState,
    store::StoreError,
};

/// The field with what is written, as the draft of the form has it.
const TEXT_FIELD: &str = "text";

/// It may be missing or wrong: then it is passed over.
#[derive(Deserialize)]
pub(super) struct PutBack {
    draft: String,
}

pub(super) async fn show(
    State(state): State<AppState>,
    current: CurrentSession,
    headers: HeaderMap,
    put_back: Result<Query<PutBack>, QueryRejection>,
) -> Response {
    let draft = put_back
        .ok()
        .and_then(|Query(put_back)| put_back.draft.parse().ok());
    page(&state, &current, &headers, draft, None).await
}

#[derive(Deserialize)]
pub(super) struct Written {
    #[serde(default)]
    text: String,
    #[serde(default)]
    draft: String,
}

pub(super) async fn add(
    State(state): State<AppState>,
    current: CurrentSession,
    headers: HeaderMap,
    SentForm(written): SentForm<Written>,
) -> Response {
    let draft = written.draft.parse().ok();
    let text = match NoteText::try_from(written.text.as_str()) {
        Ok(text) => text,
        Err(trouble) => {
            let rejected = Some((trouble, written.text));
            return page(&state, &current, &headers, draft, rejected).await;
        }
    };
    let now = current.live.now;
    let added = state.notes.add(current.account, &text, draft, now);
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
    SentForm(chosen): SentForm<Chosen>,
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

/// The page with what was typed before in the form: what was rejected, or else the draft that is
/// to be put back, if this person has it.
async fn page(
    state: &AppState,
    current: &CurrentSession,
    headers: &HeaderMap,
    draft: Option<DraftId>,
    rejected: Option<(InvalidNote, String)>,
) -> Response {
    let Loaded {
        signed_in,
        notes,
        mut drafts,
    } = match load(state, current).await {
        Ok(loaded) => loaded,
        Err(error) => return unavailable(headers, &error),
    };
    let put_back = drafts
        .extract_if(.., |offered| Some(offered.id) == draft)
        .next();
    let (status, id, text, trouble) = match (rejected, put_back) {
        (Some((trouble, text)), _) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            (status, draft, text, Some(trouble.to_string()))
        }
        (None, Some(put_back)) => {
            let text = put_back.field(TEXT_FIELD).to_owned();
            (StatusCode::OK, Some(put_back.id), text, None)
        }
        (None, None) => (StatusCode::OK, None, String::new(), None),
    };
    let composer = Composer {
        draft: id.unwrap_or_else(DraftId::fresh).to_string(),
        text,
        trouble,
    };
    let unsaved = drafts.iter().map(offered).collect();
    render(&state.built, status, move || {
        view! { <WorkspacePage signed_in notes unsaved composer /> }
    })
}

struct Loaded {
    signed_in: SignedIn,
    notes: Vec<Note>,
    drafts: Vec<Draft>,
}

async fn load(state: &AppState, current: &CurrentSession) -> Result<Loaded, StoreError> {
    let notes = state.notes.of(current.account).await?;
    Ok(Loaded {
        signed_in: signed_in(state, current).await?,
        notes: notes.into_iter().map(shown).collect(),
        drafts: state.drafts.of(current.account, NOTE_FORM).await?,
    })
}

fn shown(note: StoredNote) -> Note {
    Note {
        id: note.id,
        text: note.text,
        written_at: date(Instant::from_millis(note.written_at)),
    }
}

fn offered(draft: &Draft) -> UnsavedNote {
    UnsavedNote {
        draft: draft.id.to_string(),
        text: draft.field(TEXT_FIELD).to_owned(),
        saved_at: date(draft.saved_at),
    }
}

/// As people write it, in UTC.
fn date(instant: Instant) -> String {
    let format =
        format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
    OffsetDateTime::from_unix_timestamp(instant.as_millis() / 1_000)
        .ok()
        .and_then(|date| date.format(format).ok())
        .unwrap_or_default()
}
