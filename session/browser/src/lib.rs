//! What runs in the browser while a page is shown in a session: it feeds the [`Monitor`] with what the
//! user does and what becomes of the page, and carries out what the monitor says. It shows the
//! countdown and the cover, saves what is typed, talks to the server and to the other tabs.
//!
//! The page has to carry what `dwell_overlay::DwellHead` or `dwell_overlay::SessionPage` writes. Then
//! a module of WebAssembly needs one function:
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
//! # What is looked up in the page
//!
//! * The status and the names, once, in the `<meta>` elements.
//! * Forms with the attribute `data-dwell-draft`, whenever something is typed. What is typed into them
//!   is kept on the server.
//! * A `<template data-dwell-sign-in>`, when somebody has to sign in again: the fields that are shown
//!   in the place of the page, if [`Options::sign_in`] says what is done with them.
//! * What is concealed, at every end: everything in `<body>` but what carries `data-dwell-stays`, or
//!   what [`Names::concealed`](dwell_session::Names::concealed) selects. It is taken out of the document
//!   and put back, the very same elements, if the session turns out to live on.
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

/// How the driver is to run. The default is English, and a link to the page where one signs in.
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
    /// What is said in the overlay.
    pub fn texts(self, texts: &'static Texts) -> Self {
        Self { texts, ..self }
    }

    /// Signs in without leaving the page. `send` is handed a form with the fields of the page's
    /// `<template data-dwell-sign-in>`, which may be none: it may show a window of an identity provider
    /// or ask for a passkey just as well. When it is done, the server must have set the cookie of the
    /// new session; the page goes on if that is the same person's. What it returns as an error is
    /// said beside the form. [`send_form`] helps.
    ///
    /// Without this, or without a template, a link leads to the page where one signs in.
    pub fn sign_in<F>(self, send: impl Fn(HtmlFormElement) -> F + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + 'static,
    {
        Self {
            send_sign_in: Some(Box::new(move |form| Box::pin(send(form)))),
            ..self
        }
    }

    /// Signs in without leaving the page, by sending the fields of the page's
    /// `<template data-dwell-sign-in>` to the path of the page where one signs in. The server answers
    /// with the status of the new session or with a refusal, as `dwell::SignIn` and `dwell::Refusal` do;
    /// the advice of a refusal is shown beside the form.
    ///
    /// Without such a template, a link leads to the page where one signs in.
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

    /// Sends the generation of the session with every request that the page's own code makes with `fetch`,
    /// if it goes to this site and may change something. Then the server refuses what is sent from a page
    /// of another session than the one that the browser is in. Server functions of Leptos need this: they
    /// send their arguments, and no other field of the form.
    pub fn name_session_in_requests(self) -> Self {
        Self {
            name_requests: requests::name_session,
            ..self
        }
    }

    /// Called with elements that the server has sent, before they come into the page.
    pub fn prepare(self, prepare: fn(&Element)) -> Self {
        Self { prepare, ..self }
    }
}

/// Why the driver cannot run. The page closes at the told deadline all the same if it carries the guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// This is no page of a browser, or one without a body.
    #[error("there is no page to start in")]
    NoPage,
    /// The page says of no session: nobody is signed in, or what `DwellHead` writes is missing.
    #[error("the page has no <meta name=\"dwell-status\">")]
    NoStatus,
    /// What the page says of the session cannot be read, or is that there is none.
    #[error("the page has no status of a live session")]
    InvalidStatus,
    /// It runs already.
    #[error("it has been started before")]
    AlreadyStarted,
}

/// The driver of this page. It runs for as long as the page exists, whether this is kept or not.
#[derive(Clone)]
pub struct Running(Rc<Driver>);

impl Running {
    /// The generation of the session, for requests of the program that change something. It changes
    /// when the same person signs in again.
    pub fn generation(&self) -> Generation {
        self.0.generation()
    }

    /// The paths and names that the page has told, such as that of the header for the generation.
    pub fn names(&self) -> &Names {
        self.0.names()
    }

    /// The state that the session is in, as far as the page knows.
    pub fn state(&self) -> State {
        self.0.state()
    }

    /// Reports that the user did something that the library cannot see, in a frame for instance.
    pub fn report_activity(&self) {
        self.0.activity();
    }

    /// Signs out: conceals the page at once and asks the server until it has answered.
    pub fn sign_out(&self) {
        self.0.sign_out();
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").finish_non_exhaustive()
    }
}

/// Begins to watch over the session of this page. To be called once, when the document is there.
///
/// # Errors
///
/// The page carries no status of a session, or this has been called before.
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
            let user = StoredValue::new_local(Rc::new(User {
                driver,
                send_sign_in,
                texts,
                attempt,
            }));
            let sign_in = Callback::new(move |()| {
                let SignIn { address, fields } = user.get_value().driver.sign_in();
                SignIn {
                    address,
                    fields: fields.filter(|_| has_form),
                }
            });
            let on_choice = Callback::new(move |choice| user.get_value().chooses(choice));
            let generation = status.generation;
            view! { <Overlay screen generation names texts attempt sign_in on_choice /> }
        }
    });
    overlay.forget();
    Ok(Running(driver))
}

/// Carries out what the user chooses in the overlay.
struct User {
    driver: Rc<Driver>,
    send_sign_in: Option<Box<SendSignIn>>,
    texts: &'static Texts,
    attempt: RwSignal<Attempt>,
}

impl User {
    fn chooses(self: Rc<Self>, choice: Choice) {
        match choice {
            Choice::Stay => self.driver.stay(),
            Choice::Retry => self.driver.retry(),
            Choice::SignIn(form) => spawn_local(async move {
                if let Some(send) = &self.send_sign_in {
                    self.attempt.set(Attempt::UnderWay);
                    let attempt = match send(form).await {
                        Ok(()) => {
                            self.driver.signed_in();
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
