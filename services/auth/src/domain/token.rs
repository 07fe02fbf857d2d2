//! What clients hold: access tokens, refresh tokens, tickets.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use im_types::{Ids, Secret, SessionId};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

/// Session id, family secret, secret of this token.
const SESSION_BYTES: usize = 16;
const FAMILY_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;
const REFRESH_BYTES: usize = SESSION_BYTES + FAMILY_BYTES + SECRET_BYTES;

/// SHA-256 of a secret of at least 128 random bits, which needs no salt.
pub fn hash_of(secret: &[u8]) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}

/// A refresh token. All tokens of a session share the family secret; each has a secret of its own
/// of 256 bits. So one row per session tells a token that was used before (the family is right,
/// the secret is not) from one that somebody made up.
#[derive(Debug, Clone)]
pub struct RefreshToken {
    session_id: SessionId,
    family: Secret<[u8; FAMILY_BYTES]>,
    secret: Secret<[u8; SECRET_BYTES]>,
}

/// What a refresh token is to its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenStanding {
    /// The newest one.
    Newest,
    /// Used before: somebody has a copy.
    Used,
    /// Never given out.
    Foreign,
}

impl RefreshToken {
    /// The first token of a session.
    pub fn first(session_id: SessionId, ids: &Ids) -> Self {
        let family = Secret::new(ids.random_bytes());
        Self {
            session_id,
            family,
            secret: Secret::new(ids.random_bytes()),
        }
    }

    /// The token that replaces this one.
    #[must_use]
    pub fn next(&self, ids: &Ids) -> Self {
        Self {
            secret: Secret::new(ids.random_bytes()),
            ..self.clone()
        }
    }

    /// Reads what a client sent; `None` if it is no token.
    pub fn parse(text: &Secret<String>) -> Option<Self> {
        let bytes = Secret::new(URL_SAFE_NO_PAD.decode(text.expose()).ok()?);
        let bytes: &[u8] = bytes.expose();
        if bytes.len() != REFRESH_BYTES {
            return None;
        }
        let (session, rest) = bytes.split_first_chunk::<SESSION_BYTES>()?;
        let (family, rest) = rest.split_first_chunk::<FAMILY_BYTES>()?;
        let secret = rest.first_chunk::<SECRET_BYTES>()?;
        Some(Self {
            session_id: SessionId::from_uuid(Uuid::from_bytes(*session)),
            family: Secret::new(*family),
            secret: Secret::new(*secret),
        })
    }

    /// What the client keeps.
    pub fn to_text(&self) -> Secret<String> {
        let joined = Secret::new(
            [
                self.session_id.as_uuid().as_bytes().as_slice(),
                self.family.expose(),
                self.secret.expose(),
            ]
            .concat(),
        );
        Secret::new(URL_SAFE_NO_PAD.encode(joined.expose()))
    }

    /// Whose token it claims to be.
    pub const fn session_id(&self) -> SessionId {
        self.session_id
    }

    /// What is stored of the family.
    pub fn family_hash(&self) -> Vec<u8> {
        hash_of(self.family.expose())
    }

    /// What is stored of the newest token.
    pub fn secret_hash(&self) -> Vec<u8> {
        hash_of(self.secret.expose())
    }

    /// Compares with what the session has stored.
    pub fn standing(&self, family_hash: &[u8], refresh_hash: &[u8]) -> TokenStanding {
        let is_family: bool = self.family_hash().ct_eq(family_hash).into();
        let is_newest: bool = self.secret_hash().ct_eq(refresh_hash).into();
        match (is_family, is_newest) {
            (true, true) => TokenStanding::Newest,
            (true, false) => TokenStanding::Used,
            (false, _) => TokenStanding::Foreign,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use im_types::{Clock, Timestamp};

    #[test]
    fn a_token_is_read_back_and_stands_where_it_belongs() {
        let ids = Ids::seeded(Clock::mock(Timestamp::EPOCH), 1);
        let first = RefreshToken::first(ids.new_id(), &ids);
        let second = first.next(&ids);
        let read = RefreshToken::parse(&second.to_text()).unwrap();
        assert_eq!(read.session_id(), first.session_id());
        let (family, newest) = (first.family_hash(), second.secret_hash());
        assert_eq!(read.standing(&family, &newest), TokenStanding::Newest);
        assert_eq!(first.standing(&family, &newest), TokenStanding::Used);
        let foreign = RefreshToken::first(first.session_id(), &ids);
        assert_eq!(foreign.standing(&family, &newest), TokenStanding::Foreign);
        assert!(!format!("{read:?}").contains(second.to_text().expose().as_str()));
    }

    #[test]
    fn nonsense_is_no_token() {
        for text in ["", "x", "ses_1", &"A".repeat(85), &"A".repeat(87)] {
            assert!(RefreshToken::parse(&text.into()).is_none(), "{text}");
        }
    }
}
