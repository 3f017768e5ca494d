//! What is shown over a page whose session is about to end, has ended, or is in doubt.

mod announcement;
mod cover;
mod limit_note;
mod sign_in_form;
mod warning;

use dwell_session::{Generation, Screen};
use leptos::prelude::*;

use web_sys::HtmlFormElement;

use crate::{SignInTrouble, words};

use self::{cover::Cover, limit_note::LimitNote, warning::Warning};

/// What of a page the overlay needs to know.
#[derive(Debug, Clone)]
pub struct PageContext {
    /// The session's generation, for signing out.
    pub generation: Generation,
    /// Where one signs in and comes back to this page.
    pub sign_in_again: String,
    /// Who is signed in.
    pub email: String,
}

/// Signing in again on a page whose session has ended, or is about to.
#[derive(Debug, Clone, Copy)]
pub struct SignInAgain {
    /// How far it has come.
    pub attempt: RwSignal<Attempt>,
    /// Called with the form when the user sends it.
    pub on_submit: Callback<HtmlFormElement>,
    /// Called when the user would rather leave the page for where one signs in.
    pub on_afresh: Callback<()>,
}

/// How far signing in again has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// The user has not sent the form.
    NotMade,
    /// The server is being asked.
    UnderWay,
    /// It did not work.
    Failed(SignInTrouble),
}

/// The countdown over the page, or the cover in its place.
#[component]
pub fn Overlay(
    /// What is to be seen.
    screen: Signal<Screen>,
    /// What of the page is needed.
    page: PageContext,
    /// Called when the user chooses to stay.
    on_stay: Callback<()>,
    /// Called when the user wants the server to be asked again.
    on_retry: Callback<()>,
    /// How one signs in again.
    again: SignInAgain,
) -> impl IntoView {
    let countdown = Memo::new(move |_| match screen.get() {
        Screen::Countdown(countdown) => Some(countdown),
        Screen::Page | Screen::Concealed(_) => None,
    });
    let concealed = Memo::new(move |_| match screen.get() {
        Screen::Concealed(concealed) => Some(concealed),
        Screen::Page | Screen::Countdown(_) => None,
    });
    let signs_in = RwSignal::new(false);
    Effect::new(move |_| {
        if countdown.get().is_none() {
            signs_in.set(false);
        }
    });
    view! {
        <Warning countdown page=page.clone() signs_in on_stay again />
        <LimitNote countdown signs_in />
        <Cover concealed page on_retry again />
    }
}

/// A text that changes, to be written as the whole content of its element: a translator in the browser
/// may have put elements of its own in the place of the text. It is of one type wherever it stands, so
/// that what writes it is loaded once.
fn text(said: impl Fn() -> String + Send + Sync + 'static) -> Signal<String> {
    Signal::derive(said)
}

/// The title of the document while `screen` is shown, where it is not the page's own. It counts
/// too, for whoever looks at another tab.
pub fn title(screen: &Screen) -> Option<String> {
    match screen {
        Screen::Page => None,
        Screen::Countdown(countdown) => {
            let left = words::clock(countdown.seconds_left);
            Some(format!("{left} until you are signed out"))
        }
        Screen::Concealed(_) => Some("Dwell".into()),
    }
}
