//! Decides whether a request is accepted, and in which session.
//!
//! One pure function, [`next_step`], returns the next step from what is known about the request.
//! Most requests are accepted at once. Otherwise the step is carried out, and the function is
//! called again with what has been found out.

use dwell_session::Generation;

use super::head::{Classification, GenerationCheck, GenerationValue};
use crate::{
    PersonId,
    refusal::Refusal,
    sessions::{LiveSession, Visit},
};

/// What is known about a request so far.
#[derive(Debug, Default)]
pub(super) struct RequestFacts {
    /// Whether the body has been read, or need not be.
    pub is_body_read: bool,
    /// The generation in the form, if the body is a form that contains one.
    pub form_generation: Option<GenerationValue>,
    /// The session that the cookie names, once it has been looked up.
    pub visit: Option<Visit>,
    /// Whether the session has been touched, if the request is activity.
    pub is_touched: bool,
    /// The person whose session has the generation of the request, once the store has been asked.
    /// It is `Some(None)` if no session has it.
    pub owner: Option<Option<PersonId>>,
}

/// The next step in handling a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Pass the request on with the visit that has been found.
    Accept,
    /// Pass the request on without a session, because it comes from a page of another session.
    AcceptFromOtherPage,
    Refuse(Refusal),
    /// Read the body.
    ReadBody,
    /// Look up the session that the cookie names.
    FindSession,
    /// Ask the store for the person whose session has this generation.
    FindOwner(Generation),
    /// Touch the session, because the request is activity.
    Touch,
}

/// Which session the page belongs to that sent a request.
enum PageSession {
    /// The live session of the cookie, or, for a request for the status, another session of the
    /// same person.
    Own,
    /// Another session.
    Other,
    /// Another session or none, which the store has to be asked about.
    NotLookedUp(Generation),
    /// No session that is known.
    Unknown,
}

pub(super) fn next_step(request: &Classification, facts: &RequestFacts) -> Step {
    if request.is_forged {
        return Step::Refuse(Refusal::CROSS_SITE);
    }
    if !facts.is_body_read {
        return Step::ReadBody;
    }
    let live = match &facts.visit {
        None => return Step::FindSession,
        Some(Visit::Live(live)) => live,
        Some(Visit::Ended(_) | Visit::OtherPage | Visit::Anonymous) => return Step::Accept,
    };
    match page_session(request.generation_check, live, facts) {
        PageSession::Own if request.activity.opens_page() && !facts.is_touched => Step::Touch,
        PageSession::Own => Step::Accept,
        PageSession::Other => Step::AcceptFromOtherPage,
        PageSession::NotLookedUp(generation) => Step::FindOwner(generation),
        PageSession::Unknown => Step::Refuse(Refusal::WRONG_GENERATION),
    }
}

fn page_session(
    generation_check: GenerationCheck,
    live: &LiveSession,
    facts: &RequestFacts,
) -> PageSession {
    let session = &live.session;
    match generation_check {
        GenerationCheck::NotNeeded | GenerationCheck::Status(None) => PageSession::Own,
        GenerationCheck::Status(Some(generation)) if generation == session.generation => {
            PageSession::Own
        }
        // If the person has signed in again, a page from before may learn the new generation. A
        // page of another person may not.
        GenerationCheck::Status(Some(generation)) => match &facts.owner {
            None => PageSession::NotLookedUp(generation),
            Some(owner) if owner.as_ref() == Some(&session.person) => PageSession::Own,
            Some(_) => PageSession::Other,
        },
        GenerationCheck::Change {
            header_generation,
            is_required,
            ..
        } => match header_generation.or(facts.form_generation) {
            Some(GenerationValue::Valid(generation)) if generation == session.generation => {
                PageSession::Own
            }
            Some(GenerationValue::Valid(generation)) => match &facts.owner {
                None => PageSession::NotLookedUp(generation),
                Some(Some(_)) => PageSession::Other,
                Some(None) => PageSession::Unknown,
            },
            Some(GenerationValue::Malformed) => PageSession::Unknown,
            None if is_required => PageSession::Unknown,
            None => PageSession::Own,
        },
    }
}
