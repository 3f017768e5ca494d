//! `GET /workspace`, `POST /workspace`, `POST /workspace/delete`, `POST /workspace/take-back`

use std::collections::HashSet;

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse as _, Redirect, Response},
};
use dwell::{
    CurrentSession, Denied, Instant, Refusal,
    drafts::{Draft, DraftId, Outcome},
    navigation::header_text,
    store::StoreError,
};
use dwell_app::{
    names::{DRAFT_FIELD, NOTE_FORM},
    pages::{Composer, Note, Notice, SignedIn, UnsavedNote, When, WorkspacePage, Written},
};
use leptos::prelude::*;
use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

use super::{sent_form::SentForm, visitor::signed_in};
use crate::{
    accounts::AccountId,
    notes::{AddNoteError, NoteText, Page, StoredNote},
    rendering::render,
    state::AppState,
};

/// The field with what is written, as the draft of the form has it.
pub(super) const TEXT_FIELD: &str = "text";

/// What is asked of the page. What makes no sense is passed over.
pub(super) type Question = Result<Query<Asked>, QueryRejection>;

/// Each part may be missing or wrong.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// The draft that is to be in the form.
    draft: String,
    /// The note that was deleted just now.
    deleted: String,
    /// The draft that was discarded just now.
    discarded: String,
    /// The note before which the page begins.
    before: String,
}

pub(super) async fn show(
    State(state): State<AppState>,
    current: CurrentSession,
    question: Question,
) -> Result<Response, Denied> {
    let Query(asked) = question.unwrap_or_default();
    let written = written(&state, &current, &asked).await?;
    page(&state, &current, &asked, written).await
}

#[derive(Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    text: String,
    #[serde(default)]
    draft: String,
}

pub(super) async fn add(
    State(state): State<AppState>,
    current: CurrentSession,
    SentForm(sent): SentForm<Sent>,
) -> Result<Response, Denied> {
    let account = AccountId::of(current.person())?;
    let draft = sent.draft.parse().ok();
    let trouble = match NoteText::try_from(sent.text.as_str()) {
        Ok(text) => {
            let now = current.now();
            match state.notes.add(account, &text, draft, now).await {
                Ok(()) => return Ok(Redirect::to("/workspace").into_response()),
                Err(AddNoteError::Store(error)) => return Err(error.into()),
                Err(trouble @ AddNoteError::TooMany) => trouble.to_string(),
            }
        }
        Err(trouble) => trouble.to_string(),
    };
    let composer = Composer {
        draft: draft.unwrap_or_else(DraftId::random).to_string(),
        text: sent.text,
        trouble: Some(trouble),
    };
    let (unsaved, _) = unsaved(&state, &current, draft).await?;
    let written = Written { composer, unsaved };
    page(&state, &current, &Asked::default(), written).await
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    id: i64,
}

pub(super) async fn delete(
    State(state): State<AppState>,
    current: CurrentSession,
    headers: HeaderMap,
    SentForm(Chosen { id }): SentForm<Chosen>,
) -> Result<Redirect, Denied> {
    let account = AccountId::of(current.person())?;
    state.notes.delete(account, id, current.now()).await?;
    Ok(back_after(&headers, "deleted", &id.to_string()))
}

/// Back to the page, with what was in its form, and a word on what was done to `id`.
pub(super) fn back_after(headers: &HeaderMap, done: &str, id: &str) -> Redirect {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair(done, id);
    if let Some(draft) = draft_in_referrer(headers) {
        query.append_pair(DRAFT_FIELD, &draft.to_string());
    }
    Redirect::to(&format!("/workspace?{}", query.finish()))
}

fn draft_in_referrer(headers: &HeaderMap) -> Option<DraftId> {
    let referrer: Uri = header_text(headers, header::REFERER)?.parse().ok()?;
    let (_, draft) = form_urlencoded::parse(referrer.query()?.as_bytes())
        .find(|(name, _)| name == DRAFT_FIELD)?;
    draft.parse().ok()
}

pub(super) async fn take_back(
    State(state): State<AppState>,
    current: CurrentSession,
    SentForm(Chosen { id }): SentForm<Chosen>,
) -> Result<Redirect, Denied> {
    let account = AccountId::of(current.person())?;
    match state.notes.take_back(account, id, current.now()).await {
        Ok(()) => Ok(Redirect::to("/workspace")),
        Err(AddNoteError::TooMany) => Err(NO_ROOM.into()),
        Err(AddNoteError::Store(error)) => Err(error.into()),
    }
}

const NO_ROOM: Refusal = Refusal::new(
    StatusCode::CONFLICT,
    "too_many_notes",
    "There is no room for this note",
    "You have as many notes as there may be. Go back, delete another, and then undo this.",
);

/// What was typed before and not sent: the draft that is to be put back in the form, if this
/// person has it, and the others.
pub(super) async fn written(
    state: &AppState,
    current: &CurrentSession,
    asked: &Asked,
) -> Result<Written, StoreError> {
    let (unsaved, put_back) = unsaved(state, current, asked.draft.parse().ok()).await?;
    let composer = match put_back {
        Some(draft) => Composer {
            text: draft.field(TEXT_FIELD).to_owned(),
            draft: draft.id.to_string(),
            trouble: None,
        },
        None => Composer {
            draft: DraftId::random().to_string(),
            text: String::new(),
            trouble: None,
        },
    };
    Ok(Written { composer, unsaved })
}

/// A person's unsaved notes, no two of them alike, and the one with the id `chosen` apart.
async fn unsaved(
    state: &AppState,
    current: &CurrentSession,
    chosen: Option<DraftId>,
) -> Result<(Vec<UnsavedNote>, Option<Draft>), StoreError> {
    let mut drafts = state.drafts.list(current.person(), NOTE_FORM).await?;
    let chosen = drafts
        .extract_if(.., |draft| Some(draft.id) == chosen)
        .next();
    let mut shown: HashSet<Vec<(String, String)>> = HashSet::new();
    shown.extend(chosen.iter().map(|draft| draft.fields.clone()));
    drafts.retain(|draft| shown.insert(draft.fields.clone()));
    let offered = |draft: &Draft| UnsavedNote {
        draft: draft.id.to_string(),
        text: draft.field(TEXT_FIELD).to_owned(),
        saved_at: when(draft.saved_at),
    };
    Ok((drafts.iter().map(offered).collect(), chosen))
}

async fn page(
    state: &AppState,
    current: &CurrentSession,
    asked: &Asked,
    written: Written,
) -> Result<Response, Denied> {
    let Loaded {
        signed_in,
        page,
        notice,
    } = load(state, current, asked).await?;
    let status = match written.composer.trouble {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let Page { notes, older_than } = page;
    let notes = notes.into_iter().map(shown).collect();
    let written = asked.before.is_empty().then_some(written);
    Ok(render(&state.built, status, move || {
        view! { <WorkspacePage signed_in notice written notes older_than /> }
    }))
}

struct Loaded {
    signed_in: SignedIn,
    page: Page,
    notice: Option<Notice>,
}

async fn load(state: &AppState, current: &CurrentSession, asked: &Asked) -> Result<Loaded, Denied> {
    let before = asked.before.parse().ok();
    let account = AccountId::of(current.person())?;
    Ok(Loaded {
        signed_in: signed_in(state, current).await?,
        page: state.notes.of(account, before).await?,
        notice: notice(state, current, asked).await?,
    })
}

/// What the person should know of what has become of a note, where that is so.
async fn notice(
    state: &AppState,
    current: &CurrentSession,
    asked: &Asked,
) -> Result<Option<Notice>, StoreError> {
    let account = AccountId::of(current.person())?;
    if let Ok(id) = asked.deleted.parse()
        && state.notes.is_deleted(account, id, current.now()).await?
    {
        return Ok(Some(Notice::Deleted(id)));
    }
    for id in [&asked.discarded, &asked.draft] {
        let Ok(id) = id.parse::<DraftId>() else {
            continue;
        };
        return Ok(match state.drafts.outcome(current.person(), id).await? {
            Some(Outcome::Discarded) => Some(Notice::Discarded(id.to_string())),
            Some(Outcome::Sent) => Some(Notice::SavedAlready),
            None => None,
        });
    }
    Ok(None)
}

fn shown(note: StoredNote) -> Note {
    Note {
        id: note.id,
        text: note.text,
        written_at: when(Instant::from_millis(note.written_at)),
    }
}

/// As people write it, in UTC.
fn when(instant: Instant) -> When {
    let format =
        format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
    let date = OffsetDateTime::from_unix_timestamp(instant.as_millis() / 1_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    When {
        machine: date.format(&Rfc3339).unwrap_or_default(),
        utc: date.format(format).unwrap_or_default(),
    }
}
