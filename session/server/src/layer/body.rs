//! Reads the body of a request before anything is decided about the request.

use std::{mem, time::Duration};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::Request,
    http::header,
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::timeout;

use super::head::RequestHead;
use crate::{
    navigation::{has_type, is_form},
    refusal::Refusal,
};

/// How long a form or JSON may take to arrive. This is enough for the largest one over a slow
/// connection.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// Whether the body has to be read before anything is decided about the request. This is so for
/// forms and JSON, which are small. Other bodies, for example uploads, are left to the handler.
pub(super) fn must_be_read(head: &RequestHead<'_>, body: &Body) -> bool {
    head.changes_something() && !body.is_end_stream() && is_form_or_json(head)
}

fn is_form_or_json(head: &RequestHead<'_>) -> bool {
    is_form(head.headers)
        || !head.headers.contains_key(header::CONTENT_TYPE)
        || has_type(head.headers, "application/json")
}

/// Reads the body, which may have up to `limit` bytes, and puts it back into the request. Nothing
/// more is awaited from the network between this and what the handler does, so a client that sends
/// its body slowly does not have its session for longer (`C2`).
pub(super) async fn read(request: &mut Request, limit: usize) -> Result<Bytes, Refusal> {
    let body = mem::take(request.body_mut());
    let body = timeout(BODY_TIMEOUT, Limited::new(body, limit).collect()).await;
    let bytes = match body.map_err(|_| Refusal::TOO_SLOW)? {
        Ok(bytes) => bytes.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(Refusal::TOO_LARGE),
        Err(_) => return Err(Refusal::CUT_OFF),
    };
    *request.body_mut() = Body::from(bytes.clone());
    Ok(bytes)
}
