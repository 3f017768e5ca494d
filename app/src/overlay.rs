//! What is shown over a page whose session is about to end, has ended, or is in doubt.

mod announcement;
mod cover;
mod limit_note;
mod sign_in_form;
mod warning;

use dwell_session::{Countdown, Generation, Screen};
use leptos::{ev::MouseEvent, prelude::*};

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

/// What the user chooses in the overlay.
#[derive(Debug, Clone)]
pub enum Choice {
    /// To stay signed in, or to go on working although the time is limited.
    Stay,
    /// That the server is asked again.
    Retry,
    /// To sign in again with what is in this form.
    SignIn(HtmlFormElement),
    /// To leave the page for where one signs in.
    StartAfresh,
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
    screen: ReadSignal<Screen>,
    /// What of the page is needed.
    page: PageContext,
    /// How far signing in again has come.
    attempt: RwSignal<Attempt>,
    /// Called with what the user chooses.
    on_choice: Callback<Choice>,
) -> impl IntoView {
    let signs_in = RwSignal::new(false);
    Effect::new(move |_| {
        if countdown(screen).is_none() {
            signs_in.set(false);
        }
    });
    view! {
        <Warning screen page=page.clone() signs_in attempt on_choice />
        <LimitNote screen signs_in />
        <Cover screen page attempt on_choice />
    }
}

/// The countdown that is shown, if one is.
fn countdown(screen: ReadSignal<Screen>) -> Option<Countdown> {
    match screen.get() {
        Screen::Countdown(countdown) => Some(countdown),
        Screen::Page | Screen::Concealed(_) => None,
    }
}

// Each of these has one type wherever it is used, so that the code behind it is compiled, and loaded,
// once.

/// A text that changes, to be written as the whole content of its element: a translator in the browser
/// may have put elements of its own in the place of the text.
fn text(said: impl Fn() -> String + Send + Sync + 'static) -> Signal<String> {
    Signal::derive(said)
}

/// A condition that changes.
fn whether(so: impl Fn() -> bool + Send + Sync + 'static) -> Signal<bool> {
    Signal::derive(so)
}

/// What a click does, in the place of what the browser would do.
fn click(act: impl Fn() + 'static) -> Box<dyn FnMut(MouseEvent)> {
    Box::new(move |event| {
        event.prevent_default();
        act();
    })
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
