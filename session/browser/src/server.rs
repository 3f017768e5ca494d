//! Asks the server, with a time-out, and tells an answer of the server from anything else that may
//! come back.

use dwell_session::{Generation, Names, Purpose, Status, whole_millis};
use gloo_timers::callback::Timeout;
use js_sys::Reflect;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, FormData, Headers, HtmlFormElement, RequestInit, Response, UrlSearchParams,
};

use crate::wire;

/// How long an answer may take, in milliseconds.
pub(crate) const PATIENCE_MS: u32 = 10_000;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// What came of a request.
pub(crate) enum Outcome {
    /// The server told the status.
    Answered(Status),
    /// The server takes nothing from this page: the session is another one.
    Refused,
    /// The server did not answer, or something on the way answered instead.
    Failed,
}

/// Asks what the monitor wants to know.
pub(crate) async fn ask(names: &Names, purpose: Purpose, generation: Generation) -> Outcome {
    let (path, kind, body) = match purpose {
        Purpose::KeepAlive { idle_for } => (
            &names.keep_alive,
            JSON,
            format!("{{\"idle_for_ms\":{}}}", whole_millis(idle_for)),
        ),
        Purpose::Status => (&names.status, JSON, "{}".to_owned()),
        Purpose::SignOut => (&names.sign_out, FORM, String::new()),
    };
    let generation = generation.to_string();
    let request = Outgoing {
        kind,
        body: &body,
        generation: Some((&names.generation_header, &generation)),
        patience_ms: PATIENCE_MS,
        // What the user did last is reported although the page is being left.
        outlives_page: true,
    };
    let Ok(answer) = request.post(path).await else {
        return Outcome::Failed;
    };
    match answer.code {
        200 | 401 => answer.status().map_or(Outcome::Failed, Outcome::Answered),
        403 | 409 => match answer.refusal().as_deref() {
            Some("another_session" | "wrong_generation") => Outcome::Refused,
            _ => Outcome::Failed,
        },
        _ => Outcome::Failed,
    }
}

/// Sends a form of the program as the library sends its own requests: with a time-out of ten seconds,
/// asking for JSON, and without leaving the page.
///
/// # Errors
///
/// The server did not answer in time, or could not be reached.
pub async fn send_form(path: &str, form: &HtmlFormElement) -> Result<Answer, Unanswered> {
    let body = encoded(form).map_err(|_| Unanswered)?;
    let request = Outgoing {
        kind: FORM,
        body: &body,
        generation: None,
        patience_ms: PATIENCE_MS,
        outlives_page: true,
    };
    request.post(path).await.map_err(|_| Unanswered)
}

/// What the server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The code of the HTTP status.
    pub code: u16,
    /// The body.
    pub text: String,
}

impl Answer {
    /// The status of a session that it tells, if it tells one: after signing in, that of the new
    /// session.
    pub fn status(&self) -> Option<Status> {
        wire::status(&self.text)
    }

    /// The code of the error that it tells, if it tells one, such as `busy`.
    pub fn refusal(&self) -> Option<String> {
        wire::refusal(&self.text)
    }

    /// The advice of the error that it tells, for people, if it tells one.
    pub fn advice(&self) -> Option<String> {
        wire::advice(&self.text)
    }
}

/// The server did not answer in time, or could not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server does not answer")]
pub struct Unanswered;

/// What came of saving a draft.
pub(crate) enum Saving {
    /// It is kept.
    Done,
    /// What was in the form with this id is saved or discarded already.
    UsedUp,
    /// It is not kept.
    Failed,
}

/// Saves a draft, the fields of which are JSON.
pub(crate) async fn save_draft(
    names: &Names,
    fields: &str,
    generation: &str,
    patience_ms: u32,
    outlives_page: bool,
) -> Saving {
    let request = Outgoing {
        kind: JSON,
        body: fields,
        generation: Some((&names.generation_header, generation)),
        patience_ms,
        outlives_page,
    };
    let answer = request.post(&names.drafts).await;
    match answer.map(|answer| answer.code) {
        Ok(204) => Saving::Done,
        Ok(410) => Saving::UsedUp,
        Ok(_) | Err(_) => Saving::Failed,
    }
}

/// What the server shows at this address, in HTML.
pub(crate) async fn html(address: &str) -> Option<String> {
    let window = web_sys::window()?;
    let response: Response = JsFuture::from(window.fetch_with_str(address))
        .await
        .ok()?
        .dyn_into()
        .ok()?;
    if !response.ok() {
        return None;
    }
    JsFuture::from(response.text().ok()?)
        .await
        .ok()?
        .as_string()
}

/// What is to be sent.
struct Outgoing<'a> {
    kind: &'a str,
    body: &'a str,
    /// The header and its value.
    generation: Option<(&'a str, &'a str)>,
    patience_ms: u32,
    outlives_page: bool,
}

impl Outgoing<'_> {
    /// With a plain `fetch` rather than Leptos's client for server functions: it can carry the
    /// generation and a time-out, it tells the outcomes apart, and it is smaller.
    async fn post(self, path: &str) -> Result<Answer, JsValue> {
        let headers = Headers::new()?;
        headers.set("content-type", self.kind)?;
        headers.set("accept", JSON)?;
        if let Some((header, generation)) = self.generation {
            headers.set(header, generation)?;
        }
        let request = RequestInit::new();
        request.set_method("POST");
        request.set_headers(&headers);
        request.set_body(&JsValue::from_str(self.body));
        // Many browsers in use have no `AbortSignal.timeout`.
        let patience = AbortController::new()?;
        request.set_signal(Some(&patience.signal()));
        let _patience = Timeout::new(self.patience_ms, move || patience.abort());
        Reflect::set(&request, &"keepalive".into(), &self.outlives_page.into())?;

        let window = web_sys::window().ok_or(JsValue::NULL)?;
        let response = JsFuture::from(window.fetch_with_str_and_init(path, &request)).await?;
        let response: Response = response.dyn_into()?;
        let text = JsFuture::from(response.text()?).await?;
        Ok(Answer {
            code: response.status(),
            text: text.as_string().unwrap_or_default(),
        })
    }
}

fn encoded(form: &HtmlFormElement) -> Result<String, JsValue> {
    let data = FormData::new_with_form(form)?;
    let fields = UrlSearchParams::new_with_str_sequence_sequence(&data)?;
    Ok(fields.to_string().into())
}
