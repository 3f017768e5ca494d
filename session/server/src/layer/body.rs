//! Reads the body of a request before anything is decided about the request.

use std::mem;

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::Request,
    http::header,
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::head::RequestHead;
use crate::{
    navigation::{header_text, is_form},
    refusal::Refusal,
};

/// Whether the body has to be read before anything is decided about the request. This is so for
/// forms and JSON, which are small. Other bodies, for example uploads, are left to the handler.
pub(super) fn must_be_read(head: &RequestHead<'_>, body: &Body) -> bool {
    head.changes_something() && !body.is_end_stream() && is_form_or_json(head)
}

fn is_form_or_json(head: &RequestHead<'_>) -> bool {
    let content_type = header_text(head.headers, header::CONTENT_TYPE).unwrap_or_default();
    is_form(head.headers) || content_type.is_empty() || content_type.starts_with("application/json")
}

/// Reads the body, which may have up to `limit` bytes, and puts it back into the request. Nothing
/// more is awaited from the network between this and what the handler does, so a client that sends
/// its body slowly does not have its session for longer (`C2`).
pub(super) async fn read(request: &mut Request, limit: usize) -> Result<Bytes, Refusal> {
    let body = mem::take(request.body_mut());
    let bytes = match Limited::new(body, limit).collect().await {
        Ok(bytes) => bytes.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(Refusal::TOO_LARGE),
        Err(_) => return Err(Refusal::CUT_OFF),
    };
    *request.body_mut() = Body::from(bytes.clone());
    Ok(bytes)
}
