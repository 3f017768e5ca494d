//! Classifies a request by its head, before anything is known about its session.

use axum::http::{HeaderMap, Method, uri::PathAndQuery};
use dwell_session::Generation;

use super::{GenerationRule, activity::Activity, forgery};
use crate::{
    dwell::Settings,
    navigation::{header_text, is_form},
    store::SessionKey,
};

/// The parts of the head of a request that decide whether it is accepted.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestHead<'request> {
    pub method: &'request Method,
    pub target: Option<&'request PathAndQuery>,
    pub headers: &'request HeaderMap,
    /// Whether the program has a route for the path.
    pub is_routed: bool,
}

impl RequestHead<'_> {
    pub fn path(&self) -> &str {
        self.target.map_or("/", PathAndQuery::path)
    }

    pub fn changes_something(&self) -> bool {
        changes_something(self.method)
    }
}

/// Whether a request with this method may change something.
pub(super) fn changes_something(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// What follows from the head of a request alone.
#[derive(Debug, Clone)]
pub(super) struct Classification {
    pub key: Option<SessionKey>,
    pub activity: Activity,
    pub generation_check: GenerationCheck,
    pub is_forged: bool,
    /// Whether the answer contains a deadline that the request does not move. For it, the store has
    /// to be asked, because another node may have moved the deadline.
    pub asks_for_deadline: bool,
}

/// How the generation of a request is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GenerationCheck {
    /// The request needs no generation.
    NotNeeded,
    /// The request asks for the status. It may carry the generation of the session in which its
    /// page was shown, and its answer contains the current generation.
    Status(Option<Generation>),
    /// The request may change something. It carries the generation in a header or in its form.
    Change {
        header_generation: Option<GenerationValue>,
        may_be_in_form: bool,
        is_required: bool,
    },
}

/// The value that a request has for the generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GenerationValue {
    Valid(Generation),
    /// The value is not a generation.
    Malformed,
}

impl From<&str> for GenerationValue {
    fn from(text: &str) -> Self {
        text.parse().map_or(Self::Malformed, Self::Valid)
    }
}

impl Classification {
    pub fn of(head: &RequestHead<'_>, settings: &Settings) -> Self {
        let id = settings.cookie.session_id(head.headers);
        let activity = Activity::of(head, settings);
        let path = head.path();
        let is_own = settings.names.is_own(path);
        let is_checked = id.is_some()
            || is_own
            || path == settings.names.sign_in
            || settings.generation_rule == GenerationRule::Required;
        Self {
            key: id.map(|id| SessionKey::of(&id)),
            activity,
            generation_check: GenerationCheck::of(head, is_own, settings),
            is_forged: is_checked && forgery::is_forged(head.method, head.headers),
            asks_for_deadline: activity.asks_for_deadline(head, settings),
        }
    }
}

impl GenerationCheck {
    fn of(head: &RequestHead<'_>, is_own: bool, settings: &Settings) -> Self {
        let names = &settings.names;
        let path = head.path();
        let header = names.generation_header.as_ref();
        if path == names.status {
            let value = header_text(head.headers, header);
            return Self::Status(value.and_then(|text| text.parse().ok()));
        }
        // Signing in begins another session, so the generation of the current one does not matter.
        if !head.changes_something() || path == names.sign_in {
            return Self::NotNeeded;
        }
        let header_generation = head.headers.get(header);
        let header_generation = header_generation.map(|text| {
            text.to_str()
                .map_or(GenerationValue::Malformed, GenerationValue::from)
        });
        Self::Change {
            header_generation,
            may_be_in_form: header_generation.is_none() && is_form(head.headers),
            is_required: is_own || settings.generation_rule == GenerationRule::Required,
        }
    }
}
