//! The module for the browser, as it is sent.

use axum::{
    body::Body,
    http::{
        Request, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
};
use dwell::{BrowserModule, Names};

use crate::program::{Program, text};

#[tokio::test]
async fn the_module_is_sent_at_the_paths_that_the_pages_are_told() {
    let module = BrowserModule::new("import wasm", "code");
    let program = Program::with(|dwell| dwell.browser_module(module)).await;
    let paths = program.dwell.module_paths().unwrap();
    for (path, kind, content) in [
        (paths.script, "text/javascript", "import wasm"),
        (paths.wasm, "application/wasm", "code"),
    ] {
        let request = Request::get(&path).body(Body::empty()).unwrap();
        let answer = program.answer(request).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(answer.headers()[CONTENT_TYPE], kind);
        let cache = answer.headers()[CACHE_CONTROL].to_str().unwrap();
        assert!(cache.contains("immutable"), "{cache}");
        assert_eq!(text(answer).await, content);
    }
}

#[tokio::test]
async fn another_module_has_another_path_under_the_same_prefix() {
    let mut paths = Vec::new();
    for code in ["one", "other"] {
        let module = BrowserModule::new("", code);
        let set = |dwell: dwell::DwellBuilder| {
            dwell.names(Names::under("/.admin")).browser_module(module)
        };
        let program = Program::with(set).await;
        paths.push(program.dwell.module_paths().unwrap());
    }
    assert_ne!(paths[0], paths[1]);
    for path in paths {
        assert!(path.script.starts_with("/.admin/module/"), "{path:?}");
        assert!(path.wasm.starts_with("/.admin/module/"), "{path:?}");
    }
}

#[test]
fn a_module_that_is_not_there_says_how_to_build_it() {
    let error = BrowserModule::read("/nowhere").unwrap_err().to_string();
    assert!(error.contains("/nowhere/dwell.js"), "{error}");
    assert!(error.contains("cargo xtask module"), "{error}");
}
