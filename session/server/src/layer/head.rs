//! What the head of a request says, before anything is known of its session.

use axum::http::{HeaderMap, Method, uri::PathAndQuery};
use dwell_session::Generation;

use super::{GenerationRule, activity::Activity, forgery};
use crate::{
    dwell::Settings,
    navigation::{header_text, is_form},
    store::SessionKey,
};

/// The parts of a request that decide whether it is let on. A proxy that only asks whether to let a
/// request on has these of a request that it has not sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'request> {
    pub method: &'request Method,
    pub target: Option<&'request PathAndQuery>,
    pub headers: &'request HeaderMap,
    /// Whether the program has a route for the path.
    pub is_routed: bool,
}

impl Line<'_> {
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
pub(super) struct Head {
    pub key: Option<SessionKey>,
    pub activity: Activity,
    pub claim: Claim,
    pub is_forged: bool,
    /// Whether the answer tells a deadline that the request does not move, so that what is done on
    /// other nodes has to be heeded.
    pub asks_for_deadline: bool,
}

/// Which session a request says that it is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// It need not say.
    NotNeeded,
    /// It asks for the status, where the generation is learnt: it may name the session that its page
    /// was shown in.
    Status(Option<Generation>),
    /// It may change something, and says so in its header, or in its form.
    Change {
        in_header: Option<Presented>,
        may_be_in_form: bool,
        is_required: bool,
    },
}

/// What stands where the generation should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presented {
    Generation(Generation),
    /// It is no generation.
    Nonsense,
}

impl From<&str> for Presented {
    fn from(text: &str) -> Self {
        text.parse().map_or(Self::Nonsense, Self::Generation)
    }
}

impl Head {
    pub fn of(line: &Line<'_>, settings: &Settings) -> Self {
        let id = settings.cookie.presented(line.headers);
        let activity = Activity::of(line, settings);
        let path = line.path();
        let is_own = settings.names.is_own(path);
        let is_guarded = id.is_some()
            || is_own
            || path == settings.names.sign_in
            || settings.generation_rule == GenerationRule::Required;
        Self {
            key: id.map(|id| SessionKey::of(&id)),
            activity,
            claim: Claim::of(line, is_own, settings),
            is_forged: is_guarded && forgery::is_forged(line.method, line.headers),
            asks_for_deadline: activity.asks_for_deadline(line, settings),
        }
    }
}

impl Claim {
    fn of(line: &Line<'_>, is_own: bool, settings: &Settings) -> Self {
        let names = &settings.names;
        let path = line.path();
        let header = names.generation_header.as_ref();
        if path == names.status {
            let presented = header_text(line.headers, header);
            return Self::Status(presented.and_then(|text| text.parse().ok()));
        }
        // Signing in begins another session.
        if !line.changes_something() || path == names.sign_in {
            return Self::NotNeeded;
        }
        let in_header = line.headers.get(header);
        let in_header =
            in_header.map(|text| text.to_str().map_or(Presented::Nonsense, Presented::from));
        Self::Change {
            in_header,
            may_be_in_form: in_header.is_none() && is_form(line.headers),
            is_required: is_own || settings.generation_rule == GenerationRule::Required,
        }
    }
}
