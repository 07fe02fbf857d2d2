//! Whether this process should get requests.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::watch;

/// Named conditions that must all hold. A process without conditions is ready; one that drains is
/// not, whatever its conditions say.
#[derive(Debug, Clone)]
pub struct Readiness {
    state: Arc<watch::Sender<State>>,
}

#[derive(Debug, Clone, Default)]
struct State {
    conditions: BTreeMap<&'static str, bool>,
    is_draining: bool,
}

impl State {
    fn is_ready(&self) -> bool {
        !self.is_draining && self.conditions.values().all(|holds| *holds)
    }
}

/// One condition; its owner sets it.
#[derive(Debug, Clone)]
pub struct Condition {
    name: &'static str,
    state: Arc<watch::Sender<State>>,
}

impl Condition {
    /// Says whether the condition holds now.
    pub fn set(&self, holds: bool) {
        self.state
            .send_if_modified(|state| state.conditions.insert(self.name, holds) != Some(holds));
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self {
            state: Arc::new(watch::Sender::new(State::default())),
        }
    }
}

impl Readiness {
    /// Adds a condition that does not hold yet. The same name is the same condition.
    pub fn condition(&self, name: &'static str) -> Condition {
        self.state
            .send_if_modified(|state| state.conditions.insert(name, false) != Some(false));
        Condition {
            name,
            state: Arc::clone(&self.state),
        }
    }

    /// Whether requests are welcome.
    pub fn is_ready(&self) -> bool {
        self.state.borrow().is_ready()
    }

    /// What keeps the process from being ready.
    pub fn missing(&self) -> Vec<&'static str> {
        let state = self.state.borrow();
        let unmet = state
            .conditions
            .iter()
            .filter(|(_, holds)| !**holds)
            .map(|(name, _)| *name);
        unmet
            .chain(state.is_draining.then_some("draining"))
            .collect()
    }

    /// Not ready from now on.
    pub(super) fn drain(&self) {
        self.state
            .send_if_modified(|state| !std::mem::replace(&mut state.is_draining, true));
    }

    /// Waits for the readiness to differ from `seen` and returns the new one.
    pub async fn changed_from(&self, seen: bool) -> bool {
        let mut receiver = self.state.subscribe();
        // The sender lives in self, so the wait cannot fail.
        receiver
            .wait_for(|state| state.is_ready() != seen)
            .await
            .map_or(!seen, |s| s.is_ready())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_conditions_must_hold() {
        let readiness = Readiness::default();
        assert!(readiness.is_ready());
        let (store, bus) = (readiness.condition("store"), readiness.condition("bus"));
        store.set(true);
        assert!(!readiness.is_ready());
        assert_eq!(readiness.missing(), ["bus"]);
        bus.set(true);
        assert!(readiness.is_ready());
        readiness.drain();
        assert!(!readiness.is_ready());
        assert_eq!(readiness.missing(), ["draining"]);
    }

    #[tokio::test]
    async fn a_change_wakes_the_waiting() {
        let readiness = Readiness::default();
        let store = readiness.condition("store");
        let waiting = readiness.changed_from(false);
        store.set(true);
        assert!(waiting.await);
    }
}
