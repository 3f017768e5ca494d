//! Where a request comes from.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{header, request::Parts},
};

use crate::store::Origin;

/// Enough to tell browsers apart, in characters.
const LONGEST_BROWSER: usize = 120;

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let address = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|ConnectInfo(address)| address.ip().to_string());
        let browser = parts
            .headers
            .get(header::USER_AGENT)
            .and_then(|agent| agent.to_str().ok())
            .map(|agent| {
                let printable = agent.chars().filter(|character| !character.is_control());
                printable.take(LONGEST_BROWSER).collect()
            });
        Ok(Self {
            address: address.unwrap_or_else(|| "an unknown address".into()),
            browser: browser.unwrap_or_else(|| "An unknown browser".into()),
        })
    }
}
