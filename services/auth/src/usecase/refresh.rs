//! New tokens for old ones, and the end of a session.

use im_types::{Secret, SessionId};

use super::{Actor, App, Origin};
use crate::Error;
use crate::domain::audit::NewAuditEntry;
use crate::domain::login::Refusal;
use crate::domain::people::UserState;
use crate::domain::session::{Session, expiry};
use crate::domain::token::{RefreshToken, TokenStanding};
use crate::store::Renewal;

/// New tokens.
#[derive(Debug)]
pub struct Renewed {
    /// For `authorization: Bearer`.
    pub access_token: Secret<String>,
    /// Replaces the one that was sent.
    pub refresh_token: Secret<String>,
    /// Life of the access token, in seconds.
    pub expires_in_s: u32,
    /// The session.
    pub session_id: SessionId,
}

impl App {
    /// Exchanges a refresh token, once. A second use of the same one ends the session, for somebody
    /// else has a copy.
    pub async fn refresh(&self, origin: &Origin, token: &Secret<String>) -> Result<Renewed, Error> {
        use im_runtime::error::ServiceError as _;
        let renewed = self.try_refresh(origin, token).await;
        self.metrics
            .refresh(renewed.as_ref().map_or_else(Error::reason, |_| "OK"));
        renewed
    }

    async fn try_refresh(&self, origin: &Origin, token: &Secret<String>) -> Result<Renewed, Error> {
        let token = RefreshToken::parse(token).ok_or(Error::RefreshTokenInvalid)?;
        let session = self.store.find_session(token.session_id()).await?;
        let session = session.ok_or(Error::RefreshTokenInvalid)?;
        match token.standing(&session.family_hash, &session.refresh_hash) {
            TokenStanding::Newest => {}
            TokenStanding::Used => return Err(self.end_stolen_session(origin, &session).await?),
            TokenStanding::Foreign => return Err(Error::RefreshTokenInvalid),
        }
        let now = self.clock.now();
        if session.expires_at <= now {
            return Err(Error::RefreshTokenInvalid);
        }
        if session.site != origin.site {
            return Err(Error::WrongSite);
        }
        let standing = self.standing(session.user_id).await?;
        let standing = standing
            .filter(|standing| standing.state == UserState::Active)
            .ok_or(Error::SessionRevoked)?;
        let snapshot = self.snapshot();
        let policy = snapshot.policy(&session.site, &standing.roles);
        let is_administrator = snapshot
            .administrator()
            .is_some_and(|role| standing.roles.contains(&role));
        if policy.maintenance() && !is_administrator {
            return Err(Refusal::Maintenance.into());
        }
        if session.is_shadow && !self.recheck_shadow(origin, &session).await? {
            return Err(Error::SessionRevoked);
        }
        let next = token.next(&self.ids);
        let renewal = Renewal {
            session_id: session.id,
            before: token.secret_hash(),
            after: next.secret_hash(),
            client_address: origin.address_text(),
            now,
            expires_at: expiry(now, policy.session_idle_days(), session.ends_at),
        };
        if !self.lane.renew(renewal).await? {
            // Two have used the same token at the same moment.
            return Err(self.end_stolen_session(origin, &session).await?);
        }
        Ok(Renewed {
            access_token: self.issue_access_token(&session)?,
            refresh_token: next.to_text(),
            expires_in_s: self.settings.access_token_s,
            session_id: session.id,
        })
    }

    async fn end_stolen_session(&self, origin: &Origin, session: &Session) -> Result<Error, Error> {
        let mut unit = self.begin().await?;
        if unit.end_session(session.id).await?.is_some() {
            let entry = NewAuditEntry::new("session.token_reused").on(session.user_id);
            let entry = entry.from(&origin.site, origin.address_text());
            unit.audit(entry.with("session", session.id));
            self.metrics.token_reused();
        }
        self.commit(unit).await?;
        Ok(Error::RefreshTokenReused)
    }

    /// Ends the caller's session.
    pub async fn logout(&self, actor: &Actor) -> Result<(), Error> {
        let mut unit = self.begin().await?;
        if unit.end_session(actor.session_id).await?.is_some() {
            let entry = NewAuditEntry::new("logout")
                .by(actor.user_id)
                .on(actor.user_id);
            let entry = entry.from(&actor.origin.site, actor.origin.address_text());
            unit.audit(entry.with("session", actor.session_id));
        }
        self.commit(unit).await
    }
}
