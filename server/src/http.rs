//! The routes, and the layers around them.

mod account;
mod api;
mod body;
mod device_cookie;
mod drafts;
mod files;
mod headers;
mod health;
mod home;
mod late;
mod metrics;
mod page;
mod sent_form;
mod sign_in;
mod visitor;
mod workspace;

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    middleware::from_fn_with_state,
    response::IntoResponse,
    routing::{get, post},
};
use dwell::handlers;
use dwell_app::{
    api::{AskStatus, KeepAlive},
    names::{DISCARD_DRAFT_PATH, DRAFTS_PATH, SIGN_IN_PATH, SIGN_OUT_PATH, TAKE_BACK_DRAFT_PATH},
};
use leptos::server_fn::ServerFn as _;
use tower::ServiceBuilder;
use tower_http::{catch_panic::CatchPanicLayer, trace::TraceLayer};

use self::body::WholeRequests;
pub use self::metrics::metrics_router;
use crate::{refusal, state::AppState};

/// All routes with their layers. A layer of a router runs around the routes that were added before
/// it.
pub fn router(state: AppState) -> Router {
    let routes = public()
        .fallback(page::not_found)
        .merge(protected().route_layer(state.dwell.protect()))
        .merge(keeping_late_forms(&state));
    assemble(routes, state)
}

/// The server with `routes` in place of the application's own.
pub fn assemble(routes: Router<AppState>, state: AppState) -> Router {
    let built = Arc::clone(&state.built);
    // Every `Router::layer` clones all that is inside it for each request, so these layers are
    // combined into one.
    let around = ServiceBuilder::new()
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                // The code that denies a request has logged the reason.
                .on_failure(()),
        )
        .map_response({
            let state = state.clone();
            move |response| headers::add(&state, response)
        })
        .map_response(IntoResponse::into_response)
        .layer(CatchPanicLayer::custom(move |panic| {
            refusal::panicked(&built, panic)
        }))
        .layer(state.dwell.show_refusals())
        .layer(WholeRequests::new());
    routes
        .layer(state.dwell.layer())
        .nest("/pkg", files::routes())
        .merge(health::routes().method_not_allowed_fallback(page::method_not_allowed))
        .layer(around)
        .with_state(state)
}

/// The routes for people who are signed in that keep, as a draft, what is sent after the session
/// has ended or from a page of another session.
fn keeping_late_forms(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/workspace", get(workspace::show).post(workspace::add))
        .route(DRAFTS_PATH, get(drafts::show).post(drafts::save))
        .method_not_allowed_fallback(page::method_not_allowed)
        .route_layer(state.dwell.protect())
        .route_layer(from_fn_with_state(state.clone(), late::keep))
}

/// The other routes for people who are signed in.
fn protected() -> Router<AppState> {
    Router::new()
        .route("/account", get(account::show))
        .route("/account/sign-out-others", post(account::sign_out_others))
        .route("/workspace/delete", post(workspace::delete))
        .route("/workspace/take-back", post(workspace::take_back))
        .route(KeepAlive::PATH, post(api::server_function))
        .route(AskStatus::PATH, post(api::server_function))
        .route(DISCARD_DRAFT_PATH, post(drafts::discard))
        .route(TAKE_BACK_DRAFT_PATH, post(drafts::take_back))
        .method_not_allowed_fallback(page::method_not_allowed)
}

/// The routes for everybody.
fn public() -> Router<AppState> {
    Router::new()
        .route("/", get(home::show))
        .route(SIGN_IN_PATH, get(sign_in::show).post(sign_in::submit))
        .route(SIGN_OUT_PATH, post(handlers::sign_out))
        .method_not_allowed_fallback(page::method_not_allowed)
}

/// The span of a request. It has the path without the query, which can contain private data.
fn span(request: &Request) -> tracing::Span {
    tracing::info_span!(
        "request",
        method = %request.method(),
        path = request.uri().path(),
    )
}
