//! Every route of the server, in one place.

use std::collections::BTreeSet;

use axum::http::Method;
use dwell_app::{
    api::{AskStatus, KeepAlive},
    names::{DISCARD_DRAFT_PATH, DRAFTS_PATH, SIGN_IN_PATH, SIGN_OUT_PATH, TAKE_BACK_DRAFT_PATH},
};
use leptos::server_fn::{ServerFn as _, axum::server_fn_paths};

use crate::harness::TestApp;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Only people who are signed in.
    Protected,
    /// Everybody. What is shown may depend on the session.
    Public,
    /// Everybody, and the session is not looked up.
    Sessionless,
}

/// One route.
#[derive(Debug, Clone)]
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
}

/// The routes. The test below fails if one is missing.
pub static ROUTES: [Route; 19] = [
    route(Method::GET, "/account", Access::Protected),
    route(Method::POST, "/account/sign-out-others", Access::Protected),
    route(Method::GET, "/workspace", Access::Protected),
    route(Method::POST, "/workspace", Access::Protected),
    route(Method::POST, "/workspace/delete", Access::Protected),
    route(Method::POST, "/workspace/take-back", Access::Protected),
    route(Method::GET, DRAFTS_PATH, Access::Protected),
    route(Method::POST, DRAFTS_PATH, Access::Protected),
    route(Method::POST, DISCARD_DRAFT_PATH, Access::Protected),
    route(Method::POST, TAKE_BACK_DRAFT_PATH, Access::Protected),
    route(Method::POST, KeepAlive::PATH, Access::Protected),
    route(Method::POST, AskStatus::PATH, Access::Protected),
    route(Method::GET, "/", Access::Public),
    route(Method::GET, SIGN_IN_PATH, Access::Public),
    route(Method::POST, SIGN_IN_PATH, Access::Public),
    route(Method::POST, SIGN_OUT_PATH, Access::Public),
    route(Method::GET, "/healthz", Access::Sessionless),
    route(Method::GET, "/readyz", Access::Sessionless),
    route(Method::GET, "/pkg/dwell.4711.js", Access::Sessionless),
];

const fn route(method: Method, path: &'static str, access: Access) -> Route {
    Route {
        method,
        path,
        access,
    }
}

/// The routes for people who are signed in.
pub fn protected() -> impl Iterator<Item = &'static Route> {
    with_access(Access::Protected)
}

pub fn with_access(access: Access) -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(move |route| route.access == access)
}

// A12
#[tokio::test]
async fn every_route_of_the_router_is_listed_here() {
    let app = TestApp::new().await;
    // The debug output of a router contains a map from the numbers of its routes to their paths.
    let shown = format!("{:?}", app.router);
    let existing: BTreeSet<&str> = shown
        .split("RouteId(")
        .filter_map(|entry| entry.split_once("): \"")?.1.split('"').next())
        .filter(|path| *path != "/{*__private__axum_fallback}")
        .map(|path| match path.starts_with("/pkg") {
            true => "/pkg/dwell.4711.js",
            false => path,
        })
        .collect();
    let listed: BTreeSet<&str> = ROUTES.iter().map(|route| route.path).collect();
    assert_eq!(existing, listed, "{shown}");
}

// A12
#[tokio::test]
async fn every_server_function_is_listed_here_as_protected() {
    let existing: BTreeSet<&str> = server_fn_paths().map(|(path, _)| path).collect();
    let listed: BTreeSet<&str> = protected()
        .map(|route| route.path)
        .filter(|path| path.starts_with("/api/"))
        .collect();
    assert_eq!(existing, listed);
}

// A12
#[tokio::test]
async fn the_methods_of_every_route_are_listed_here() {
    let app = TestApp::new().await;
    let paths: BTreeSet<_> = ROUTES.iter().map(|route| route.path).collect();
    for path in paths {
        let answer = app
            .in_session()
            .await
            .with_generation()
            .await
            .send_by_script(Method::TRACE, path)
            .await;
        assert_eq!(answer.status, 405, "{path}");
        let mut allowed: BTreeSet<_> = answer.header("allow").unwrap().split(',').collect();
        allowed.remove("HEAD");
        let listed: BTreeSet<_> = ROUTES
            .iter()
            .filter(|route| route.path == path)
            .map(|route| route.method.as_str())
            .collect();
        assert_eq!(allowed, listed, "{path}");
    }
}
