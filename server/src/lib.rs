//! The server of the application: accounts, notes, pages and configuration around the library
//! `dwell`.

pub mod accounts;
pub mod application;
pub mod assets;
pub mod config;
pub mod database;
pub mod http;
pub mod metrics;
pub mod notes;
pub mod refusal;
pub mod rendering;
pub mod serving;
pub mod state;
pub mod telemetry;
