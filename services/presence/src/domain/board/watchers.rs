//! The viewers that watch one person.

use super::watch::ViewerKey;

/// Keys in order. They are given out in order too, so that coming is appending; there is one such
/// list for each person and one entry for each pair, which makes eight bytes matter.
#[derive(Debug, Default)]
pub(super) struct Watchers(Vec<ViewerKey>);

impl Watchers {
    pub(super) fn insert(&mut self, key: ViewerKey) {
        if self.0.len() == self.0.capacity() {
            // By a quarter: doubling would leave half of it empty.
            self.0.reserve_exact(self.0.len() / 4 + 4);
        }
        match self.0.last() {
            Some(last) if *last >= key => {
                if let Err(at) = self.0.binary_search(&key) {
                    self.0.insert(at, key);
                }
            }
            _ => self.0.push(key),
        }
    }

    pub(super) fn remove(&mut self, key: ViewerKey) {
        if let Ok(at) = self.0.binary_search(&key) {
            self.0.remove(at);
        }
        if self.0.len() < self.0.capacity() / 4 {
            self.0.shrink_to_fit();
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = ViewerKey> {
        self.0.iter().copied()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_a_set_in_order(steps in proptest::collection::vec((0..40_u64, any::<bool>()), 0..120)) {
            let (mut watchers, mut model) = (Watchers::default(), BTreeSet::new());
            for (key, is_coming) in steps {
                if is_coming {
                    watchers.insert(key);
                    model.insert(key);
                } else {
                    watchers.remove(key);
                    model.remove(&key);
                }
                prop_assert!(watchers.iter().eq(model.iter().copied()));
                prop_assert_eq!(watchers.is_empty(), model.is_empty());
            }
        }
    }
}
