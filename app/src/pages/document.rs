//! The HTML document around every page.

use dwell_session::{ActiveStatus, Generation, Status};
use leptos::{hydration::AutoReload, nonce::use_nonce, prelude::*};

use crate::names::{GENERATION_FIELD, PAGE_ID, SIGN_IN_PATH, SIGN_OUT_PATH, STATUS_META};

/// The names of the built files, as paths on this server. Provided as context.
#[derive(Debug, Clone)]
pub struct Assets {
    /// The style sheet.
    pub style: String,
    /// The JavaScript module that loads `wasm`.
    pub script: String,
    /// The code that runs in the browser.
    pub wasm: String,
    /// Set while developing: reloads the page when something was built.
    pub reload: Option<LeptosOptions>,
}

/// What a page says of the session it is shown in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The address that the person signed in with.
    pub email: String,
    /// What is left of the session.
    pub status: ActiveStatus,
}

/// Who the page is shown to, as far as that is known.
pub(super) enum Visitor {
    SignedIn(SignedIn),
    Anonymous,
    /// It could not be found out, so nothing is said about it.
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

/// The document: head, header with the way out, and the page.
#[component]
pub(super) fn Document(
    #[prop(into)] title: String,
    visitor: Visitor,
    children: Children,
) -> impl IntoView {
    let assets = expect_context::<Assets>();
    let style = assets.style.clone();
    let reload = assets.reload.clone();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-dwell-state="active">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <title>{format!("{title} · Dwell")}</title>
                <link rel="stylesheet" href=style />
                <link rel="icon" href="data:," />
                {visitor.status().map(|status| view! { <Agreement assets status /> })}
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
                                    <SignOut signed_in />
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
                    <main>{children()}</main>
                </div>
            </body>
        </html>
    }
}

/// Hands the status to the browser and starts the code there.
#[component]
fn Agreement(assets: Assets, status: ActiveStatus) -> impl IntoView {
    let status = serde_json::to_string(&Status::Active(status)).unwrap_or_default();
    let Assets { script, wasm, .. } = assets;
    let start = format!(
        "import init, {{ start }} from {script:?}; await init({{ module_or_path: {wasm:?} }}); start();"
    );
    view! {
        <meta name=STATUS_META content=status />
        <link rel="modulepreload" href=script nonce=use_nonce() />
        <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
        <script type="module" nonce=use_nonce()>
            {start}
        </script>
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

/// The hidden field that guards a form.
#[component]
pub(super) fn GenerationField(generation: Generation) -> impl IntoView {
    view! { <input type="hidden" name=GENERATION_FIELD value=generation.to_string() /> }
}
