//! The driver that runs in the browser while a page of a session is shown. It passes the activity
//! of the user and the events of the page to the [`Monitor`] and carries out its actions: it shows
//! the countdown and the cover, saves drafts, and communicates with the server and with the other
//! tabs.
//!
//! The page must contain what `dwell_overlay::DwellHead` or `dwell_overlay::SessionPage` writes.
//! Then a WebAssembly module needs one function:
//!
//! ```no_run
//! use dwell_browser::{Options, StartError};
//!
//! // #[wasm_bindgen]
//! pub fn start() -> Result<(), StartError> {
//!     dwell_browser::start(Options::default())?;
//!     Ok(())
//! }
//! ```
//!
//! # What the driver reads from the page
//!
//! * The status of the session and the names, once, from `<meta>` elements.
//! * Forms with the attribute `data-dwell-draft`, whenever something is typed. Their content is
//!   saved on the server as a draft.
//! * A `<template data-dwell-sign-in>`, when the user has to sign in again. Its fields are shown in
//!   place of the page, if [`Options::sign_in`] says how they are sent.
//! * The elements to conceal, whenever the page is concealed: everything in `<body>` except
//!   elements with `data-dwell-stays`, or what
//!   [`Names::concealed`](dwell_session::Names::concealed) selects. They are taken out of the
//!   document, and the same elements are put back if the session turns out to be live.
//!
//! [`Monitor`]: dwell_session::Monitor

mod clock;
mod drafts;
mod driver;
mod events;
mod lead;
mod listener;
mod page;
mod requests;
mod server;
mod sign_out;
mod tabs;
mod wire;

use std::{
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::atomic::{AtomicBool, Ordering},
};

use dwell_overlay::{Attempt, Choice, Overlay, SignIn, Texts};
use dwell_session::{Generation, Names, Screen, State, Status};
use leptos::{mount::mount_to, prelude::*};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, HtmlFormElement};

use self::{driver::Driver, page::Page};

pub use server::{Answer, Unanswered, send_form};

static IS_STARTED: AtomicBool = AtomicBool::new(false);

type SendSignIn = dyn Fn(HtmlFormElement) -> Pin<Box<dyn Future<Output = Result<(), String>>>>;

/// The options of the driver. By default, texts are in English, and users sign in again by a link
/// to the page for signing in.
pub struct Options {
    texts: &'static Texts,
    send_sign_in: Option<Box<SendSignIn>>,
    prepare: fn(&Element),
    name_requests: fn(&Rc<Driver>),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            texts: Texts::ENGLISH,
            send_sign_in: None,
            prepare: |_| {},
            name_requests: |_| {},
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").finish_non_exhaustive()
    }
}

impl Options {
    /// Sets the texts of the overlay.
    pub fn texts(self, texts: &'static Texts) -> Self {
        Self { texts, ..self }
    }

    /// Lets users sign in without leaving the page. `send` is called with a form that contains the
    /// fields of the page's `<template data-dwell-sign-in>`. It can also ignore them, and open a
    /// window of an identity provider or ask for a passkey instead. When its future completes with
    /// `Ok`, the server must have set the cookie of the new session. The page then goes on if it is
    /// the same person's. The text of an error is shown beside the form. [`send_form`] helps to
    /// send the form.
    ///
    /// Without this, or without such a template, there is a link to the page for signing in.
    pub fn sign_in<F>(self, send: impl Fn(HtmlFormElement) -> F + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + 'static,
    {
        Self {
            send_sign_in: Some(Box::new(move |form| Box::pin(send(form)))),
            ..self
        }
    }

    /// Lets users sign in without leaving the page, by sending the fields of the page's `<template
    /// data-dwell-sign-in>` to the path of the page for signing in. The server must answer with the
    /// status of the new session or with a refusal, as `dwell::SignIn` and `dwell::Refusal` do. The
    /// advice of a refusal is shown beside the form.
    ///
    /// Without such a template, there is a link to the page for signing in.
    pub fn sign_in_with_form(self) -> Self {
        let texts = self.texts;
        self.sign_in(move |form| async move {
            let unreachable = || texts.unreachable.to_owned();
            let names = form.owner_document().map(|document| page::names(&document));
            let path = names.ok_or_else(unreachable)?.sign_in;
            let answer = send_form(&path, &form).await.map_err(|_| unreachable())?;
            match answer.status() {
                Some(Status::Active(_)) => Ok(()),
                _ => Err(answer.advice().unwrap_or_else(unreachable)),
            }
        })
    }

    /// Adds the generation of the session to every request that the page's own code makes with
    /// `fetch`, if the request goes to this site and is not a GET or HEAD request. The server then
    /// refuses requests from a page whose session is not the one that the browser is in. Server
    /// functions of Leptos need this, because they send only their arguments and no other fields of
    /// the form.
    pub fn name_session_in_requests(self) -> Self {
        Self {
            name_requests: requests::add_generation,
            ..self
        }
    }

    /// Sets a function that is called with elements that the server has sent, before they are put
    /// into the page.
    pub fn prepare(self, prepare: fn(&Element)) -> Self {
        Self { prepare, ..self }
    }
}

/// The reason why the driver cannot start. If the page contains the guard, it still closes at the
/// told deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// There is no window, or the document has no body.
    #[error("there is no window with a document and a body")]
    NoPage,
    /// The page has no status of a session: nobody is signed in, or what `DwellHead` writes is
    /// missing.
    #[error("the page has no <meta name=\"dwell-status\">")]
    NoStatus,
    /// The status in the page cannot be parsed, or is not that of a live session.
    #[error("the page has no status of a live session")]
    InvalidStatus,
    /// The driver has already been started in this page.
    #[error("the driver has already been started in this page")]
    AlreadyStarted,
}

/// A handle to the running driver. The driver runs for as long as the page exists, even if this is
/// dropped.
#[derive(Clone)]
pub struct Running(Rc<Driver>);

impl Running {
    /// The generation of the session, which requests of the program that change something must
    /// carry. It changes when the same person signs in again.
    pub fn generation(&self) -> Generation {
        self.0.generation()
    }

    /// The paths and names in the page, such as the name of the header for the generation.
    pub fn names(&self) -> &Names {
        self.0.names()
    }

    /// The state of the session, as far as the page knows.
    pub fn state(&self) -> State {
        self.0.state()
    }

    /// Reports activity of the user that the driver cannot see, for example in a frame.
    pub fn report_activity(&self) {
        self.0.handle_activity();
    }

    /// Signs out: conceals the page at once, and asks the server until it has answered.
    pub fn sign_out(&self) {
        self.0.sign_out();
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").finish_non_exhaustive()
    }
}

/// Starts the driver. Call this once, after the document has been parsed.
///
/// # Errors
///
/// The page has no status of a live session or no body, or the driver has been started before. See
/// [`StartError`].
pub fn start(options: Options) -> Result<Running, StartError> {
    let page = Page::find(options.texts)?;
    let status = page.status()?;
    if IS_STARTED.swap(true, Ordering::Relaxed) {
        return Err(StartError::AlreadyStarted);
    }
    let host = page.overlay_host()?;
    let names = page.names().clone();
    let (screen, show) = signal(Screen::Page);
    let driver = Driver::start(page, &status, options.prepare, move |shown| {
        show.set(shown);
    });
    events::listen(&driver);
    drafts::listen(&driver);
    sign_out::listen(&driver);
    (options.name_requests)(&driver);
    let overlay = mount_to(host, {
        let driver = Rc::clone(&driver);
        move || {
            let Options {
                texts,
                send_sign_in,
                ..
            } = options;
            let has_form = send_sign_in.is_some();
            let attempt = RwSignal::new(Attempt::NotMade);
            let handler = StoredValue::new_local(Rc::new(ChoiceHandler {
                driver,
                send_sign_in,
                texts,
                attempt,
            }));
            let sign_in = Callback::new(move |()| {
                let SignIn { address, fields } = handler.get_value().driver.sign_in();
                SignIn {
                    address,
                    fields: fields.filter(|_| has_form),
                }
            });
            let on_choice = Callback::new(move |choice| handler.get_value().handle(choice));
            let generation = status.generation;
            view! { <Overlay screen generation names texts attempt sign_in on_choice /> }
        }
    });
    overlay.forget();
    Ok(Running(driver))
}

/// Carries out the choices of the user in the overlay.
struct ChoiceHandler {
    driver: Rc<Driver>,
    send_sign_in: Option<Box<SendSignIn>>,
    texts: &'static Texts,
    attempt: RwSignal<Attempt>,
}

impl ChoiceHandler {
    fn handle(self: Rc<Self>, choice: Choice) {
        match choice {
            Choice::Stay => self.driver.stay(),
            Choice::Retry => self.driver.retry(),
            Choice::SignIn(form) => spawn_local(async move {
                if let Some(send) = &self.send_sign_in {
                    self.attempt.set(Attempt::UnderWay);
                    let attempt = match send(form).await {
                        Ok(()) => {
                            self.driver.handle_signed_in();
                            Attempt::NotMade
                        }
                        Err(trouble) => Attempt::Failed(trouble),
                    };
                    self.attempt.set(attempt);
                }
            }),
            Choice::StartAfresh => spawn_local(async move {
                self.attempt.set(Attempt::UnderWay);
                let attempt = match self.driver.start_afresh().await {
                    true => Attempt::NotMade,
                    false => Attempt::Failed(self.texts.unreachable.into()),
                };
                self.attempt.set(attempt);
            }),
        }
    }
}
