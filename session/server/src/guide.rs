//! How to use Dwell, one subject a page.

#[doc = include_str!("guide/axum.md")]
pub mod axum {}

#[doc = include_str!("guide/leptos.md")]
pub mod leptos {}

#[doc = include_str!("guide/policy.md")]
pub mod policy {}

#[doc = include_str!("guide/forms.md")]
pub mod forms {}

#[doc = include_str!("guide/nodes.md")]
pub mod nodes {}

#[doc = include_str!("guide/testing.md")]
pub mod testing {}

#[doc = include_str!("guide/tower_sessions.md")]
pub mod tower_sessions {}

#[doc = include_str!("guide/axum_login.md")]
pub mod axum_login {}
