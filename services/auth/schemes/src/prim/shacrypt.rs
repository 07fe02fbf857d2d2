//! sha-crypt: `$5$` and `$6$`. The computation is a crate's; the spelling is here.

use sha_crypt::{Params, sha256_crypt, sha512_crypt};
use zeroize::Zeroizing;

use super::text::{crypt_number, crypt_value, number};

const SALT_BYTES_MAX: usize = 16;
const ROUNDS_DEFAULT: u32 = 5000;

/// Everything but the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    is_512: bool,
    /// As written in the value, if it is.
    explicit_rounds: Option<u32>,
    salt: Vec<u8>,
}

impl Setting {
    /// With the default of 5000 rounds.
    pub(crate) fn new(is_512: bool, salt: &[u8]) -> Self {
        let salt = salt.get(..SALT_BYTES_MAX).unwrap_or(salt);
        Self {
            is_512,
            explicit_rounds: None,
            salt: salt.to_vec(),
        }
    }

    pub(crate) fn rounds(&self) -> u32 {
        self.explicit_rounds.unwrap_or(ROUNDS_DEFAULT)
    }

    /// What follows the last `$`.
    pub(crate) fn digest(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let Ok(params) = Params::new(self.rounds()) else {
            return Zeroizing::default();
        };
        Zeroizing::new(if self.is_512 {
            let digest = Zeroizing::new(sha512_crypt(password, &self.salt, params));
            spell(&*digest, [0, 21, 42], |[a, b, c]| [b + 1, c + 1, a + 1])
        } else {
            let digest = Zeroizing::new(sha256_crypt(password, &self.salt, params));
            spell(&*digest, [0, 10, 20], |[a, b, c]| [c + 1, a + 1, b + 1])
        })
    }

    /// The whole value as crypt(3) writes it.
    pub(crate) fn modular(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let head: &[u8] = if self.is_512 { b"$6$" } else { b"$5$" };
        let rounds = self
            .explicit_rounds
            .map(|n| format!("rounds={n}$"))
            .unwrap_or_default();
        let digest = self.digest(password);
        Zeroizing::new([head, rounds.as_bytes(), &self.salt, b"$", &digest].concat())
    }
}

/// Groups of three bytes in the order of the format, each as four digits; then the one or two
/// bytes that are left.
fn spell(digest: &[u8], first: [usize; 3], next: fn([usize; 3]) -> [usize; 3]) -> Vec<u8> {
    let byte = |at: usize| u32::from(digest.get(at).copied().unwrap_or(0));
    let mut out = Vec::with_capacity(88);
    let mut group = first;
    for _ in 0..digest.len() / 3 {
        let [a, b, c] = group;
        crypt_number(byte(a) << 16 | byte(b) << 8 | byte(c), 4, &mut out);
        group = next(group);
    }
    match digest.len() % 3 {
        1 => crypt_number(byte(63), 2, &mut out),
        _ => crypt_number(byte(31) << 8 | byte(30), 3, &mut out),
    }
    out
}

/// `$5$salt$digest`, `$6$rounds=10000$salt$digest`.
pub(crate) fn parse(text: &str) -> Option<(Setting, Vec<u8>)> {
    let (is_512, rest) = match text.strip_prefix("$5$") {
        Some(rest) => (false, rest),
        None => (true, text.strip_prefix("$6$")?),
    };
    let (explicit_rounds, rest) = match rest.strip_prefix("rounds=") {
        Some(rest) => {
            let (rounds, rest) = rest.split_once('$')?;
            (Some(number::<u32>(rounds)?), rest)
        }
        None => (None, rest),
    };
    let (salt, digest) = rest.split_once('$')?;
    let length = if is_512 { 86 } else { 43 };
    let is_sane = salt.len() <= SALT_BYTES_MAX
        && explicit_rounds.is_none_or(|n| (Params::ROUNDS_MIN..=Params::ROUNDS_MAX).contains(&n))
        && digest.len() == length
        && digest.bytes().all(|b| crypt_value(b).is_some());
    let setting = Setting {
        is_512,
        explicit_rounds,
        salt: salt.as_bytes().to_vec(),
    };
    is_sane.then(|| (setting, digest.as_bytes().to_vec()))
}

/// So many rounds for nothing.
pub(crate) fn burn(rounds: u32, password: &[u8]) {
    let setting = Setting {
        is_512: true,
        explicit_rounds: Some(rounds),
        salt: vec![b'.'; SALT_BYTES_MAX],
    };
    std::hint::black_box(setting.digest(password));
}
