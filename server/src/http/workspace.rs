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
    pages::{Composer, EditorContent, Note, Notice, SignedIn, UnsavedNote, When, WorkspacePage},
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

/// The form field with the text of the note. Drafts of the form use the same name.
pub(super) const TEXT_FIELD: &str = "text";

/// The query of the page. A query that cannot be read is ignored.
pub(super) type WorkspaceQuery = Result<Query<WorkspaceParams>, QueryRejection>;

/// The parameters of the page. Each of them may be missing or wrong.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WorkspaceParams {
    /// The draft to put into the form.
    draft: String,
    /// The note that was deleted just now.
    deleted: String,
    /// The draft that was discarded just now.
    discarded: String,
    /// Only notes older than this one are shown.
    before: String,
}

pub(super) async fn show(
    State(state): State<AppState>,
    current: CurrentSession,
    query: WorkspaceQuery,
) -> Result<Response, Denied> {
    let Query(params) = query.unwrap_or_default();
    let editor = editor_content(&state, &current, &params).await?;
    page(&state, &current, &params, editor).await
}

#[derive(Deserialize)]
pub(super) struct SentNote {
    #[serde(default)]
    text: String,
    #[serde(default)]
    draft: String,
}

pub(super) async fn add(
    State(state): State<AppState>,
    current: CurrentSession,
    SentForm(sent): SentForm<SentNote>,
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
    let editor = EditorContent { composer, unsaved };
    page(&state, &current, &WorkspaceParams::default(), editor).await
}

#[derive(Deserialize)]
pub(super) struct ChosenNote {
    id: i64,
}

pub(super) async fn delete(
    State(state): State<AppState>,
    current: CurrentSession,
    headers: HeaderMap,
    SentForm(ChosenNote { id }): SentForm<ChosenNote>,
) -> Result<Redirect, Denied> {
    let account = AccountId::of(current.person())?;
    state.notes.delete(account, id, current.now()).await?;
    Ok(back_after(&headers, "deleted", &id.to_string()))
}

/// Redirects back to the page. Its query names what was done and to what, and the draft that was in
/// the form.
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
    SentForm(ChosenNote { id }): SentForm<ChosenNote>,
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

/// What the person has typed and not saved: the draft that is params for, which is put into the
/// form, and the others.
pub(super) async fn editor_content(
    state: &AppState,
    current: &CurrentSession,
    params: &WorkspaceParams,
) -> Result<EditorContent, StoreError> {
    let (unsaved, restored) = unsaved(state, current, params.draft.parse().ok()).await?;
    let composer = match restored {
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
    Ok(EditorContent { composer, unsaved })
}

/// A person's unsaved notes without duplicates, and separately the one with the id `chosen`.
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
    params: &WorkspaceParams,
    editor: EditorContent,
) -> Result<Response, Denied> {
    let Loaded {
        signed_in,
        page,
        notice,
    } = load(state, current, params).await?;
    let status = match editor.composer.trouble {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let Page { notes, older_than } = page;
    let notes = notes.into_iter().map(shown).collect();
    let editor = params.before.is_empty().then_some(editor);
    Ok(render(&state.built, status, move || {
        view! { <WorkspacePage signed_in notice editor notes older_than /> }
    }))
}

struct Loaded {
    signed_in: SignedIn,
    page: Page,
    notice: Option<Notice>,
}

async fn load(
    state: &AppState,
    current: &CurrentSession,
    params: &WorkspaceParams,
) -> Result<Loaded, Denied> {
    let before = params.before.parse().ok();
    let account = AccountId::of(current.person())?;
    Ok(Loaded {
        signed_in: signed_in(state, current).await?,
        page: state.notes.of(account, before).await?,
        notice: notice(state, current, params).await?,
    })
}

/// What to tell the person about a note or draft that they have deleted, discarded or saved.
async fn notice(
    state: &AppState,
    current: &CurrentSession,
    params: &WorkspaceParams,
) -> Result<Option<Notice>, StoreError> {
    let account = AccountId::of(current.person())?;
    if let Ok(id) = params.deleted.parse()
        && state.notes.is_deleted(account, id, current.now()).await?
    {
        return Ok(Some(Notice::Deleted(id)));
    }
    for id in [&params.discarded, &params.draft] {
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

/// An instant in the format for machines, and in UTC in the format for people.
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
