//! The public keys of access tokens, and the sessions whose tokens no longer count.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use im_proto::im::auth::v1 as proto;
use im_types::{Clock, SessionId, Timestamp};
use tokio::time::Instant;

use crate::token::VerifyingKey;
use crate::{AuthSource, DirectoryError};

/// Shortest time between two questions for the keys because of an unknown key id: anybody can
/// invent one.
const UNKNOWN_KEY_PAUSE: Duration = Duration::from_secs(2);
/// How long an ended session is remembered: the life of an access token and some.
const REVOKED_FOR: Duration = Duration::from_mins(15);
/// Ended sessions after which the old ones are swept out.
const REVOKED_SWEEP: usize = 10_000;

/// Public keys by key id.
#[derive(Debug, Default)]
pub(crate) struct KeyRing {
    keys: RwLock<HashMap<String, Arc<VerifyingKey>>>,
    asked_at: Mutex<Option<Instant>>,
}

impl KeyRing {
    pub(crate) fn find(&self, key_id: &str) -> Option<Arc<VerifyingKey>> {
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key_id)
            .cloned()
    }

    /// Takes the keys auth has told; keys that are not Ed25519 keys are left out.
    pub(crate) fn replace(&self, answer: proto::ListSigningKeysResponse) {
        let keys = answer.keys.into_iter().filter_map(|key| {
            let verifying = VerifyingKey::from_bytes(&key.public_key)?;
            Some((key.key_id, Arc::new(verifying)))
        });
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys.collect();
    }

    /// Asks auth for the keys.
    pub(crate) async fn refresh(&self, source: &dyn AuthSource) -> Result<(), DirectoryError> {
        self.replace(source.signing_keys().await?);
        Ok(())
    }

    /// Asks auth for the keys unless somebody did a moment ago; whether it asked.
    pub(crate) async fn refresh_unknown(
        &self,
        source: &dyn AuthSource,
    ) -> Result<bool, DirectoryError> {
        {
            let mut asked_at = self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
            if asked_at.is_some_and(|at| at.elapsed() < UNKNOWN_KEY_PAUSE) {
                return Ok(false);
            }
            *asked_at = Some(Instant::now());
        }
        self.refresh(source).await.map(|()| true)
    }
}

/// Sessions that ended within the life of an access token.
#[derive(Debug, Default)]
pub(crate) struct RevokedSessions(RwLock<HashMap<SessionId, Timestamp>>);

impl RevokedSessions {
    pub(crate) fn contains(&self, session_id: SessionId) -> bool {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains_key(&session_id)
    }

    pub(crate) fn add(&self, session_ids: impl IntoIterator<Item = SessionId>, clock: &Clock) {
        let now = clock.now();
        let mut revoked = self.0.write().unwrap_or_else(PoisonError::into_inner);
        revoked.extend(
            session_ids
                .into_iter()
                .map(|session| (session, now + REVOKED_FOR)),
        );
        if revoked.len() > REVOKED_SWEEP {
            revoked.retain(|_, forgotten_at| *forgotten_at > now);
        }
    }
}
