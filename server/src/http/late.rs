//! Keeps what is sent from a page of a session that the browser is no longer in.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use dwell::{
    Denied, Generation, Refusal, SentDraft, Visit,
    drafts::{Author, FormContent, LateForm},
    navigation::header_text,
    refuse_draft,
};
use dwell_app::names::{GENERATION_HEADER, NOTE_FORM};

use super::workspace::TEXT_FIELD;
use crate::{accounts::AccountId, notes::NoteText, state::AppState};

/// Runs around the routes that receive what somebody wrote. What is sent from a page of a session
/// that the browser is no longer in is kept as a draft before the request is refused.
///
/// The draft belongs to the person whose session it is or was. The generation of that session is
/// enough to keep it, because the request reads nothing and extends nothing.
pub(super) async fn keep(
    State(state): State<AppState>,
    visit: Visit,
    request: Request,
    next: Next,
) -> Result<Response, Denied> {
    let is_live = matches!(visit, Visit::Live(_));
    if is_live || request.method() != Method::POST {
        return Ok(next.run(request).await);
    }
    let (parts, body) = request.into_parts();
    let ended = match &visit {
        Visit::Ended(tombstone) => Some(tombstone.generation),
        _ => None,
    };
    let request = Request::from_parts(parts.clone(), body);
    let is_kept = match SentDraft::read(request, state.dwell.names()).await {
        Ok(sent) => keep_sent(&state, &parts.headers, ended, sent).await?,
        Err(_) => false,
    };
    match visit {
        Visit::OtherPage if is_kept => Ok(KEPT.into_response()),
        _ => Ok(next.run(Request::from_parts(parts, Body::empty())).await),
    }
}

const KEPT: Refusal = Refusal {
    advice: "What was sent is not saved, but it is kept as a draft in the workspace of the person \
             who wrote it. Open the page again to see who is signed in.",
    ..Refusal::ANOTHER_SESSION
};

/// Keeps what was sent as a draft, if there is anything to keep, and says whether it did. `ended`
/// is the generation of the session that the browser's cookie names, if that session has ended.
async fn keep_sent(
    state: &AppState,
    headers: &HeaderMap,
    ended: Option<Generation>,
    sent: SentDraft,
) -> Result<bool, Denied> {
    let generation = match header_text(headers, GENERATION_HEADER) {
        Some(generation) => Some(generation),
        None => sent.generation.as_deref(),
    };
    let session = generation.and_then(|text| text.parse().ok());
    let is_note = sent.form.as_ref().is_none_or(|form| form == NOTE_FORM);
    let Some(session) = session.filter(|_| is_note) else {
        return Ok(false);
    };
    let Some(person) = state.dwell.owner(session).await? else {
        return Ok(false);
    };
    let account = AccountId::of(&person)?;
    let text = sent.field(TEXT_FIELD).unwrap_or_default();
    if let (Some(draft), Ok(text)) = (sent.draft, NoteText::try_from(text))
        && state.notes.was_saved(account, draft, &text).await?
    {
        return Ok(false);
    }
    let author = Author { person, session };
    let content = FormContent {
        name: NOTE_FORM,
        fields: &sent.fields,
    };
    let late = LateForm {
        draft: sent.draft,
        is_sent: sent.form.is_none(),
        has_cookie: ended == Some(session),
    };
    let kept = state.drafts.save_late(&author, content, late).await;
    kept.map_err(refuse_draft)
}
