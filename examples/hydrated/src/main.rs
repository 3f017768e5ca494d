//! The server.

use std::{env, net::SocketAddr, path::Path, sync::Arc};

use axum::{Router, response::Redirect, routing::get};
use dwell::{Connections, Dwell, drafts::SqliteDrafts, sqlite, store::SqliteStore};
use hydrated::{
    api::Login,
    app::{App, LOGIN},
    names,
    shell::shell,
};
use invoices::Invoices;
use leptos::{config::get_configuration, context::provide_context, server_fn::ServerFn as _};
use leptos_axum::{LeptosRoutes as _, file_and_error_handler, generate_route_list};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().init();
    let file = env::args_os().nth(1).unwrap_or("invoices.db".into());
    let database = sqlite::Database::hold(Path::new(&file), Connections::default()).await?;
    database.migrate().await?;
    let dwell = Dwell::builder(invoices::policy()?)
        .store(SqliteStore::open(database.clone()).await?)
        .drafts(SqliteDrafts::new(database))
        .names(names())
        .build()?;

    let options = get_configuration(None)?.leptos_options;
    let invoices = Arc::new(Invoices::default());
    let app = Router::new()
        .leptos_routes_with_context(
            &options,
            generate_route_list(App),
            move || provide_context(Arc::clone(&invoices)),
            {
                let options = options.clone();
                move || shell(options.clone())
            },
        )
        .route_layer(dwell.protect().except([LOGIN, Login::PATH]))
        .route("/", get(Redirect::to("/invoices")))
        .merge(dwell.routes())
        .layer(dwell.layer())
        .fallback(file_and_error_handler(shell))
        .with_state(options);

    let background = dwell.spawn()?;
    let address = env::var("ADDRESS").unwrap_or("127.0.0.1:3101".into());
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
