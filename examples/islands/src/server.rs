//! What is answered at which path.

use std::sync::Arc;

use axum::{
    Form, Router,
    extract::{Query, Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use dwell::{
    CurrentSession, Denied, Dwell, Refusal, SentDraft, SignIn,
    drafts::{DraftId, Drafts},
};
use invoices::{Invoice, Invoices, Login};
use leptos::prelude::*;
use leptos_axum::render_app_async_with_context;
use serde::Deserialize;
use tower_http::services::ServeDir;

use crate::pages::{Draft, InvoicesPage, LoginPage};

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct Program {
    options: LeptosOptions,
    invoices: Arc<Invoices>,
}

/// The whole program.
pub fn router(dwell: &Dwell, options: LeptosOptions) -> Router {
    let files = ServeDir::new(&*options.site_root);
    Router::new()
        .route("/invoices", get(show).post(add))
        .route_layer(dwell.protect())
        .route("/", get(Redirect::to("/invoices")))
        .route("/login", get(show_login).post(login))
        .merge(dwell.routes())
        .layer(dwell.layer())
        .fallback_service(files)
        .with_state(Program {
            options,
            invoices: Arc::default(),
        })
}

#[derive(Deserialize)]
struct Arrival {
    #[serde(default)]
    next: String,
    wrong: Option<String>,
}

async fn show_login(
    State(program): State<Program>,
    Query(Arrival { next, wrong }): Query<Arrival>,
    request: Request,
) -> Response {
    let error = wrong.map(|_| WRONG_PASSWORD.advice);
    let page = move || {
        let next = next.clone();
        view! { <LoginPage next error /> }
    };
    program.render(page, request).await
}

/// A script is told why. A person sees the form again.
const WRONG_PASSWORD: Refusal = Refusal::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "wrong_password",
    "This is not right",
    "There is nobody with this name and this password.",
);

async fn login(sign_in: SignIn, Form(login): Form<Login>) -> Result<Response, Denied> {
    let next = match login.next.as_str() {
        "" => "/invoices",
        next => next,
    };
    match invoices::check(&login) {
        Some(person) => Ok(sign_in.begin(person).next(next).await?.into_response()),
        None if sign_in.is_navigation() => Ok(Redirect::to("/login?wrong=yes").into_response()),
        None => Err(WRONG_PASSWORD.into()),
    }
}

async fn show(
    State(program): State<Program>,
    current: CurrentSession,
    drafts: Drafts,
    request: Request,
) -> Result<Response, Denied> {
    // What the person typed last and has not sent.
    let drafts = drafts.list(current.person(), "invoice").await?;
    let draft = drafts.first();
    let field = |name| draft.map_or("", |draft| draft.field(name)).to_owned();
    let draft = Draft {
        id: draft.map_or_else(DraftId::random, |draft| draft.id),
        customer: field("customer"),
        text: field("text"),
    };
    let invoices = program.invoices.of(current.person().as_str());
    let page = move || {
        let (current, invoices, draft) = (current.clone(), invoices.clone(), draft.clone());
        view! { <InvoicesPage current invoices draft /> }
    };
    Ok(program.render(page, request).await)
}

async fn add(
    State(program): State<Program>,
    current: CurrentSession,
    drafts: Drafts,
    request: Request,
) -> Result<Redirect, Denied> {
    let sent = SentDraft::read(request, current.dwell().names()).await?;
    let field = |name| sent.field(name).unwrap_or_default().to_owned();
    let invoice = Invoice {
        customer: field("customer"),
        text: field("text"),
    };
    program.invoices.add(current.person().as_str(), invoice);
    // What was typed has become an invoice: it is not offered again.
    if let Some(draft) = sent.draft {
        drafts.use_up(current.person(), draft).await?;
    }
    Ok(Redirect::to("/invoices"))
}

impl Program {
    async fn render<V: IntoView + 'static>(
        self,
        page: impl Fn() -> V + Clone + Send + Sync + 'static,
        request: Request,
    ) -> Response {
        let options = self.options;
        let context = move || provide_context(options.clone());
        render_app_async_with_context(context, page)(request).await
    }
}
