//! The proxies in front of this server, whose `X-Forwarded-For` header is trusted.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use axum::http::HeaderMap;
use ipnet::IpNet;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The networks of trusted proxies. If there are none, which is the default, the address of a
/// client is that of its connection.
///
/// ```
/// use dwell::trusted_proxies::TrustedProxies;
///
/// let proxies: TrustedProxies = "10.0.0.0/8, 192.168.1.7".parse()?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Returns the network address of the client that has sent a request with `headers` over a
    /// connection from `peer`.
    ///
    /// Each proxy appends the address that it was connected to. So the header is read from its end,
    /// as long as the address that has added an entry is trusted. Entries that a client has forged
    /// come before those of the proxies and are not read. If the header is not a list of addresses,
    /// the result is `peer`.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        let mut client = peer;
        for hop in hops(headers) {
            if !self.contain(client) {
                break;
            }
            match hop {
                Some(address) => client = address,
                None => return peer,
            }
        }
        client
    }

    fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The addresses in `X-Forwarded-For`, the last one first. An entry that is not an address is
/// `None`.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    headers
        .get_all(X_FORWARDED_FOR)
        .iter()
        .rev()
        .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','))
        .map(|hop| address(str::from_utf8(hop).ok()?.trim()))
}

/// Reads an address. Some proxies add the port.
fn address(hop: &str) -> Option<IpAddr> {
    let alone = hop.parse().ok();
    let address = alone.or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address| address.to_canonical())
}

impl FromStr for TrustedProxies {
    type Err = InvalidTrustedProxies;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        if list.trim().is_empty() {
            return Ok(Self::default());
        }
        list.split(',')
            .map(|entry| network(entry.trim()).ok_or(InvalidTrustedProxies))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// Reads an address or a network. A network of all addresses is not allowed, because then every
/// client could choose its address.
fn network(entry: &str) -> Option<IpNet> {
    let address = entry.parse::<IpAddr>().ok().map(IpNet::from);
    let network = address.or_else(|| entry.parse().ok())?;
    (network.prefix_len() > 0).then_some(network)
}

/// The text is not a list of [`TrustedProxies`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "trusted proxies must be addresses and networks, separated by commas, such as \
     127.0.0.1, 10.1.0.0/16"
)]
pub struct InvalidTrustedProxies;

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn client(proxies: &str, peer: &str, forwarded: &[&str]) -> String {
        let headers = forwarded
            .iter()
            .map(|line| {
                let line = HeaderValue::from_bytes(line.as_bytes()).unwrap();
                (X_FORWARDED_FOR.parse().unwrap(), line)
            })
            .collect();
        let proxies: TrustedProxies = proxies.parse().unwrap();
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn without_trusted_proxies_the_header_is_ignored() {
        for proxies in ["", " ", "192.0.2.1", "10.0.0.0/8, 2001:db8::/32"] {
            let client_address = client(proxies, "127.0.0.1", &["203.0.113.9"]);
            assert_eq!(client_address, "127.0.0.1");
        }
    }

    #[test]
    fn the_address_that_a_trusted_proxy_has_added_is_used() {
        for peer in ["127.0.0.1", "::ffff:127.0.0.1", "::1", "10.1.2.3"] {
            let client_address = client("127.0.0.1, ::1, 10.1.0.0/16", peer, &["203.0.113.9"]);
            assert_eq!(client_address, "203.0.113.9", "{peer}");
        }
        assert_eq!(client("::1", "::1", &["2001:db8::7"]), "2001:db8::7");
        assert_eq!(client("::1", "::1", &["203.0.113.9:4711"]), "203.0.113.9");
        assert_eq!(client("::1", "::1", &["[2001:db8::7]:80"]), "2001:db8::7");
        assert_eq!(client("::1", "::1", &["::ffff:192.0.2.7"]), "192.0.2.7");
        assert_eq!(client("::1", "::1", &[]), "::1");
    }

    #[test]
    fn entries_that_a_client_has_forged_are_ignored() {
        let proxies = "127.0.0.1, 10.0.0.0/8";
        for forged in ["198.51.100.1", "127.0.0.1", "10.9.9.9", "nonsense", "", "é"] {
            let line = format!("{forged}, 203.0.113.9,10.0.0.1");
            assert_eq!(client(proxies, "127.0.0.1", &[&line]), "203.0.113.9");
            let lines = [forged, "203.0.113.9", "10.0.0.1"];
            assert_eq!(client(proxies, "127.0.0.1", &lines), "203.0.113.9");
        }
    }

    #[test]
    fn a_malformed_header_is_ignored() {
        for malformed in [
            "",
            ",",
            "unknown",
            "203.0.113.9;",
            "1.2.3",
            "a, ",
            "é",
            "_x",
        ] {
            assert_eq!(client("::1", "::1", &[malformed]), "::1", "{malformed:?}");
            let behind = [malformed, "10.0.0.1"];
            assert_eq!(client("::1, 10.0.0.1", "::1", &behind), "::1");
        }
    }

    #[test]
    fn the_last_proxy_is_the_client_of_its_own_requests() {
        let client_address = client("10.0.0.0/8", "10.0.0.1", &["10.0.0.3, 10.0.0.2"]);
        assert_eq!(client_address, "10.0.0.3");
    }

    #[test]
    fn an_invalid_list_or_a_network_of_all_addresses_is_an_error() {
        for list in [
            "localhost",
            "10.0.0.0/33",
            "10.0.0.1,",
            "0.0.0.0/0",
            "::/0",
            "10.0.0.1 ::1",
        ] {
            assert!(list.parse::<TrustedProxies>().is_err(), "{list}");
        }
    }

    /// Generates addresses of proxies, other addresses, and text that is not an address.
    fn hops() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => "10\\.0\\.0\\.[1-9](:80)?",
            1 => "::ffff:10\\.0\\.0\\.[1-9]",
            2 => "203\\.0\\.113\\.[1-9]",
            1 => "2001:db8::[1-9]",
            1 => "[ -~]{0,6}",
        ]
    }

    proptest! {
        #[test]
        fn every_proxy_up_to_the_one_that_names_the_client_is_trusted(
            peer in "(10|203)\\.0\\.0\\.[1-9]",
            hops in prop::collection::vec(hops(), 0..6),
        ) {
            let client_address = client("10.0.0.0/8", &peer, &[&hops.join(", ")]);
            let is_proxy = |address: &str| address.starts_with("10.");
            let mut writer = peer.clone();
            let mut trusted_addresses = vec![peer];
            let line = hops.join(", ");
            for hop in line.rsplit(',') {
                let Some(hop) = address(hop.trim()).filter(|_| is_proxy(&writer)) else {
                    break;
                };
                writer = hop.to_string();
                trusted_addresses.push(writer.clone());
            }
            prop_assert!(
                trusted_addresses.contains(&client_address),
                "{client_address} of {trusted_addresses:?}"
            );
        }

        #[test]
        fn a_client_cannot_change_its_address(
            forged in "[ -~]{0,30}",
            proxies in prop::collection::vec("10\\.0\\.0\\.[1-9]", 0..3),
        ) {
            let line = [&["203.0.113.9".to_owned()], &proxies[..]].concat().join(", ");
            let client_address = client("10.0.0.0/8", "10.0.0.1", &[&forged, &line]);
            prop_assert_eq!(&client_address, "203.0.113.9");
            let joined = format!("{forged},{line}");
            prop_assert_eq!(client("10.0.0.0/8", "10.0.0.1", &[&joined]), client_address);
        }
    }
}
