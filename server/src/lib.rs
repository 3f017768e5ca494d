//! The server of Dwell.

use mimalloc::MiMalloc;

pub mod account_id;
pub mod accounts;
pub mod application;
pub mod assets;
pub mod clock;
pub mod config;
pub mod connections;
pub mod database;
pub mod drafts;
pub mod http;
pub mod lifetime;
pub mod metrics;
pub mod navigation;
pub mod notes;
pub mod refusal;
pub mod rendering;
pub mod return_path;
pub mod serving;
pub mod sessions;
pub mod state;
pub mod store;
pub mod telemetry;
pub mod trusted_proxies;
pub mod visitor;

/// A request allocates some dozens of times, so it shows what that takes.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;
