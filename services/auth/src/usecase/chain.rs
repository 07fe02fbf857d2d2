//! Asking the identity stores of a site, in order.

use std::sync::Arc;

use im_types::Secret;
use tokio::time::Instant;

use super::App;
use crate::crypto::HashSlot;
use crate::domain::password::Password;
use crate::domain::site::{LOCAL_STORE, Site};
use crate::metrics::AuthMetrics;
use crate::ports::{Answer, Attempt, IdentityStore, Match};

/// What the chain says in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainAnswer {
    /// Somebody of this store, with the right password.
    Known(Match),
    /// Nobody, or the wrong password: for the outside the same.
    Wrong {
        /// For the audit log: `unknown`, `mismatch`, `ambiguous`, `unsupported_hash`.
        cause: &'static str,
        /// Whose password was wrong, by the id of the store.
        external_id: Option<String>,
    },
    /// The right password, but barred in the store.
    Disabled {
        /// Who.
        external_id: String,
    },
    /// A store could not be asked.
    Unavailable {
        /// Why, in one word.
        class: &'static str,
    },
}

/// What the chain says, and who said it.
pub struct Decision {
    /// The answer.
    pub answer: ChainAnswer,
    /// The store that gave it; `None` if no store knows the name.
    pub store: Option<Arc<dyn IdentityStore>>,
}

/// Asks `stores` in order. Only [`Answer::Absent`] goes on: a person of a later store must not get
/// in where an earlier one knows the name, and a store that is away must not decide anything.
/// Every outcome that says "wrong" has cost one password of each store.
pub async fn ask(
    stores: &[Arc<dyn IdentityStore>],
    attempt: &Attempt<'_>,
    metrics: &AuthMetrics,
) -> Decision {
    for (place, store) in stores.iter().enumerate() {
        let begun = Instant::now();
        let said = store.verify(attempt).await;
        metrics.store_answered(store.id(), said.word(), begun.elapsed());
        let has_computed = matches!(said, Answer::Mismatch { .. });
        let answer = match said {
            Answer::Absent => continue,
            Answer::Match(found) => ChainAnswer::Known(found),
            Answer::Disabled { external_id } => ChainAnswer::Disabled { external_id },
            Answer::Unavailable { class } => ChainAnswer::Unavailable { class },
            Answer::Mismatch { external_id } => ChainAnswer::Wrong {
                cause: "mismatch",
                external_id: Some(external_id),
            },
            Answer::Ambiguous | Answer::UnsupportedHash => ChainAnswer::Wrong {
                cause: said.word(),
                external_id: None,
            },
        };
        if matches!(answer, ChainAnswer::Wrong { .. }) {
            burn(stores, attempt, has_computed.then_some(place)).await;
        }
        return Decision {
            answer,
            store: Some(Arc::clone(store)),
        };
    }
    burn(stores, attempt, None).await;
    Decision {
        answer: ChainAnswer::Wrong {
            cause: "unknown",
            external_id: None,
        },
        store: None,
    }
}

/// What the other stores would have cost.
async fn burn(stores: &[Arc<dyn IdentityStore>], attempt: &Attempt<'_>, except: Option<usize>) {
    for (place, store) in stores.iter().enumerate() {
        if Some(place) != except {
            store.burn(attempt).await;
        }
    }
}

impl App {
    /// The store of this id, if it is configured and in use.
    pub(super) fn store_of(&self, id: &str) -> Option<Arc<dyn IdentityStore>> {
        self.stores.find(id)
    }

    /// The stores of a site, in its order, without those that are switched off; the local one is
    /// always there, last if it is not listed.
    pub(super) fn stores_of(&self, site: &Site) -> Vec<Arc<dyn IdentityStore>> {
        let mut chain: Vec<Arc<dyn IdentityStore>> = Vec::new();
        for id in &site.stores {
            if let Some(store) = self.store_of(id) {
                chain.push(store);
            }
        }
        if !site.stores.iter().any(|id| id == LOCAL_STORE) {
            chain.extend(self.store_of(LOCAL_STORE));
        }
        chain
    }

    /// Asks the stores of a site about a sign-in.
    pub(super) async fn ask_stores(
        &self,
        site: &Site,
        login: &str,
        password: &Password,
        slot: &HashSlot,
    ) -> Decision {
        let username = im_types::Username::parse(login).ok();
        let as_typed: &Secret<String> = password.as_typed();
        let attempt = Attempt {
            login,
            username: username.as_ref(),
            password: as_typed,
            slot,
        };
        ask(&self.stores_of(site), &attempt, &self.metrics).await
    }
}
