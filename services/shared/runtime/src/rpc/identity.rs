//! Which of our processes is calling.
//!
//! `im-service: <name>.<unix_seconds>.<mac>`, where the mac is base64url(HMAC-SHA-256(key,
//! `<name>.<unix_seconds>`)). It proves knowledge of the deployment's internal key and goes stale
//! after [`WINDOW_S`] seconds. It does not bind the request: the network between the services has
//! to be private or encrypted.

use std::sync::{Arc, Mutex, PoisonError};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderValue;
use im_types::{Clock, Secret};
use sha2::Sha256;

/// The metadata key.
pub(super) const HEADER: &str = "im-service";
/// Reason of a refused call.
pub const REASON_REQUIRED: &str = "INTERNAL_IDENTITY_REQUIRED";
/// How far the clocks of two processes may be apart, in seconds.
pub const WINDOW_S: u64 = 60;

const KEY_BYTES_MIN: usize = 32;
const KEY_BYTES_RANDOM: usize = 32;
const MICROSECONDS_PER_SECOND: i64 = 1_000_000;

/// The name of the process on the other side, in the extensions of a verified request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerService(pub String);

/// The internal key is too short to be one.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the internal key has {bytes} bytes, at least {KEY_BYTES_MIN} are needed")]
pub struct InternalKeyTooShort {
    /// Its length.
    pub bytes: usize,
}

/// The key all processes of a deployment share.
#[derive(Clone)]
pub struct InternalKey(Arc<Secret<Vec<u8>>>);

impl std::fmt::Debug for InternalKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InternalKey(***)")
    }
}

impl InternalKey {
    /// A key from the configuration; at least 32 bytes.
    pub fn parse(text: &Secret<String>) -> Result<Self, InternalKeyTooShort> {
        let bytes = text.expose().as_bytes();
        if bytes.len() < KEY_BYTES_MIN {
            return Err(InternalKeyTooShort { bytes: bytes.len() });
        }
        Ok(Self(Arc::new(Secret::new(bytes.to_vec()))))
    }

    /// A fresh key, for the standalone program, whose parts share it in memory.
    pub fn random() -> Self {
        let key: [u8; KEY_BYTES_RANDOM] = rand::random();
        Self(Arc::new(Secret::new(key.to_vec())))
    }

    fn mac(&self, text: &str) -> Option<Hmac<Sha256>> {
        // HMAC takes keys of any length, so this is never None.
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose()).ok()?;
        mac.update(text.as_bytes());
        Some(mac)
    }

    /// The name in `header`, if it was made with this key within [`WINDOW_S`] of `now_s`.
    fn verify(&self, header: &str, now_s: u64) -> Option<PeerService> {
        let (claim, mac) = header.rsplit_once('.')?;
        let (name, made_at_s) = claim.split_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        self.mac(claim)?.verify_slice(&mac).ok()?;
        let made_at_s: u64 = made_at_s.parse().ok()?;
        (made_at_s.abs_diff(now_s) <= WINDOW_S).then(|| PeerService(name.to_owned()))
    }
}

/// The name under which a process calls others.
#[derive(Debug, Clone)]
pub struct ServiceIdentity {
    name: &'static str,
    key: InternalKey,
    clock: Clock,
    /// The header of the second it was made in: one HMAC a second, however many calls.
    cached: Arc<Mutex<Option<(u64, HeaderValue)>>>,
}

impl ServiceIdentity {
    /// `name` is a service's short name, for example `gateway`, without dots.
    pub fn new(name: &'static str, key: InternalKey, clock: Clock) -> Self {
        Self {
            name,
            key,
            clock,
            cached: Arc::new(Mutex::new(None)),
        }
    }

    /// The value of `im-service` for a call made now.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let now_s = unix_seconds(&self.clock);
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made_at_s, value)) = cached.as_ref()
            && *made_at_s == now_s
        {
            return Some(value.clone());
        }
        let claim = format!("{}.{now_s}", self.name);
        let mac = URL_SAFE_NO_PAD.encode(self.key.mac(&claim)?.finalize().into_bytes());
        let mut value = HeaderValue::from_str(&format!("{claim}.{mac}")).ok()?;
        value.set_sensitive(true);
        *cached = Some((now_s, value.clone()));
        Some(value)
    }
}

/// Checks `im-service` on the side that is called.
#[derive(Debug, Clone)]
pub(super) struct ServiceVerifier {
    key: InternalKey,
    clock: Clock,
}

impl ServiceVerifier {
    pub(super) const fn new(key: InternalKey, clock: Clock) -> Self {
        Self { key, clock }
    }

    pub(super) fn verify(&self, headers: &http::HeaderMap) -> Option<PeerService> {
        let header = headers.get(HEADER)?.to_str().ok()?;
        self.key.verify(header, unix_seconds(&self.clock))
    }
}

fn unix_seconds(clock: &Clock) -> u64 {
    u64::try_from(clock.now().as_micros() / MICROSECONDS_PER_SECOND).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(key: &InternalKey, claim: &str) -> String {
        let mac = key.mac(claim).unwrap().finalize().into_bytes();
        format!("{claim}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    #[test]
    fn window_is_sixty_seconds_either_way() {
        let key = InternalKey::random();
        let text = header(&key, "gateway.1000");
        for now_s in [940, 1000, 1060] {
            assert_eq!(
                key.verify(&text, now_s),
                Some(PeerService("gateway".to_owned()))
            );
        }
        for now_s in [939, 1061, 0] {
            assert_eq!(key.verify(&text, now_s), None, "{now_s}");
        }
    }

    #[test]
    fn forged_headers_are_refused() {
        let key = InternalKey::random();
        let good = header(&key, "gateway.1000");
        let mac = good.rsplit('.').next().unwrap();
        let other_key = header(&InternalKey::random(), "gateway.1000");
        let no_time = header(&key, "gateway");
        let bad_time = header(&key, "gateway.x");
        for forged in [
            "",
            "gateway",
            "gateway.1000",
            "gateway.1000.",
            "..",
            other_key.as_str(),
            &format!("auth.1000.{mac}"),
            &format!("gateway.1001.{mac}"),
            &no_time,
            &bad_time,
        ] {
            assert_eq!(key.verify(forged, 1000), None, "{forged}");
        }
        assert!(key.verify(&good, 1000).is_some());
    }

    #[test]
    fn short_keys_are_refused() {
        assert!(InternalKey::parse(&Secret::new("x".repeat(31))).is_err());
        assert!(InternalKey::parse(&Secret::new("x".repeat(32))).is_ok());
        assert_eq!(format!("{:?}", InternalKey::random()), "InternalKey(***)");
    }
}
