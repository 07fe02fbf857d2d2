//! How many connections there are, in all and per address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// Counts connections and refuses those over a limit.
#[derive(Debug)]
pub(crate) struct ConnectionLimit {
    total_max: usize,
    per_address_max: usize,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    per_address: HashMap<IpAddr, usize>,
}

/// A connection that counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    limit: Arc<ConnectionLimit>,
    address: IpAddr,
}

impl ConnectionLimit {
    pub(crate) fn new(total_max: usize, per_address_max: usize) -> Arc<Self> {
        Arc::new(Self {
            total_max,
            per_address_max,
            counts: Mutex::default(),
        })
    }

    /// A place for a connection, if there is one.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.total >= self.total_max {
            return None;
        }
        let of_address = counts.per_address.entry(address).or_default();
        if *of_address >= self.per_address_max {
            return None;
        }
        *of_address += 1;
        counts.total += 1;
        Some(Place {
            limit: Arc::clone(self),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self
            .limit
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        counts.total = counts.total.saturating_sub(1);
        if let Some(of_address) = counts.per_address.get_mut(&self.address) {
            *of_address = of_address.saturating_sub(1);
            if *of_address == 0 {
                counts.per_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_in_all_and_per_address() {
        let limit = ConnectionLimit::new(3, 2);
        let (one, other): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let first = limit.admit(one);
        let _second = limit.admit(one);
        assert!(limit.admit(one).is_none(), "two per address");
        let _third = limit.admit(other);
        assert!(limit.admit(other).is_none(), "three in all");
        drop(first);
        assert!(
            limit.admit(one).is_some(),
            "a place that was left is free again"
        );
    }
}
