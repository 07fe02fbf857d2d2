//! How often one address or one person may ask.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    state::keyed::DashMapStateStore,
};
use im_types::UserId;
use std::hash::Hash;

use crate::{config::GatewaySettings, error::GatewayError};

/// Limits of this process; several gateways allow several times as much.
#[derive(Debug)]
pub(crate) struct Rates {
    addresses: Rate<IpAddr>,
    open_calls: Rate<IpAddr>,
    users: Rate<UserId>,
}

#[derive(Debug)]
struct Rate<K: Hash + Eq + Clone>(Option<RateLimiter<K, DashMapStateStore<K>, DefaultClock>>);

impl<K: Hash + Eq + Clone> Rate<K> {
    fn new(per_s: u32, burst: u32) -> Self {
        Self(NonZeroU32::new(per_s).map(|per_s| {
            let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
            RateLimiter::dashmap(Quota::per_second(per_s).allow_burst(burst))
        }))
    }

    fn take(&self, key: &K) -> Result<(), GatewayError> {
        let Some(limiter) = &self.0 else {
            return Ok(());
        };
        limiter.check_key(key).map_err(|refused| {
            let wait = refused.wait_time_from(DefaultClock::default().now());
            GatewayError::RateLimited {
                retry_after: wait.max(Duration::from_millis(1)),
            }
        })
    }

    fn forget(&self) {
        if let Some(limiter) = &self.0 {
            limiter.retain_recent();
        }
    }
}

impl Rates {
    pub(crate) fn new(settings: &GatewaySettings) -> Self {
        Self {
            addresses: Rate::new(
                settings.requests_per_address_per_s,
                settings.requests_per_address_burst,
            ),
            open_calls: Rate::new(
                settings.open_calls_per_address_per_s,
                settings.open_calls_per_address_burst,
            ),
            users: Rate::new(
                settings.requests_per_user_per_s,
                settings.requests_per_user_burst,
            ),
        }
    }

    /// Any request of an address.
    pub(crate) fn request(&self, address: IpAddr) -> Result<(), GatewayError> {
        self.addresses.take(&bucket(address))
    }

    /// A call without a token.
    pub(crate) fn open_call(&self, address: IpAddr) -> Result<(), GatewayError> {
        self.open_calls.take(&bucket(address))
    }

    /// A call of a person.
    pub(crate) fn user(&self, user_id: UserId) -> Result<(), GatewayError> {
        self.users.take(&user_id)
    }

    /// Drops what has rested; to be called now and then.
    pub(crate) fn forget_rested(&self) {
        self.addresses.forget();
        self.open_calls.forget();
        self.users.forget();
    }
}

/// An IPv6 network of 64 bits is one customer's, so it counts as one address.
fn bucket(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let network = u128::from(v6) & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_refusal_with_the_time_to_wait() {
        let settings = GatewaySettings {
            requests_per_address_per_s: 1,
            requests_per_address_burst: 2,
            requests_per_user_per_s: 0,
            ..GatewaySettings::default()
        };
        let rates = Rates::new(&settings);
        let (one, other): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        assert!(rates.request(one).is_ok() && rates.request(one).is_ok());
        let Err(GatewayError::RateLimited { retry_after }) = rates.request(one) else {
            panic!("the third of two was let in");
        };
        assert!(retry_after <= Duration::from_secs(1) && !retry_after.is_zero());
        assert!(rates.request(other).is_ok(), "another address has its own");
        let user_id = UserId::from_uuid(uuid::Uuid::from_u128(1));
        assert!(
            (0..10_000).all(|_| rates.user(user_id).is_ok()),
            "0 is no limit"
        );
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        let same: IpAddr = "2001:db8::ffff".parse().unwrap();
        let other: IpAddr = "2001:db8:0:1::1".parse().unwrap();
        assert_eq!(bucket(one), bucket(same));
        assert_ne!(bucket(one), bucket(other));
    }
}
