//! What a request sends is read to its end before anything is decided about it.

use std::mem;

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::Request,
    http::header,
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::head::Line;
use crate::{
    navigation::{header_text, is_form},
    refusal::Refusal,
};

/// Whether what `request` sends has to arrive before it is decided about it: forms and JSON, which
/// are small. Anything else, an upload for one, is the handler's to read.
pub(super) fn is_awaited(line: &Line<'_>, body: &Body) -> bool {
    line.changes_something() && !body.is_end_stream() && is_small_kind(line)
}

fn is_small_kind(line: &Line<'_>) -> bool {
    let kind = header_text(line.headers, header::CONTENT_TYPE).unwrap_or_default();
    is_form(line.headers) || kind.is_empty() || kind.starts_with("application/json")
}

/// Reads what `request` sends, at most `limit` bytes, and leaves it in place. Whoever sends it slowly
/// has no session for longer by that: from here to what the request does, nothing more is awaited
/// from the network (`C2`).
pub(super) async fn read(request: &mut Request, limit: usize) -> Result<Bytes, Refusal> {
    let body = mem::take(request.body_mut());
    let sent = match Limited::new(body, limit).collect().await {
        Ok(sent) => sent.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(Refusal::TOO_LARGE),
        Err(_) => return Err(Refusal::CUT_OFF),
    };
    *request.body_mut() = Body::from(sent.clone());
    Ok(sent)
}
