//! Spellings of bytes, and case.

use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digit = |nibble: u8| {
        DIGITS
            .get(usize::from(nibble & 15))
            .copied()
            .unwrap_or(b'0')
    };
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len() * 2));
    for byte in bytes {
        out.extend([digit(byte >> 4), digit(*byte)]);
    }
    out
}

/// Bytes from hex of either case.
pub(crate) fn decode_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |b: &u8| {
        char::from(*b)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|[high, low]| Some((digit(high)? << 4) | digit(low)?))
        .collect()
}

/// Strict: padded, and no bits to spare.
const PADDED: GeneralPurpose = engine(&STANDARD, DecodePaddingMode::RequireCanonical);
/// Strict: not padded, and no bits to spare.
const BARE: GeneralPurpose = engine(&STANDARD, DecodePaddingMode::RequireNone);

const fn engine(alphabet: &Alphabet, padding: DecodePaddingMode) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(padding);
    GeneralPurpose::new(alphabet, config)
}

/// Bytes from base64 with padding.
pub(crate) fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    PADDED.decode(text).ok()
}

/// Bytes from base64 without padding.
pub(crate) fn decode_base64_bare(text: &[u8]) -> Option<Vec<u8>> {
    BARE.decode(text).ok()
}

/// base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(PADDED.encode(bytes).into_bytes())
}

/// As PHP's `strtolower` has it on bytes.
pub(crate) fn lower_ascii(bytes: &[u8]) -> Vec<u8> {
    bytes.to_ascii_lowercase()
}

/// Letter by letter as Unicode has it; what is not UTF-8, bytewise.
pub(crate) fn lower_unicode(bytes: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return bytes.to_ascii_lowercase();
    };
    // No letter becomes longer than threefold; no growth leaves copies of a password.
    let mut out = String::with_capacity(text.len() * 3);
    out.extend(text.chars().flat_map(char::to_lowercase));
    out.into_bytes()
}

/// The digits of crypt(3) and phpass.
const CRYPT_DIGITS: [u8; 64] = *b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The digit of crypt(3) for the lowest six bits.
pub(crate) fn crypt_digit(bits: u32) -> u8 {
    usize::try_from(bits & 63)
        .ok()
        .and_then(|at| CRYPT_DIGITS.get(at).copied())
        .unwrap_or(b'.')
}

/// The value of a digit of crypt(3).
pub(crate) fn crypt_value(digit: u8) -> Option<u32> {
    let at = CRYPT_DIGITS.iter().position(|known| *known == digit)?;
    u32::try_from(at).ok()
}

/// A number of `count` digits of crypt(3), lowest first.
pub(crate) fn crypt_number(mut bits: u32, count: usize, out: &mut Vec<u8>) {
    for _ in 0..count {
        out.push(crypt_digit(bits));
        bits >>= 6;
    }
}

/// phpass' base64: three bytes a group, the first byte lowest, digits lowest first.
pub(crate) fn phpass64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() * 4 / 3 + 1);
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .rev()
            .fold(0, |bits, byte| bits << 8 | u32::from(*byte));
        crypt_number(bits, group.len() + 1, &mut out);
    }
    out
}

/// A decimal number without sign or blanks.
pub(crate) fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}
