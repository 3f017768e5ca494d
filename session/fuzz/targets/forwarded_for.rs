//! The address of a client is what a trusted proxy was connected to, whatever the client claims.
#![no_main]

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use dwell::trusted_proxies::TrustedProxies;
use libfuzzer_sys::fuzz_target;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROXIES: &str = "10.0.0.0/8, 192.0.2.1, 2001:db8::/32, ::1";

// The first line is the address that the request comes from, and each of the others is a header.
fuzz_target!(|text: &str| {
    let mut lines = text.split('\n');
    let Some(peer) = lines.next().and_then(|peer| peer.parse::<IpAddr>().ok()) else {
        return;
    };
    let lines: Vec<&str> = lines.collect();
    let Some(headers) = headers(&lines) else {
        return;
    };
    let proxies: TrustedProxies = PROXIES.parse().expect("a list of networks");
    let client = proxies.client(peer, &headers);
    assert_eq!(client, client.to_canonical());

    if client != peer.to_canonical() {
        let hops: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).collect();
        assert!(is_vouched_for(client, peer, &hops), "{client} of {hops:?}");
    }
    if !is_trusted(client) {
        let mut claimed = vec!["198.51.100.7, 10.0.0.1", "nonsense"];
        claimed.extend(&lines);
        let headers = self::headers(&claimed).expect("they were headers before");
        assert_eq!(proxies.client(peer, &headers), client);
    }
});

/// Whether every proxy from the one that was connected to up to the one that wrote `client` is trusted.
fn is_vouched_for(client: IpAddr, peer: IpAddr, hops: &[&str]) -> bool {
    let mut writer = peer.to_canonical();
    for hop in hops.iter().rev() {
        let Some(written) = address(hop.trim()) else {
            return false;
        };
        if !is_trusted(writer) {
            return false;
        }
        if written == client {
            return true;
        }
        writer = written;
    }
    false
}

fn address(hop: &str) -> Option<IpAddr> {
    let alone = hop.parse::<IpAddr>().ok();
    let address = alone.or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip()))?;
    Some(address.to_canonical())
}

fn is_trusted(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.octets()[0] == 10 || address.octets() == [192, 0, 2, 1],
        IpAddr::V6(address) => {
            address.segments()[..2] == [0x2001, 0xdb8] || address == std::net::Ipv6Addr::LOCALHOST
        }
    }
}

fn headers(lines: &[&str]) -> Option<HeaderMap> {
    let named = lines.iter().map(|line| {
        let line = HeaderValue::from_bytes(line.as_bytes()).ok()?;
        Some((X_FORWARDED_FOR, line))
    });
    named.collect()
}
