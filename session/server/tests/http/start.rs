//! What stops the start of a program that is put together wrongly.

use axum::{Router, routing::get};
use dwell::SpawnError;

use crate::program::{Program, set_up};

#[tokio::test]
async fn routes_that_are_protected_without_a_layer_stop_the_start() {
    let program = Program::with(|dwell| dwell).await;
    assert!(program.dwell.spawn().is_ok());

    let (dwell, _directory) = set_up(|dwell| dwell).await;
    let _routes: Router = Router::new()
        .route("/invoices", get(async || ()))
        .route_layer(dwell.protect());
    let error = dwell.spawn().unwrap_err();
    assert_eq!(error, SpawnError::NoLayer);
    assert!(error.to_string().contains(".layer(dwell.layer())"));
}
