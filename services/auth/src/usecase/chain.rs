//! Asking the identity stores of a site, in order.

use std::sync::Arc;

use im_types::Secret;
use zeroize::Zeroizing;

use super::App;
use crate::Error;
use crate::crypto::HashSlot;
use crate::domain::password::Password;
use crate::domain::site::Site;
use crate::ports::{Answer, Attempt, IdentityStore, Match};

/// What the chain says in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainAnswer {
    /// Somebody of this store, with the right password.
    Known {
        /// The store.
        store_id: String,
        /// The person there.
        found: Match,
    },
    /// Nobody, or the wrong password: for the outside the same.
    Wrong {
        /// For the audit log: `unknown`, `mismatch`, `ambiguous`, `unsupported_hash`.
        cause: &'static str,
        /// The store that said so; empty if no store knows the name.
        store_id: String,
    },
    /// The right password, but barred in the store.
    Disabled {
        /// The store.
        store_id: String,
    },
    /// A store could not be asked.
    Unavailable {
        /// The store.
        store_id: String,
    },
}

/// Asks `stores` in order. Only [`Answer::Absent`] goes on: a person of a later store must not get
/// in where an earlier one knows the name, and a store that is away must not decide anything.
/// Exactly one password is computed for every outcome that says "wrong".
pub async fn ask(
    stores: &[Arc<dyn IdentityStore>],
    attempt: &Attempt<'_>,
    password: impl Fn() -> Zeroizing<Vec<u8>>,
) -> Result<ChainAnswer, Error> {
    for store in stores {
        let store_id = store.id().to_owned();
        let cause = match store.verify(attempt).await {
            Answer::Absent => continue,
            Answer::Match(found) => return Ok(ChainAnswer::Known { store_id, found }),
            Answer::Disabled => return Ok(ChainAnswer::Disabled { store_id }),
            Answer::Unavailable => return Ok(ChainAnswer::Unavailable { store_id }),
            Answer::Mismatch => {
                return Ok(ChainAnswer::Wrong {
                    cause: "mismatch",
                    store_id,
                });
            }
            Answer::Ambiguous => "ambiguous",
            Answer::UnsupportedHash => "unsupported_hash",
        };
        attempt.slot.verify_nobody(password()).await?;
        return Ok(ChainAnswer::Wrong { cause, store_id });
    }
    attempt.slot.verify_nobody(password()).await?;
    Ok(ChainAnswer::Wrong {
        cause: "unknown",
        store_id: String::new(),
    })
}

impl App {
    /// The stores of a site, in its order. A store that is listed but not configured is left out
    /// with a warning; the local one is always there, last if it is not listed.
    pub(super) fn stores_of(&self, site: &Site) -> Vec<Arc<dyn IdentityStore>> {
        let find = |id: &str| self.stores.iter().find(|store| store.id() == id).cloned();
        let mut chain: Vec<Arc<dyn IdentityStore>> = Vec::new();
        for id in &site.stores {
            if let Some(store) = find(id) {
                chain.push(store);
            } else {
                tracing::warn!(store.id = %id, "the site lists an unknown identity store");
            }
        }
        let is_listed = site
            .stores
            .iter()
            .any(|id| id == crate::domain::site::LOCAL_STORE);
        if !is_listed {
            chain.extend(find(crate::domain::site::LOCAL_STORE));
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
    ) -> Result<ChainAnswer, Error> {
        let username = im_types::Username::parse(login).ok();
        let as_typed: &Secret<String> = password.as_typed();
        let attempt = Attempt {
            login,
            username: username.as_ref(),
            password: as_typed,
            slot,
        };
        ask(&self.stores_of(site), &attempt, || password.normalised()).await
    }
}
