//! What is shown over a page whose session is about to end, has ended, or is in doubt.

mod cover;
mod limit_note;
mod sign_in;
mod warning;

use dwell_session::{Countdown, Generation, Names, Screen};
use leptos::{ev::MouseEvent, prelude::*};
use web_sys::HtmlFormElement;

use crate::Texts;

use self::{cover::Cover, limit_note::LimitNote, warning::Warning};

/// How one signs in from the overlay, as the page stands when it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// Where one signs in and comes back to this page.
    pub address: String,
    /// The HTML of the fields that are filled in without leaving the page, if the page has any.
    pub fields: Option<String>,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// The user has not sent the form.
    NotMade,
    /// The server is being asked.
    UnderWay,
    /// It did not work, and this is said about it.
    Failed(String),
}

/// The countdown over the page, or the cover in its place.
///
/// It belongs into an element that stays while the page is concealed. It is not rendered on the
/// server: until something is to be seen of it, there is nothing to render.
#[component]
pub fn Overlay(
    /// What is to be seen.
    screen: ReadSignal<Screen>,
    /// The session's generation, for signing out. It is changed in the document.
    generation: Generation,
    /// The paths and names of the program.
    names: Names,
    /// What is said.
    texts: &'static Texts,
    /// How far signing in again has come.
    attempt: RwSignal<Attempt>,
    /// Tells how one signs in.
    sign_in: Callback<(), SignIn>,
    /// Called with what the user chooses.
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

/// What the parts of the overlay share.
#[derive(Clone, Copy)]
struct Context {
    screen: ReadSignal<Screen>,
    /// Whether the user signs in again while the countdown runs.
    signs_in: RwSignal<bool>,
    texts: &'static Texts,
    attempt: RwSignal<Attempt>,
    sign_in: Callback<(), SignIn>,
    on_choice: Callback<Choice>,
}

impl Context {
    /// The countdown that is shown, if one is.
    fn countdown(self) -> Option<Countdown> {
        match self.screen.get() {
            Screen::Countdown(countdown) => Some(countdown),
            Screen::Page | Screen::Concealed(_) => None,
        }
    }

    /// What a click that chooses this does.
    fn chooses(self, choice: Choice) -> Box<dyn FnMut(MouseEvent)> {
        click(move || self.on_choice.run(choice.clone()))
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
pub fn title(texts: &Texts, screen: &Screen) -> Option<String> {
    match screen {
        Screen::Page => None,
        Screen::Countdown(countdown) => Some((texts.title)(countdown.seconds_left)),
        Screen::Concealed(concealed) => Some((texts.cover)(*concealed).heading.into()),
    }
}
