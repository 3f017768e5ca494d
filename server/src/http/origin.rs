//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{header, request::Parts},
};

use crate::{state::AppState, store::Origin};

/// Enough to tell browsers apart, in characters.
const LONGEST_BROWSER: usize = 120;

impl FromRequestParts<AppState> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        let address = client_address(parts, state).map(|client| client.to_string());
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

/// The address of the client, as far as it is known.
pub(super) fn client_address(parts: &Parts, state: &AppState) -> Option<IpAddr> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(state.trusted_proxies.client(peer.ip(), &parts.headers))
}
