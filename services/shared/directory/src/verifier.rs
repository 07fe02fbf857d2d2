//! From an access token to the person behind a call.

use std::sync::Arc;
use std::time::Duration;

use im_runtime::rpc::RequestContext;
use im_types::SiteId;
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};

use crate::token::{self, Audience, Claims, VerifyingKey};
use crate::{Actor, AuthnError, Directory};

/// Verified tokens that are remembered.
const TOKENS_MAX: u64 = 100_000;
/// Life of an access token; nothing needs to be remembered longer.
const TOKEN_KEPT_FOR: Duration = Duration::from_mins(10);
/// How far the clocks of two computers may differ.
const LEEWAY: Duration = Duration::from_secs(5);

/// Which sessions a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowedAudience {
    /// Ordinary ones.
    Api,
    /// Also those that can only change the password.
    ApiOrPassword,
}

/// A token whose signature was good.
#[derive(Debug)]
struct Verified {
    claims: Claims,
    /// The key it was checked with: when auth withdraws that, the token is checked anew.
    key: Arc<VerifyingKey>,
    key_id: String,
}

/// Verifies access tokens. Cheap to clone; clones share what they remember.
#[derive(Debug, Clone)]
pub struct TokenVerifier {
    directory: Directory,
    /// By SHA-256, so that no token lies about in memory.
    verified: Cache<[u8; 32], Arc<Verified>>,
}

impl TokenVerifier {
    /// A verifier that takes keys, ended sessions and people from a directory.
    pub fn new(directory: Directory) -> Self {
        let verified = Cache::builder()
            .max_capacity(TOKENS_MAX)
            .time_to_live(TOKEN_KEPT_FOR)
            .build();
        Self {
            directory,
            verified,
        }
    }

    /// The directory behind it.
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The person behind a call.
    ///
    /// # Errors
    /// [`AuthnError`]: no token, not a good one, of another site, of an ended session or of
    /// somebody who may not use the system.
    pub async fn authenticate(
        &self,
        context: &RequestContext,
        allowed: AllowedAudience,
    ) -> Result<Actor, AuthnError> {
        let token = context.bearer.as_ref().ok_or(AuthnError::TokenMissing)?;
        let claims = &self.verify(token.expose()).await?.claims;
        if claims.expires_at() + LEEWAY <= self.directory.clock().now() {
            return Err(AuthnError::TokenExpired);
        }
        let site = context
            .site
            .as_deref()
            .and_then(|site| SiteId::parse(site).ok());
        if site.as_ref() != Some(&claims.site_id) {
            return Err(AuthnError::WrongSite);
        }
        if claims.audience == Audience::Password && allowed == AllowedAudience::Api {
            return Err(AuthnError::PasswordChangeRequired);
        }
        self.actor(claims).await
    }

    /// The person behind a token of which nothing but session and person is left to check.
    async fn actor(&self, claims: &Claims) -> Result<Actor, AuthnError> {
        if self.directory.is_revoked(claims.session_id) {
            return Err(AuthnError::SessionRevoked);
        }
        let facts = self.directory.user(claims.user_id).await?;
        let facts = facts
            .filter(|facts| facts.is_active)
            .ok_or(AuthnError::SessionRevoked)?;
        Ok(Actor {
            user_id: claims.user_id,
            session_id: claims.session_id,
            site_id: claims.site_id.clone(),
            device_id: claims.device_id,
            permissions: self.directory.permissions(&facts),
            facts,
        })
    }

    async fn verify(&self, token: &str) -> Result<Arc<Verified>, AuthnError> {
        if token.len() > token::TOKEN_BYTES_MAX {
            return Err(AuthnError::TokenInvalid);
        }
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(verified) = self.verified.get(&digest) {
            let present = self.directory.key(&verified.key_id);
            if present.is_some_and(|key| Arc::ptr_eq(&key, &verified.key)) {
                return Ok(verified);
            }
        }
        let key_id = token::key_id_of(token).ok_or(AuthnError::TokenInvalid)?;
        let key = self
            .directory
            .key_or_ask(&key_id)
            .await?
            .ok_or(AuthnError::TokenInvalid)?;
        let claims = key.read(token).ok_or(AuthnError::TokenInvalid)?;
        let verified = Arc::new(Verified {
            claims,
            key,
            key_id,
        });
        self.verified.insert(digest, Arc::clone(&verified));
        Ok(verified)
    }
}
