//! What a program that uses the library answers over HTTP.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

mod activity;
mod browser_module;
mod data;
mod forgery;
mod generation;
mod late;
mod layers;
mod program;
mod protect;
mod start;
mod two_instances;
