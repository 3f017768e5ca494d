//! Dwell in a program whose pages come from a template engine: maud here, and it is the same with any
//! other. The browser runs the module that `cargo xtask module` builds, so that this program has no
//! WebAssembly of its own.
//!
//! `cargo run -p templates` in `examples/` serves it at <http://127.0.0.1:3100>. Sign in as `ada` with
//! `correct horse battery staple`.

mod pages;

use std::{env, net::SocketAddr, path::Path, sync::Arc};

use axum::{
    Form, Router,
    extract::{Query, Request, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use dwell::{
    BrowserModule, Connections, CurrentSession, Denied, Dwell, Refusal, SentDraft, SignIn,
    drafts::{DraftId, Drafts, SqliteDrafts},
    sqlite,
    store::SqliteStore,
};
use invoices::{Invoice, Invoices, Login};
use maud::Markup;
use serde::Deserialize;
use tower_http::compression::CompressionLayer;
use tower_sessions::Session;

use self::pages::{InvoiceForm, InvoicesPage, LoginPage};

const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/module");

type Program = State<Arc<Invoices>>;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().init();
    let file = env::args_os().nth(1).unwrap_or("invoices.db".into());
    let database = sqlite::Database::hold(Path::new(&file), Connections::default()).await?;
    database.migrate().await?;
    let dwell = Dwell::builder(invoices::policy()?)
        .store(SqliteStore::open(database.clone()).await?)
        .drafts(SqliteDrafts::new(database))
        .browser_module(BrowserModule::read(MODULE)?)
        .sign_in_at("/login")
        .build()?;

    let app = Router::new()
        .route("/invoices", get(show).post(add))
        .route("/currency", post(choose_currency))
        .route_layer(dwell.data())
        .route_layer(dwell.protect())
        .route("/", get(Redirect::to("/invoices")))
        .route("/login", get(show_login).post(login))
        .merge(dwell.routes())
        .layer(dwell.layer())
        .layer(CompressionLayer::new())
        .with_state(Arc::default());

    let background = dwell.spawn()?;
    let address = env::var("ADDRESS").unwrap_or("127.0.0.1:3100".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) })
    .await?;
    background.stop().await;
    Ok(())
}

#[derive(Deserialize)]
struct Arrival {
    #[serde(default)]
    next: String,
}

async fn show_login(current: Option<CurrentSession>, Query(arrival): Query<Arrival>) -> Response {
    match current {
        Some(_) => Redirect::to("/invoices").into_response(),
        None => LoginPage {
            next: &arrival.next,
            error: None,
        }
        .render()
        .into_response(),
    }
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
    if let Some(person) = invoices::check(&login) {
        return Ok(sign_in.begin(person).next(next).await?.into_response());
    }
    if !sign_in.is_navigation() {
        return Err(WRONG_PASSWORD.into());
    }
    let page = LoginPage {
        next,
        error: Some(WRONG_PASSWORD.advice),
    };
    Ok((WRONG_PASSWORD.status, page.render()).into_response())
}

async fn show(
    State(invoices): Program,
    current: CurrentSession,
    drafts: Drafts,
    session: Session,
) -> Result<Markup, Denied> {
    // What the person typed last and has not sent.
    let drafts = drafts.list(current.person(), InvoiceForm::NAME).await?;
    let form = drafts.first().map(InvoiceForm::of);
    let page = InvoicesPage {
        current: &current,
        invoices: &invoices.of(current.person().as_str()),
        currency: &currency(&session).await?,
        form: form.unwrap_or_else(|| InvoiceForm::empty(DraftId::random())),
    };
    Ok(page.render())
}

async fn add(
    State(invoices): Program,
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
    invoices.add(current.person().as_str(), invoice);
    // What was typed has become an invoice: it is not offered again.
    if let Some(draft) = sent.draft {
        drafts.use_up(current.person(), draft).await?;
    }
    Ok(Redirect::to("/invoices"))
}

#[derive(Deserialize)]
struct Currency {
    currency: String,
}

/// Keeps a small thing in the session, for as long as that lives.
async fn choose_currency(
    session: Session,
    Form(chosen): Form<Currency>,
) -> Result<Redirect, Denied> {
    session.insert(CURRENCY, chosen.currency).await?;
    Ok(Redirect::to("/invoices"))
}

const CURRENCY: &str = "currency";

async fn currency(session: &Session) -> Result<String, Denied> {
    let chosen = session.get(CURRENCY).await?;
    Ok(chosen.unwrap_or_else(|| "EUR".to_owned()))
}
