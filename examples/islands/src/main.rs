//! The server.

use std::{env, net::SocketAddr, path::Path};

use any_spawner::Executor;
use dwell::{Connections, Dwell, drafts::SqliteDrafts, sqlite, store::SqliteStore};
use islands::server::router;
use leptos::config::get_configuration;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().init();
    Executor::init_tokio()?;
    let file = env::args_os().nth(1).unwrap_or("invoices.db".into());
    let database = sqlite::Database::hold(Path::new(&file), Connections::default()).await?;
    database.migrate().await?;
    let dwell = Dwell::builder(invoices::policy()?)
        .store(SqliteStore::open(database.clone()).await?)
        .drafts(SqliteDrafts::new(database))
        .sign_in_at("/login")
        .build()?;
    let app = router(&dwell, get_configuration(None)?.leptos_options);

    let background = dwell.spawn()?;
    let address = env::var("ADDRESS").unwrap_or("127.0.0.1:3102".into());
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
