//! The HTML document around every page.

use dwell_overlay::{DwellHead, GuardCover, GuardNotice, SessionPage, markup::SIGN_IN_TROUBLE_ID};
use dwell_session::{ActiveStatus, Generation};
use leptos::{hydration::AutoReload, prelude::*};

use crate::{
    names::{self, GENERATION_FIELD, PAGE_ID, SIGN_IN_PATH, SIGN_OUT_PATH},
    sign_in::SignInFields,
};

/// The names of the built files, as paths on this server. Provided as context.
#[derive(Debug, Clone)]
pub struct Assets {
    /// The style sheet.
    pub style: String,
    /// The JavaScript module that loads `wasm`.
    pub script: String,
    /// The code that runs in the browser.
    pub wasm: String,
    /// Reloads the page after each build. It is set during development only.
    pub reload: Option<LeptosOptions>,
}

/// The session in which a page is shown.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The address that the person signed in with.
    pub email: String,
    /// The status of the session.
    pub status: ActiveStatus,
}

/// The person to whom a page is shown.
#[derive(Debug, Clone)]
pub enum Visitor {
    /// Somebody in a session.
    SignedIn(SignedIn),
    /// Somebody who is not signed in.
    Anonymous,
    /// The session could not be looked up, so the page says nothing about it.
    Unknown,
}

impl Visitor {
    fn status(&self) -> Option<ActiveStatus> {
        match self {
            Self::SignedIn(signed_in) => Some(signed_in.status),
            Self::Anonymous | Self::Unknown => None,
        }
    }
}

/// The document around every page: its head, the header with the button for signing out, and the
/// content.
///
/// In a session, the page closes at the deadline that the browser was told, whatever runs in the
/// browser.
#[component]
pub(super) fn Document(
    #[prop(into)] title: String,
    visitor: Visitor,
    /// The id of the form whose content must not be lost when the page closes.
    #[prop(default = None)]
    form: Option<&'static str>,
    /// The address at which the page can be loaded again, if it is not its own address.
    #[prop(optional)]
    address: &'static str,
    children: Children,
) -> impl IntoView {
    let Assets {
        style,
        script,
        wasm,
        reload,
    } = expect_context::<Assets>();
    let session = visitor.status().map(|status| {
        let session = SessionPage::new(status)
            .names(names::names())
            .address(address)
            .module(script, wasm)
            .cover_id("guard");
        match form {
            Some(form) => session.form(form),
            None => session,
        }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-dwell-state="active">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <title>{format!("{title} · Dwell")}</title>
                {session.clone().map(|session| view! { <DwellHead session /> })}
                <link rel="stylesheet" href=style />
                <link rel="icon" href="data:," />
                {reload.map(|options| view! { <AutoReload options /> })}
            </head>
            <body>
                <div id=PAGE_ID>
                    <header class="bar">
                        <a class="brand" href="/">
                            "Dwell"
                        </a>
                        {match visitor {
                            Visitor::SignedIn(signed_in) => {
                                view! {
                                    <nav aria-label="Main">
                                        <a href="/workspace">"Workspace"</a>
                                        <a href="/account">"Account"</a>
                                    </nav>
                                    <SignOut signed_in=signed_in.clone() />
                                    <SignInInPlace signed_in />
                                }
                                    .into_any()
                            }
                            Visitor::Anonymous => {
                                view! {
                                    <nav aria-label="Main">
                                        <a href=SIGN_IN_PATH>"Sign in"</a>
                                    </nav>
                                }
                                    .into_any()
                            }
                            Visitor::Unknown => ().into_any(),
                        }}
                    </header>
                    {session.clone().map(|session| view! { <GuardNotice session /> })}
                    <main>{children()}</main>
                </div>
                {session.map(|session| view! { <GuardCover session /> })}
            </body>
        </html>
    }
}

#[component]
fn SignOut(signed_in: SignedIn) -> impl IntoView {
    let SignedIn { email, status } = signed_in;
    view! {
        <form class="sign-out" method="post" action=SIGN_OUT_PATH>
            <GenerationField generation=status.generation />
            <span class="who" data-dwell-account>
                {email}
            </span>
            <button type="submit">"Sign out"</button>
        </form>
    }
}

/// The fields for signing in over the page when its session has ended.
#[component]
fn SignInInPlace(signed_in: SignedIn) -> impl IntoView {
    view! {
        <template data-dwell-sign-in>
            <SignInFields email=signed_in.email described_by=Some(SIGN_IN_TROUBLE_ID) />
        </template>
    }
}

/// The hidden field with the generation, which every form needs.
#[component]
pub(super) fn GenerationField(generation: Generation) -> impl IntoView {
    view! { <input type="hidden" name=GENERATION_FIELD value=generation.to_string() /> }
}
