//! Sends requests to the server with a timeout, and distinguishes its answers from those of
//! proxies.

use dwell_session::{Generation, Names, Purpose, Status, whole_millis};
use gloo_timers::callback::Timeout;
use js_sys::Reflect;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, FormData, Headers, HtmlFormElement, RequestInit, Response, UrlSearchParams,
};

use crate::wire;

/// How long to wait for an answer, in milliseconds.
pub(crate) const REQUEST_TIMEOUT_MS: u32 = 10_000;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// The outcome of a request.
pub(crate) enum Outcome {
    /// The server answered with the status of the session.
    Answered(Status),
    /// The server refused the request, because the browser is in another session.
    Refused,
    /// The server did not answer, or something in between answered instead, such as a proxy.
    Failed,
}

/// Sends a request of the monitor.
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
    let request = PostRequest {
        kind,
        body: &body,
        generation: Some((&names.generation_header, &generation)),
        timeout_ms: REQUEST_TIMEOUT_MS,
        // The last activity is reported even if the page is being left.
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

/// Sends a form of the program as the library sends its own requests: with a timeout of ten
/// seconds, with `Accept: application/json`, and without leaving the page. `path` is where it is
/// sent.
///
/// # Errors
///
/// The server did not answer within ten seconds, or could not be reached.
pub async fn send_form(path: &str, form: &HtmlFormElement) -> Result<Answer, Unanswered> {
    let body = form_encoded(form).map_err(|_| Unanswered)?;
    let request = PostRequest {
        kind: FORM,
        body: &body,
        generation: None,
        timeout_ms: REQUEST_TIMEOUT_MS,
        outlives_page: true,
    };
    request.post(path).await.map_err(|_| Unanswered)
}

/// The answer of the server.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status code.
    pub code: u16,
    /// The body.
    pub text: String,
}

impl Answer {
    /// The status of a session, if the body is one. After signing in it is that of the new session.
    pub fn status(&self) -> Option<Status> {
        wire::status(&self.text)
    }

    /// The code of the refusal, such as `busy`, if the body is a refusal.
    pub fn refusal(&self) -> Option<String> {
        wire::refusal(&self.text)
    }

    /// The advice for the user, if the body is a refusal.
    pub fn advice(&self) -> Option<String> {
        wire::advice(&self.text)
    }
}

/// The error if the server did not answer within ten seconds, or could not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server did not answer")]
pub struct Unanswered;

/// The outcome of saving a draft.
pub(crate) enum SaveOutcome {
    /// The draft is saved.
    Done,
    /// The form with this draft was already submitted, or the draft was discarded.
    UsedUp,
    /// The draft is not saved.
    Failed,
}

/// Saves a draft. `fields` is the content of the form as JSON.
pub(crate) async fn save_draft(
    names: &Names,
    fields: &str,
    generation: &str,
    timeout_ms: u32,
    outlives_page: bool,
) -> SaveOutcome {
    let request = PostRequest {
        kind: JSON,
        body: fields,
        generation: Some((&names.generation_header, generation)),
        timeout_ms,
        outlives_page,
    };
    let answer = request.post(&names.drafts).await;
    match answer.map(|answer| answer.code) {
        Ok(204) => SaveOutcome::Done,
        Ok(410) => SaveOutcome::UsedUp,
        Ok(_) | Err(_) => SaveOutcome::Failed,
    }
}

/// Fetches the HTML at this address.
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

/// A POST request.
struct PostRequest<'a> {
    kind: &'a str,
    body: &'a str,
    /// The name and the value of the header with the generation.
    generation: Option<(&'a str, &'a str)>,
    timeout_ms: u32,
    outlives_page: bool,
}

impl PostRequest<'_> {
    /// Sends the request with a plain `fetch`. Unlike the client of Leptos for server functions, it
    /// supports a header and a timeout, tells the outcomes apart and is smaller.
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
        // Many browsers that are in use do not have `AbortSignal.timeout`.
        let controller = AbortController::new()?;
        request.set_signal(Some(&controller.signal()));
        let _timeout = Timeout::new(self.timeout_ms, move || controller.abort());
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

fn form_encoded(form: &HtmlFormElement) -> Result<String, JsValue> {
    let data = FormData::new_with_form(form)?;
    let fields = UrlSearchParams::new_with_str_sequence_sequence(&data)?;
    Ok(fields.to_string().into())
}
