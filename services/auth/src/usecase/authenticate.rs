//! From an access token to somebody who is signed in, and the other way.

use std::sync::Arc;
use std::time::Duration;

use im_directory::token::{Audience, Claims};
use im_types::Secret;

use super::{Actor, App, Origin};
use crate::Error;
use crate::domain::people::UserState;
use crate::domain::session::Session;

/// How far the clocks of two computers may differ.
const LEEWAY: Duration = Duration::from_secs(5);

/// Which sessions an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowedAudience {
    /// Ordinary ones.
    Api,
    /// Also those that can only change the password.
    ApiOrPassword,
}

impl App {
    /// Who sends this token. Session, state and permissions are those of this moment.
    pub async fn authenticate(
        &self,
        bearer: Option<&Secret<String>>,
        origin: Origin,
        allowed: AllowedAudience,
    ) -> Result<Actor, Error> {
        let token = bearer.ok_or(Error::TokenMissing)?;
        let claims: Arc<Claims> = self
            .keys
            .verify(token.expose())
            .ok_or(Error::TokenInvalid)?;
        if claims.expires_at().saturating_add(LEEWAY) <= self.clock.now() {
            return Err(Error::TokenExpired);
        }
        if claims.site_id != origin.site {
            return Err(Error::WrongSite);
        }
        let is_password_only = claims.audience == Audience::Password;
        if is_password_only && allowed == AllowedAudience::Api {
            return Err(Error::PasswordChangeRequired);
        }
        if self.mirror.is_revoked(claims.session_id) {
            return Err(Error::SessionRevoked);
        }
        let standing = self.standing(claims.user_id).await?;
        let standing = standing
            .filter(|standing| standing.state == UserState::Active)
            .ok_or(Error::SessionRevoked)?;
        Ok(Actor {
            user_id: claims.user_id,
            session_id: claims.session_id,
            device_id: claims.device_id,
            origin,
            permissions: self.snapshot().permissions(&standing.roles),
            roles: standing.roles.clone(),
            is_password_only,
        })
    }

    /// A new access token of a session.
    pub(super) fn issue_access_token(&self, session: &Session) -> Result<Secret<String>, Error> {
        let now = self.clock.now();
        let claims = Claims {
            user_id: session.user_id,
            session_id: session.id,
            site_id: session.site.clone(),
            device_id: session.device_id,
            audience: if session.is_password_only {
                Audience::Password
            } else {
                Audience::Api
            },
            issued_at_s: now.as_secs(),
            expires_at_s: now.as_secs() + i64::from(self.settings.access_token_s),
        };
        self.keys.sign(&claims, now)
    }
}
