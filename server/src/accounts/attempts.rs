//! Limits on attempts to sign in.
//!
//! Each node counts by itself, in memory. Only failed attempts count.

use std::{net::IpAddr, time::Duration};

use dwell::Instant;

use super::{
    device_cookies::KnownBrowser,
    rate_limiter::{AllowedAttempt, RateLimiter},
};

/// A limit on attempts to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptLimit {
    /// The limit on attempts from one IPv4 address or one IPv6 network.
    Address,
    /// The limit on attempts to sign in to one account from browsers that have no device cookie
    /// for it.
    Account,
    /// The limit on attempts of one browser to sign in to an account that it has a device cookie
    /// for. Nobody else can use these attempts up, so nobody can lock the owner out.
    Browser,
}

impl AttemptLimit {
    /// Every limit.
    pub const ALL: [Self; 3] = [Self::Address, Self::Account, Self::Browser];

    /// The name in metrics and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Account => "account",
            Self::Browser => "device",
        }
    }
}

/// There have been too many attempts to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts to sign in")]
pub struct TooManyAttempts {
    /// The limit that was reached.
    pub limit: AttemptLimit,
    /// How long until the next attempt is allowed.
    pub wait: Duration,
}

/// All limits, with what has been used of each.
#[derive(Debug)]
pub(super) struct Attempts {
    addresses: RateLimiter,
    accounts: RateLimiter,
    browsers: RateLimiter,
}

impl Default for Attempts {
    /// Allows 40 attempts at one account in the first hour and 30 in each hour after it, so that
    /// two nodes together allow fewer than a hundred.
    fn default() -> Self {
        Self {
            addresses: RateLimiter::new(50, Duration::from_secs(5)),
            accounts: RateLimiter::new(10, Duration::from_secs(120)),
            browsers: RateLimiter::new(10, Duration::from_secs(120)),
        }
    }
}

impl Attempts {
    /// Begins an attempt to sign in with an e-mail address, which may or may not have an account.
    pub(super) fn begin(
        &self,
        email: &str,
        client: Option<IpAddr>,
        browser: Option<KnownBrowser>,
        now: Instant,
    ) -> Result<Attempt<'_>, TooManyAttempts> {
        let too_many = |limit| move |wait| TooManyAttempts { limit, wait };
        if let Some(browser) = browser {
            let taken = self.browsers.take((browser, email), now);
            let taken = taken.map_err(too_many(AttemptLimit::Browser))?;
            return Ok(Attempt {
                queue: QueueKey::Browser(browser),
                taken: vec![(AttemptLimit::Browser, taken)],
            });
        }
        let network = client.map(network);
        let account = self.accounts.take(email, now);
        let account = account.map_err(too_many(AttemptLimit::Account))?;
        match self.addresses.take(network, now) {
            Ok(address) => Ok(Attempt {
                queue: QueueKey::Network(network),
                taken: vec![
                    (AttemptLimit::Account, account),
                    (AttemptLimit::Address, address),
                ],
            }),
            Err(wait) => {
                account.give_back();
                Err(too_many(AttemptLimit::Address)(wait))
            }
        }
    }
}

/// What is counted as one client. For IPv6 that is a network of 64 bits, because hardly any client
/// has less.
fn network(client: IpAddr) -> u128 {
    match client.to_canonical() {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits() & (u128::MAX << 64),
    }
}

/// The queue in which an attempt waits for its password to be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QueueKey {
    /// The queue of all clients in one network.
    Network(Option<u128>),
    /// The queue of one browser with a device cookie.
    Browser(KnownBrowser),
    /// The queue of the operator's commands.
    Operator,
}

/// An attempt that is allowed. It counts unless it is given back.
#[derive(Debug)]
pub(super) struct Attempt<'attempts> {
    pub(super) queue: QueueKey,
    taken: Vec<(AttemptLimit, AllowedAttempt<'attempts>)>,
}

impl Attempt<'_> {
    /// The limits that this attempt has used up.
    pub(super) fn used_up(&self) -> impl Iterator<Item = AttemptLimit> {
        let last = self.taken.iter().filter(|(_, taken)| taken.is_last);
        last.map(|(limit, _)| *limit)
    }

    /// Makes the attempt not count, because the password was right or was not verified.
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
    fn an_ipv6_network_counts_as_one_client_and_so_does_an_ipv4_address() {
        let network = |address: &str| network(address.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:0:0:9"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.1"));
    }
}
