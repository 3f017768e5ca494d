//! Who may try to sign in, and how often.
//!
//! Each node counts for itself, in memory. What is not right counts; what is right does not.

use std::{net::IpAddr, time::Duration};

use dwell::Instant;

use super::{
    allowances::{Allowances, Taken},
    known_browsers::KnownBrowser,
};

/// What bounds an attempt to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// All attempts from one address, or one network of IPv6.
    Address,
    /// All attempts at one account, from browsers that it is not known to have signed in from.
    Account,
    /// The attempts of one browser at the account that it has signed in to before. Nobody else can
    /// use them up, so nobody locks anybody out.
    Browser,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 3] = [Self::Address, Self::Account, Self::Browser];

    /// The name in the metrics and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Account => "account",
            Self::Browser => "device",
        }
    }
}

/// There have been too many attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts to sign in")]
pub struct TooMany {
    /// What bounds them.
    pub lane: Lane,
    /// How long until there may be another.
    pub wait: Duration,
}

/// The attempts of everybody.
#[derive(Debug)]
pub(super) struct Attempts {
    addresses: Allowances,
    accounts: Allowances,
    browsers: Allowances,
}

impl Default for Attempts {
    /// At one account 40 in the first hour and 30 in each that follows, so that two nodes together
    /// stay below a hundred.
    fn default() -> Self {
        Self {
            addresses: Allowances::new(50, Duration::from_secs(5)),
            accounts: Allowances::new(10, Duration::from_secs(120)),
            browsers: Allowances::new(10, Duration::from_secs(120)),
        }
    }
}

impl Attempts {
    /// Begins an attempt at the account that has, or might have, this address.
    pub(super) fn begin(
        &self,
        email: &str,
        client: Option<IpAddr>,
        browser: Option<KnownBrowser>,
        now: Instant,
    ) -> Result<Attempt<'_>, TooMany> {
        let too_many = |lane| move |wait| TooMany { lane, wait };
        if let Some(browser) = browser {
            let taken = self.browsers.take((browser, email), now);
            let taken = taken.map_err(too_many(Lane::Browser))?;
            return Ok(Attempt {
                line: Line::Browser(browser),
                taken: vec![(Lane::Browser, taken)],
            });
        }
        let network = client.map(network);
        let account = self.accounts.take(email, now);
        let account = account.map_err(too_many(Lane::Account))?;
        match self.addresses.take(network, now) {
            Ok(address) => Ok(Attempt {
                line: Line::Network(network),
                taken: vec![(Lane::Account, account), (Lane::Address, address)],
            }),
            Err(wait) => {
                account.give_back();
                Err(too_many(Lane::Address)(wait))
            }
        }
    }
}

/// Whoever has IPv6 has a network of 64 bits at least.
fn network(client: IpAddr) -> u128 {
    match client.to_canonical() {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits() & (u128::MAX << 64),
    }
}

/// Whom somebody stands in line with, until a password is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// Everybody whose client has an address in one network.
    Network(Option<u128>),
    /// Whoever uses a browser that an account is known to have signed in from.
    Browser(KnownBrowser),
    /// Whoever runs the server.
    Operator,
}

/// An attempt that may be made. It counts unless it turns out right.
#[derive(Debug)]
pub(super) struct Attempt<'attempts> {
    pub(super) line: Line,
    taken: Vec<(Lane, Taken<'attempts>)>,
}

impl Attempt<'_> {
    /// The lanes in which there is no attempt left after this one.
    pub(super) fn used_up(&self) -> impl Iterator<Item = Lane> {
        let last = self.taken.iter().filter(|(_, taken)| taken.is_last);
        last.map(|(lane, _)| *lane)
    }

    /// It was right, or was not made.
    pub(super) fn give_back(self) {
        for (_, taken) in self.taken {
            taken.give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_client_and_an_address_of_ipv4_is_another() {
        let network = |address: &str| network(address.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:0:0:9"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.1"));
    }
}
