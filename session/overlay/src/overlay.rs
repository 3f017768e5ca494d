//! The overlay of a page whose session is about to end, has ended, or is being checked.

mod cover;
mod limit_note;
mod sign_in;
mod warning;

use dwell_session::{Countdown, Generation, Names, Screen};
use leptos::{ev::MouseEvent, prelude::*};
use web_sys::HtmlFormElement;

use crate::Texts;

use self::{cover::Cover, limit_note::LimitNote, warning::Warning};

/// How the user can sign in from the overlay, as the page is at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The address for signing in that leads back to this page.
    pub address: String,
    /// The HTML of the fields for signing in without leaving the page, if the page has any.
    pub fields: Option<String>,
}

/// A choice of the user in the overlay.
#[derive(Debug, Clone)]
pub enum Choice {
    /// To stay signed in, or to go on working until the absolute timeout.
    Stay,
    /// To ask the server again now.
    Retry,
    /// To sign in again with the fields in this form.
    SignIn(HtmlFormElement),
    /// To leave the page and go to the page for signing in.
    StartAfresh,
}

/// The progress of signing in again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// The user has not submitted the form.
    NotMade,
    /// The server is being asked.
    UnderWay,
    /// It has failed, and this text says why.
    Failed(String),
}

/// The countdown over the page, or the cover in place of a concealed page.
///
/// It has to be mounted in an element that is not concealed with the page, and only in the browser:
/// there is nothing to render on the server.
#[component]
pub fn Overlay(
    /// The current screen.
    screen: ReadSignal<Screen>,
    /// The generation of the session, for signing out. If it changes, the driver updates the form
    /// in the document.
    generation: Generation,
    /// The paths and names of the program.
    names: Names,
    /// The texts.
    texts: &'static Texts,
    /// The progress of signing in again.
    attempt: RwSignal<Attempt>,
    /// Returns how the user can sign in.
    sign_in: Callback<(), SignIn>,
    /// Called with every choice of the user.
    on_choice: Callback<Choice>,
) -> impl IntoView {
    let context = Context {
        screen,
        signs_in: RwSignal::new(false),
        texts,
        attempt,
        sign_in,
        on_choice,
    };
    Effect::new(move |_| {
        if context.countdown().is_none() {
            context.signs_in.set(false);
        }
    });
    view! {
        <Warning context generation names />
        <LimitNote context />
        <Cover context />
    }
}

/// The properties that the parts of the overlay share.
#[derive(Clone, Copy)]
struct Context {
    screen: ReadSignal<Screen>,
    /// Whether the user is signing in again while the countdown is shown.
    signs_in: RwSignal<bool>,
    texts: &'static Texts,
    attempt: RwSignal<Attempt>,
    sign_in: Callback<(), SignIn>,
    on_choice: Callback<Choice>,
}

impl Context {
    /// The countdown, if it is shown.
    fn countdown(self) -> Option<Countdown> {
        match self.screen.get() {
            Screen::Countdown(countdown) => Some(countdown),
            Screen::Page | Screen::Concealed(_) => None,
        }
    }

    /// The click handler of a button for this choice.
    fn choice_handler(self, choice: Choice) -> Box<dyn FnMut(MouseEvent)> {
        click_handler(move || self.on_choice.run(choice.clone()))
    }
}

// These functions return the same type for every closure, so that the code that uses them is
// compiled and loaded only once.

/// A text that changes. It is written as the whole content of its element, because a translator in
/// the browser may have replaced the text by its own elements.
fn text_signal(value: impl Fn() -> String + Send + Sync + 'static) -> Signal<String> {
    Signal::derive(value)
}

/// A condition that changes.
fn bool_signal(condition: impl Fn() -> bool + Send + Sync + 'static) -> Signal<bool> {
    Signal::derive(condition)
}

/// A click handler that replaces the default action of the browser.
fn click_handler(act: impl Fn() + 'static) -> Box<dyn FnMut(MouseEvent)> {
    Box::new(move |event| {
        event.prevent_default();
        act();
    })
}

/// The title of the document while `screen` is shown, or `None` for the page's own title. It
/// includes the countdown, for users who look at another tab.
pub fn title(texts: &Texts, screen: &Screen) -> Option<String> {
    match screen {
        Screen::Page => None,
        Screen::Countdown(countdown) => Some((texts.title)(countdown.seconds_left)),
        Screen::Concealed(concealed) => Some((texts.cover)(*concealed).heading.into()),
    }
}
