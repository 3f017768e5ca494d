//! Whether a request is let on, and in which session.
//!
//! One rule, [`next`], says from the head of a request and from what is known so far what is to be
//! done next. Almost every request is let on at once by it; where something has to be waited for, it
//! is asked again afterwards.

use dwell_session::Generation;

use super::head::{Claim, Head, Presented};
use crate::{
    PersonId,
    refusal::Refusal,
    sessions::{LiveSession, Visit},
};

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Whether what the request sends has arrived, as far as that is awaited.
    pub has_arrived: bool,
    /// What the form says of the session that it is meant for.
    pub in_form: Option<Presented>,
    /// What is known of the session that the cookie names.
    pub visit: Option<Visit>,
    /// Whether the activity that the request is has been counted.
    pub is_counted: bool,
    /// Whose session has the generation that the request presents, once the store has been asked.
    pub owner: Option<Option<PersonId>>,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Let the request on, in the visit that is known.
    LetOn,
    /// Let it on, in no session: its page is of another one.
    LetOnFromOtherPage,
    Refuse(Refusal),
    /// Wait for what the request sends.
    ReadBody,
    /// Ask the store about the session that the cookie names.
    AskStore,
    /// Ask the store whose session has this generation.
    AskOwner(Generation),
    /// Count the request as activity.
    Touch,
}

/// Where a request comes from.
enum Source {
    /// A page of the live session, or of another one of the same person where that will do.
    Own,
    /// A page of another session.
    Other,
    /// A page of another session, or none that is known.
    OneWith(Generation),
    Unknown,
}

pub(super) fn next(head: &Head, facts: &Facts) -> Step {
    if head.is_forged {
        return Step::Refuse(Refusal::CROSS_SITE);
    }
    if !facts.has_arrived {
        return Step::ReadBody;
    }
    let live = match &facts.visit {
        None => return Step::AskStore,
        Some(Visit::Live(live)) => live,
        Some(Visit::Ended(_) | Visit::OtherPage | Visit::Anonymous) => return Step::LetOn,
    };
    match source(head.claim, live, facts) {
        Source::Own if head.activity.opens() && !facts.is_counted => Step::Touch,
        Source::Own => Step::LetOn,
        Source::Other => Step::LetOnFromOtherPage,
        Source::OneWith(generation) => Step::AskOwner(generation),
        Source::Unknown => Step::Refuse(Refusal::WRONG_GENERATION),
    }
}

fn source(claim: Claim, live: &LiveSession, facts: &Facts) -> Source {
    let session = &live.session;
    match claim {
        Claim::NotNeeded | Claim::Status(None) => Source::Own,
        Claim::Status(Some(generation)) if generation == session.generation => Source::Own,
        // A page from before its person signed in again learns the new generation; somebody else's
        // page does not.
        Claim::Status(Some(generation)) => match &facts.owner {
            None => Source::OneWith(generation),
            Some(owner) if owner.as_ref() == Some(&session.person) => Source::Own,
            Some(_) => Source::Other,
        },
        Claim::Change {
            in_header,
            is_required,
            ..
        } => match in_header.or(facts.in_form) {
            Some(Presented::Generation(generation)) if generation == session.generation => {
                Source::Own
            }
            Some(Presented::Generation(generation)) => match &facts.owner {
                None => Source::OneWith(generation),
                Some(Some(_)) => Source::Other,
                Some(None) => Source::Unknown,
            },
            Some(Presented::Nonsense) => Source::Unknown,
            None if is_required => Source::Unknown,
            None => Source::Own,
        },
    }
}
