//! Policy `censor_words`, made ready once for each list.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use im_policy::{CensorMode, Effective};

use crate::domain::{Censor, Censored, Refusal, Text};

/// Lists kept; there is one for each site with words of its own.
const LISTS_MAX: usize = 64;

/// The censors by the policy they come from. A changed policy is another `Effective`, so nothing
/// here is ever out of date.
#[derive(Debug, Default)]
pub(super) struct Censors(Mutex<HashMap<usize, Ready>>);

/// A censor with the policy that it is of.
type Ready = (Arc<Effective>, Arc<Censor>);

impl Censors {
    /// The text to keep under a policy, or why it is not to be kept.
    pub(super) fn apply(&self, text: Text, policy: &Arc<Effective>) -> Result<Text, Refusal> {
        let mode = policy.censor_mode();
        if mode == CensorMode::Off {
            return Ok(text);
        }
        match (self.of(policy).apply(text.as_str()), mode) {
            (Censored::Clean, _) => Ok(text),
            (Censored::Masked(masked), CensorMode::Mask) => {
                Text::parse(masked).map_err(|_| Refusal::Censored)
            }
            (Censored::Masked(_), CensorMode::Refuse | CensorMode::Off) => Err(Refusal::Censored),
        }
    }

    fn of(&self, policy: &Arc<Effective>) -> Arc<Censor> {
        // Kept together with the policy, the address means this policy and no other.
        let key = Arc::as_ptr(policy).addr();
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, censor)) = lists.get(&key) {
            return Arc::clone(censor);
        }
        if lists.len() >= LISTS_MAX {
            lists.clear();
        }
        let censor = Censor::new(policy.censor_words()).unwrap_or_else(|error| {
            // Twenty thousand characters are far from what the automaton can hold.
            tracing::error!(%error, "the censored words cannot be used");
            Censor::none()
        });
        let censor = Arc::new(censor);
        lists.insert(key, (Arc::clone(policy), Arc::clone(&censor)));
        censor
    }
}
