//! What is sent from a page of a session that the browser is not in any more

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method},
    middleware::Next,
    response::Response,
};
use dwell_app::names::{GENERATION_HEADER, NOTE_FORM};
use dwell_session::Generation;

use super::{
    drafts::{self, Pairs, Protected},
    workspace::TEXT_FIELD,
};
use crate::{
    drafts::{Author, Late, SaveDraftError},
    lifetime::{another_session, is_from_other_page},
    navigation::header_text,
    notes::NoteText,
    sessions::Visit,
    state::AppState,
};

/// Runs around the routes that take what somebody wrote. What was sent from a page of a session
/// that the browser is not in any more, whatever became of it, is kept as a draft before the request
/// is turned away.
///
/// It is kept for whoever the session is or was of, so it needs no more than that session's
/// generation; nothing is read and nothing is extended.
pub(super) async fn keep(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let is_live = matches!(request.extensions().get(), Some(Visit::Live(_)));
    if is_live || request.method() != Method::POST {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let ended = match parts.extensions.get() {
        Some(Visit::Ended(tombstone)) => Some(tombstone.generation),
        _ => None,
    };
    let sent = drafts::sent(Request::from_parts(parts.clone(), body), &state).await;
    let is_kept = match sent {
        Ok(sent) => keep_sent(&state, &parts.headers, ended, sent).await,
        Err(_) => Ok(false),
    };
    match is_kept {
        Ok(true) if is_from_other_page(&parts.extensions) => another_session(
            &parts.headers,
            "What was sent is not saved, but kept as a draft: it waits for whoever wrote it in \
             their workspace. Open the page again to see who is signed in.",
        ),
        Ok(_) => next.run(Request::from_parts(parts, Body::empty())).await,
        Err(error) => drafts::not_saved(&parts.headers, &error),
    }
}

/// Keeps what was sent by a browser whose session with the generation `ended` has ended, if there is
/// anything to keep. Tells whether it is kept.
async fn keep_sent(
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
    state.drafts.save_late(author, protected.note(), late).await
}
