//! crypt(3) on DES: the traditional form and the extended one of BSDI.
//!
//! The salt exchanges bits between the halves of the expansion, so an ordinary DES is of no use.
//! Initial and final permutation of successive encryptions cancel out; only the last one counts.

use zeroize::Zeroizing;

use super::text::{crypt_digit, crypt_value};

/// Rounds of the traditional form.
const COUNT: u32 = 25;
/// What an encryption costs, in digests.
const DIGESTS_EACH: u64 = 8;

/// Permuted choice 1: bits of the key, from 1, for the halves C and D.
const PC1: [u8; 56] = [
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60,
    52, 44, 36, 63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29,
    21, 13, 5, 28, 20, 12, 4,
];
/// Permuted choice 2: bits of C and D for a round key.
const PC2: [u8; 48] = [
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52,
    31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
/// By how much C and D turn before each round.
const TURNS: [u32; 16] = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
/// The permutation after the S-boxes.
const P: [u8; 32] = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19,
    13, 30, 6, 22, 11, 4, 25,
];
/// The initial permutation.
const IP: [u8; 64] = [
    58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, 62, 54, 46, 38, 30, 22, 14, 6,
    64, 56, 48, 40, 32, 24, 16, 8, 57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3, 61,
    53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
];
/// The final permutation, its inverse.
const FP: [u8; 64] = [
    40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31, 38, 6, 46, 14, 54, 22, 62, 30,
    37, 5, 45, 13, 53, 21, 61, 29, 36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27,
    34, 2, 42, 10, 50, 18, 58, 26, 33, 1, 41, 9, 49, 17, 57, 25,
];
/// The S-boxes, row by row.
const S: [[u8; 64]; 8] = [
    [
        14, 4, 13, 1, 2, 15, 11, 8, 3, 10, 6, 12, 5, 9, 0, 7, 0, 15, 7, 4, 14, 2, 13, 1, 10, 6, 12,
        11, 9, 5, 3, 8, 4, 1, 14, 8, 13, 6, 2, 11, 15, 12, 9, 7, 3, 10, 5, 0, 15, 12, 8, 2, 4, 9,
        1, 7, 5, 11, 3, 14, 10, 0, 6, 13,
    ],
    [
        15, 1, 8, 14, 6, 11, 3, 4, 9, 7, 2, 13, 12, 0, 5, 10, 3, 13, 4, 7, 15, 2, 8, 14, 12, 0, 1,
        10, 6, 9, 11, 5, 0, 14, 7, 11, 10, 4, 13, 1, 5, 8, 12, 6, 9, 3, 2, 15, 13, 8, 10, 1, 3, 15,
        4, 2, 11, 6, 7, 12, 0, 5, 14, 9,
    ],
    [
        10, 0, 9, 14, 6, 3, 15, 5, 1, 13, 12, 7, 11, 4, 2, 8, 13, 7, 0, 9, 3, 4, 6, 10, 2, 8, 5,
        14, 12, 11, 15, 1, 13, 6, 4, 9, 8, 15, 3, 0, 11, 1, 2, 12, 5, 10, 14, 7, 1, 10, 13, 0, 6,
        9, 8, 7, 4, 15, 14, 3, 11, 5, 2, 12,
    ],
    [
        7, 13, 14, 3, 0, 6, 9, 10, 1, 2, 8, 5, 11, 12, 4, 15, 13, 8, 11, 5, 6, 15, 0, 3, 4, 7, 2,
        12, 1, 10, 14, 9, 10, 6, 9, 0, 12, 11, 7, 13, 15, 1, 3, 14, 5, 2, 8, 4, 3, 15, 0, 6, 10, 1,
        13, 8, 9, 4, 5, 11, 12, 7, 2, 14,
    ],
    [
        2, 12, 4, 1, 7, 10, 11, 6, 8, 5, 3, 15, 13, 0, 14, 9, 14, 11, 2, 12, 4, 7, 13, 1, 5, 0, 15,
        10, 3, 9, 8, 6, 4, 2, 1, 11, 10, 13, 7, 8, 15, 9, 12, 5, 6, 3, 0, 14, 11, 8, 12, 7, 1, 14,
        2, 13, 6, 15, 0, 9, 10, 4, 5, 3,
    ],
    [
        12, 1, 10, 15, 9, 2, 6, 8, 0, 13, 3, 4, 14, 7, 5, 11, 10, 15, 4, 2, 7, 12, 9, 5, 6, 1, 13,
        14, 0, 11, 3, 8, 9, 14, 15, 5, 2, 8, 12, 3, 7, 0, 4, 10, 1, 13, 11, 6, 4, 3, 2, 12, 9, 5,
        15, 10, 11, 14, 1, 7, 6, 0, 8, 13,
    ],
    [
        4, 11, 2, 14, 15, 0, 8, 13, 3, 12, 9, 7, 5, 10, 6, 1, 13, 0, 11, 7, 4, 9, 1, 10, 14, 3, 5,
        12, 2, 15, 8, 6, 1, 4, 11, 13, 12, 3, 7, 14, 10, 15, 6, 8, 0, 5, 9, 2, 6, 11, 13, 8, 1, 4,
        10, 7, 9, 5, 0, 15, 14, 2, 3, 12,
    ],
    [
        13, 2, 8, 4, 6, 15, 11, 1, 10, 9, 3, 14, 5, 0, 12, 7, 1, 15, 13, 8, 10, 3, 7, 4, 12, 5, 6,
        11, 0, 14, 9, 2, 7, 11, 4, 1, 9, 12, 14, 2, 0, 6, 10, 13, 15, 3, 5, 8, 2, 1, 14, 7, 4, 10,
        8, 13, 15, 12, 9, 0, 3, 5, 6, 11,
    ],
];

/// The bits of `from`, numbered from 1 at the top of its `width` bits, in the order of the table.
fn permute(from: u64, width: u32, table: &[u8]) -> u64 {
    table.iter().fold(0, |out, bit| {
        out << 1 | from >> (width - u32::from(*bit)) & 1
    })
}

/// 16 round keys of 48 bits.
type Keys = [u64; 16];

fn keys(key: u64) -> Keys {
    const HALF: u64 = (1 << 28) - 1;
    let chosen = permute(key, 64, &PC1);
    let (mut c, mut d) = (chosen >> 28, chosen & HALF);
    TURNS.map(|by| {
        c = (c << by | c >> (28 - by)) & HALF;
        d = (d << by | d >> (28 - by)) & HALF;
        permute(c << 28 | d, 56, &PC2)
    })
}

/// S-boxes and the permutation after them, for one box and six bits.
struct Boxes([[u32; 64]; 8]);

impl Boxes {
    fn new() -> Self {
        let mut boxes = [[0; 64]; 8];
        for (at, (out, table)) in boxes.iter_mut().zip(&S).enumerate() {
            for (six, out) in (0_usize..).zip(out.iter_mut()) {
                // The outer bits choose the row, the inner four the column.
                let cell = (six >> 4 & 2 | six & 1) << 4 | six >> 1 & 15;
                let four = table.get(cell).copied().unwrap_or(0);
                let placed = u64::from(four) << (28 - 4 * at);
                *out = u32::try_from(permute(placed, 32, &P)).unwrap_or(0);
            }
        }
        Self(boxes)
    }

    /// The round function.
    fn f(&self, half: u32, key: u64, salt: u64) -> u32 {
        // Groups of six bits that overlap by one on either side.
        let expanded = (0..8).fold(0_u64, |out, group| {
            out << 6 | u64::from(half.rotate_left(4 * group + 5) & 63)
        });
        let exchanged = (expanded >> 24 ^ expanded) & salt;
        let mixed = expanded ^ exchanged ^ exchanged << 24 ^ key;
        (0_u32..).zip(&self.0).fold(0, |out, (at, table)| {
            let six = usize::try_from(mixed >> (42 - 6 * at) & 63).unwrap_or(0);
            out | table.get(six).copied().unwrap_or(0)
        })
    }

    /// So many encryptions one after the other, between the permutations.
    fn encrypt(&self, block: u64, keys: &Keys, salt: u64, count: u32) -> u64 {
        let start = permute(block, 64, &IP);
        let half = |bits: u64| u32::try_from(bits & 0xffff_ffff).unwrap_or(0);
        let (mut left, mut right) = (half(start >> 32), half(start));
        for _ in 0..count {
            for key in keys {
                (left, right) = (right, left ^ self.f(right, *key, salt));
            }
            (left, right) = (right, left);
        }
        permute(u64::from(left) << 32 | u64::from(right), 64, &FP)
    }
}

/// The salt for the expansion: its lowest bit stands for the first bit of each half.
fn spread(salt: u32) -> u64 {
    (0..24).fold(0, |out, bit| out | u64::from(salt >> bit & 1) << (23 - bit))
}

/// Eight bytes, seven bits of each, as a key.
fn key_of(bytes: &[u8]) -> u64 {
    (0..8).fold(0, |key, at| {
        key << 8 | u64::from(bytes.get(at).copied().unwrap_or(0) << 1)
    })
}

/// 64 bits as 11 digits, highest first.
fn spell(block: u64) -> Zeroizing<Vec<u8>> {
    let padded = u128::from(block) << 2;
    let digit = |at: u32| crypt_digit(u32::try_from(padded >> (60 - 6 * at) & 63).unwrap_or(0));
    Zeroizing::new((0..11).map(digit).collect())
}

/// A number of digits, lowest first.
fn read_number(digits: &[u8]) -> Option<u32> {
    digits
        .iter()
        .rev()
        .try_fold(0, |number, digit| Some(number << 6 | crypt_value(*digit)?))
}

/// A value of either form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    salt: u32,
    count: u32,
    is_extended: bool,
}

impl Setting {
    /// What it costs, in digests.
    pub(crate) fn digests(&self) -> u64 {
        u64::from(self.count) * DIGESTS_EACH
    }

    /// The last 11 digits.
    pub(crate) fn digest(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let boxes = Boxes::new();
        let mut pieces = password.chunks(8);
        let mut key = key_of(pieces.next().unwrap_or_default());
        if self.is_extended {
            for piece in pieces {
                key = boxes.encrypt(key, &keys(key), 0, 1) ^ key_of(piece);
            }
        }
        spell(boxes.encrypt(0, &keys(key), spread(self.salt), self.count))
    }
}

/// 2 + 11 digits, or `_`, 4 digits of rounds, 4 of salt, and 11.
pub(crate) fn parse(text: &str) -> Option<(Setting, Vec<u8>)> {
    let bytes = text.as_bytes();
    let (setting, digest) = if let Some(rest) = bytes.strip_prefix(b"_") {
        let (count, rest) = rest.split_at_checked(4)?;
        let (salt, digest) = rest.split_at_checked(4)?;
        let setting = Setting {
            salt: read_number(salt)?,
            count: read_number(count)?,
            is_extended: true,
        };
        (setting, digest)
    } else {
        let (salt, digest) = bytes.split_at_checked(2)?;
        let setting = Setting {
            salt: read_number(salt)?,
            count: COUNT,
            is_extended: false,
        };
        (setting, digest)
    };
    let is_sane =
        digest.len() == 11 && digest.iter().all(|b| crypt_value(*b).is_some()) && setting.count > 0;
    is_sane.then(|| (setting, digest.to_vec()))
}
