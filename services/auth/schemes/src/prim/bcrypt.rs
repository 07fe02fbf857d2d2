//! bcrypt. It reads 72 bytes and stops at a NUL, as crypt(3) does: callers see to it that the
//! password is in those bytes.

use base64::Engine as _;
use base64::alphabet::BCRYPT;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// What bcrypt reads.
pub(crate) const BYTES_MAX: usize = 72;
/// Characters of a salt.
pub(crate) const SALT_LENGTH: usize = 22;
/// Characters of a digest.
pub(crate) const TAIL_LENGTH: usize = 31;

/// The last character of a salt carries two bits only; some applications write others with it.
const CODEC: GeneralPurpose = GeneralPurpose::new(
    &BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// Cost and salt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) cost: u8,
    salt: [u8; 16],
}

/// Which `$2…$` a value has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Parsed {
    Value {
        setting: Setting,
        tail: Vec<u8>,
    },
    /// `$2x$`: a faulty computation of 2011 that let several passwords through.
    SignExtended,
}

impl Setting {
    /// From the two decimal digits of the cost and 22 characters of salt.
    pub(crate) fn parse(cost: &[u8], salt: &[u8]) -> Option<Self> {
        let [tens @ b'0'..=b'3', ones @ b'0'..=b'9'] = cost else {
            return None;
        };
        let cost = (tens - b'0') * 10 + (ones - b'0');
        if !(4..=31).contains(&cost) || salt.len() != SALT_LENGTH {
            return None;
        }
        let salt = CODEC.decode(salt).ok()?.try_into().ok()?;
        Some(Self { cost, salt })
    }

    /// The 31 characters after the salt.
    pub(crate) fn tail(self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let end = password
            .iter()
            .position(|b| *b == 0)
            .unwrap_or(password.len());
        let mut key = Zeroizing::new([password.get(..end).unwrap_or_default(), &[0]].concat());
        key.truncate(BYTES_MAX);
        let digest = Zeroizing::new(bcrypt::bcrypt(self.cost.into(), self.salt, &key));
        // 23 bytes count; the crate hands out 24.
        let counted = digest.get(..23).unwrap_or_default();
        Zeroizing::new(CODEC.encode(counted).into_bytes())
    }

    /// The whole value as crypt(3) writes it.
    pub(crate) fn modular(self, minor: u8, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut out =
            Zeroizing::new(format!("$2{}${:02}$", char::from(minor), self.cost).into_bytes());
        out.extend_from_slice(CODEC.encode(self.salt).as_bytes());
        out.extend_from_slice(&self.tail(password));
        out
    }
}

/// `$2a$NN$` + 22 + 31, also with `b` and `y`, which are the same function.
pub(crate) fn parse(text: &[u8]) -> Option<Parsed> {
    let rest = text.strip_prefix(b"$2")?;
    let (minor, rest) = rest.split_first()?;
    if !matches!(minor, b'a' | b'b' | b'x' | b'y') {
        return None;
    }
    let (cost, rest) = rest.strip_prefix(b"$")?.split_at_checked(2)?;
    let (salt, tail) = rest.strip_prefix(b"$")?.split_at_checked(SALT_LENGTH)?;
    let setting = Setting::parse(cost, salt)?;
    let is_whole = tail.len() == TAIL_LENGTH && tail.iter().all(|b| is_digit(*b));
    is_whole.then(|| match minor {
        b'x' => Parsed::SignExtended,
        _ => Parsed::Value {
            setting,
            tail: tail.to_vec(),
        },
    })
}

/// Whether a character is one of bcrypt's base64.
pub(crate) const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/')
}

/// One computation for nothing.
pub(crate) fn burn(cost: u8, password: &[u8]) {
    let setting = Setting {
        cost: cost.min(31),
        salt: [0; 16],
    };
    std::hint::black_box(setting.tail(password));
}
