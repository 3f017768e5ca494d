//! The server of Dwell.

pub mod accounts;
pub mod application;
pub mod assets;
pub mod clock;
pub mod config;
pub mod database;
pub mod http;
pub mod lifetime;
pub mod notes;
pub mod sessions;
pub mod state;
pub mod store;
pub mod telemetry;
