//! Keeps forms that are sent from a page of a session that the browser is no longer in.

use axum::{
    body::Body,
    extract::Request,
    http::{Method, request::Parts},
};

use crate::{
    drafts::{Author, FormContent, LateForm},
    dwell::Dwell,
    navigation::{header_text, is_form, original_uri},
    refusal::Denied,
    routes::{SentDraft, refuse_draft},
    sessions::Visit,
};

/// Keeps what the request sends as a draft of the person whose session it was, and returns whether
/// it did. The generation of that session is enough to keep it, because the request reads nothing
/// and extends nothing.
pub(super) async fn keep(
    dwell: &Dwell,
    visit: &Visit,
    parts: &Parts,
    body: Body,
) -> Result<bool, Denied> {
    let names = dwell.names();
    let is_save = original_uri(&parts.uri, &parts.extensions).path() == names.drafts;
    let Some(drafts) = dwell.drafts() else {
        return Ok(false);
    };
    if parts.method != Method::POST || !(is_save || is_form(&parts.headers)) {
        return Ok(false);
    }
    let request = Request::from_parts(parts.clone(), body);
    let Ok(sent) = SentDraft::read(request, names).await else {
        return Ok(false);
    };
    let generation = header_text(&parts.headers, names.generation_header.as_ref());
    let generation = generation.or(sent.generation.as_deref());
    let session = generation.and_then(|text| text.parse().ok());
    let (Some(name), Some(session)) = (sent.form.as_deref(), session) else {
        return Ok(false);
    };
    let Some(person) = dwell.owner(session).await? else {
        return Ok(false);
    };
    let content = FormContent {
        name,
        fields: &sent.fields,
    };
    let late = LateForm {
        draft: sent.draft,
        is_sent: !is_save,
        has_cookie: matches!(visit, Visit::Ended(ended) if ended.generation == session),
    };
    let author = Author { person, session };
    let kept = drafts.save_late(&author, content, late).await;
    kept.map_err(refuse_draft)
}
