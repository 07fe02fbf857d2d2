//! The format of access tokens: JWTs signed with Ed25519.
//!
//! auth issues them with [`SigningKey::issue`]; everybody else reads them through
//! [`crate::TokenVerifier`]. Roles and permissions are not in the token, because they have to bite
//! before it expires; expiry is left to the reader, who has the clock.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use im_types::{DeviceId, Secret, SessionId, SiteId, Timestamp, UserId};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

/// What an Ed25519 seed is preceded by in PKCS #8 (RFC 8410, section 7).
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// Bytes of a public key.
pub const PUBLIC_KEY_BYTES: usize = 32;
/// Longest token that is looked at.
pub const TOKEN_BYTES_MAX: usize = 2048;

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Audience {
    /// The whole API.
    #[serde(rename = "im")]
    Api,
    /// Nothing but changing the password.
    #[serde(rename = "im-password")]
    Password,
}

impl Audience {
    const fn name(self) -> &'static str {
        match self {
            Self::Api => "im",
            Self::Password => "im-password",
        }
    }
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Whose it is.
    #[serde(rename = "sub")]
    pub user_id: UserId,
    /// Of which session.
    #[serde(rename = "sid")]
    pub session_id: SessionId,
    /// On which site.
    #[serde(rename = "site")]
    pub site_id: SiteId,
    /// On which device.
    #[serde(rename = "dev")]
    pub device_id: DeviceId,
    /// What it is good for.
    #[serde(rename = "aud")]
    pub audience: Audience,
    /// Seconds since 1970.
    #[serde(rename = "iat")]
    pub issued_at_s: i64,
    /// Seconds since 1970.
    #[serde(rename = "exp")]
    pub expires_at_s: i64,
}

impl Claims {
    /// When the token ends.
    pub const fn expires_at(&self) -> Timestamp {
        Timestamp::from_millis(self.expires_at_s.saturating_mul(1000))
    }
}

/// Why a token cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the signing key cannot be used")]
pub struct SigningError(#[from] jsonwebtoken::errors::Error);

/// A private key.
pub struct SigningKey {
    key_id: String,
    key: EncodingKey,
    public_key: [u8; PUBLIC_KEY_BYTES],
}

impl SigningKey {
    /// The key of a seed: 32 random bytes.
    ///
    /// # Errors
    /// [`SigningError`] if the cryptographic library refuses it.
    pub fn from_seed(key_id: String, seed: &Secret<[u8; 32]>) -> Result<Self, SigningError> {
        let pkcs8 = Secret::new([PKCS8_PREFIX.as_slice(), seed.expose().as_slice()].concat());
        let key = EncodingKey::from_ed_der(pkcs8.expose());
        let public_key = public_key(&Jwk::from_encoding_key(&key, Algorithm::EdDSA)?)
            .ok_or_else(|| jsonwebtoken::errors::new_error(invalid_key()))?;
        Ok(Self {
            key_id,
            key,
            public_key,
        })
    }

    /// `kid` of its tokens.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// What others check its tokens with.
    pub const fn public_key(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        &self.public_key
    }

    /// Makes a token.
    ///
    /// # Errors
    /// [`SigningError`] if the cryptographic library refuses the key.
    pub fn issue(&self, claims: &Claims) -> Result<Secret<String>, SigningError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.key_id.clone());
        Ok(Secret::new(jsonwebtoken::encode(
            &header, claims, &self.key,
        )?))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SigningKey")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

const fn invalid_key() -> jsonwebtoken::errors::ErrorKind {
    jsonwebtoken::errors::ErrorKind::InvalidEddsaKey
}

fn public_key(jwk: &Jwk) -> Option<[u8; PUBLIC_KEY_BYTES]> {
    let AlgorithmParameters::OctetKeyPair(pair) = &jwk.algorithm else {
        return None;
    };
    URL_SAFE_NO_PAD.decode(&pair.x).ok()?.try_into().ok()
}

/// A public key.
pub struct VerifyingKey(DecodingKey);

impl VerifyingKey {
    /// A key of 32 bytes; `None` if there are more or fewer.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == PUBLIC_KEY_BYTES).then(|| Self(DecodingKey::from_ed_der(bytes)))
    }

    /// Checks the signature and reads the claims; `None` if anything but the time is wrong.
    /// Whether the token has expired is for the caller to ask.
    pub fn read(&self, token: &str) -> Option<Claims> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["exp", "aud", "sub"]);
        validation.set_audience(&[Audience::Api.name(), Audience::Password.name()]);
        jsonwebtoken::decode::<Claims>(token, &self.0, &validation)
            .ok()
            .map(|data| data.claims)
    }
}

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("VerifyingKey")
    }
}

/// The id of the key that a token says it was signed with; `None` for what is no such token.
pub fn key_id_of(token: &str) -> Option<String> {
    if token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    if header.alg != Algorithm::EdDSA {
        return None;
    }
    header.kid
}
