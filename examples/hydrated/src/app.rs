//! What both sides render.

use dwell_overlay::GenerationField;
use leptos::{form::ActionForm, html::Form, prelude::*, server_fn::ServerFn as _};
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    components::{A, Route, Router, Routes},
    hooks::use_query_map,
    path,
};

use crate::{
    api::{AddInvoice, Login, Overview, WRONG_PASSWORD, load_overview},
    names,
};

/// The path of the page where one signs in.
pub const LOGIN: &str = "/login";

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_context(names());
    view! {
        <Router>
            <main>
                <Routes fallback=|| "There is no such page.">
                    <Route path=path!("/login") view=LoginPage />
                    <Route path=path!("/invoices") view=InvoicesPage />
                    <Route path=path!("/help") view=HelpPage />
                </Routes>
            </main>
        </Router>
    }
}

/// The form is sent as any form is, and not by the code: the page that follows is loaded afresh, with
/// the status of its session.
#[component]
fn LoginPage() -> impl IntoView {
    let query = use_query_map();
    let next = move || {
        query
            .read()
            .get("next")
            .unwrap_or_else(|| "/invoices".to_owned())
    };
    let is_wrong = move || query.read().get("wrong").is_some();
    view! {
        <Title text="Sign in" />
        <h1>"Sign in"</h1>
        <Show when=is_wrong>
            <p role="alert">{WRONG_PASSWORD}</p>
        </Show>
        <form method="post" action=Login::PATH>
            <LoginFields user=String::new() />
            <input type="hidden" name="next" value=next />
            <button>"Sign in"</button>
        </form>
    }
}

/// The fields of the form for signing in.
#[component]
pub fn LoginFields(user: String) -> impl IntoView {
    view! {
        <p>
            <label>"Name " <input name="user" autocomplete="username" value=user required /></label>
        </p>
        <p>
            <label>
                "Password "
                <input
                    name="password"
                    type="password"
                    autocomplete="current-password"
                    required
                    autofocus
                />
            </label>
        </p>
    }
}

#[component]
fn InvoicesPage() -> impl IntoView {
    let add = ServerAction::<AddInvoice>::new();
    let form = NodeRef::<Form>::new();
    // What was sent is not in the form any more.
    Effect::new(move |_| {
        if let (Some(Ok(())), Some(form)) = (&*add.value().read(), form.get_untracked()) {
            form.reset();
        }
    });
    let overview = Resource::new(move || add.version().get(), |_| load_overview());
    view! {
        <Title text="Invoices" />
        <Transition fallback=|| ()>
            {move || Suspend::new(async move {
                overview.await.map(|overview| view! { <Invoices overview add form /> })
            })}
        </Transition>
        <A href="/help">"Help"</A>
    }
}

#[component]
fn Invoices(
    overview: Overview,
    add: ServerAction<AddInvoice>,
    form: NodeRef<Form>,
) -> impl IntoView {
    let names = names();
    let Overview {
        person,
        invoices,
        customer,
        text,
        draft,
    } = overview;
    view! {
        <header>
            <form method="post" action=names.sign_out>
                <GenerationField />
                {person}
                " "
                <button>"Sign out"</button>
            </form>
        </header>
        <h1>"Invoices"</h1>
        <ul>
            {invoices
                .into_iter()
                .map(|invoice| view! { <li>{invoice.customer} ": " {invoice.text}</li> })
                .collect_view()}
        </ul>
        <ActionForm action=add node_ref=form attr:data-dwell-draft="invoice">
            <GenerationField />
            <input type="hidden" name=names.draft_field value=draft />
            // With it, what is sent after the end of the session is kept as a draft.
            <input type="hidden" name=names.form_field value="invoice" />
            <p>
                <label>"Customer " <input name="customer" value=customer /></label>
            </p>
            <p>
                <label>
                    "Text " <textarea name="text" rows="4">
                        {text}
                    </textarea>
                </label>
            </p>
            <p data-dwell-not-kept hidden>
                "This cannot be kept at the moment."
            </p>
            <button>"Add invoice"</button>
        </ActionForm>
    }
}

/// Another page, to go to without loading the document.
#[component]
fn HelpPage() -> impl IntoView {
    view! {
        <Title text="Help" />
        <h1>"Help"</h1>
        <p>"Type a customer and a text, and add the invoice."</p>
        <A href="/invoices">"Back to the invoices"</A>
    }
}
