//! Forms of single applications.

use crate::fields::Fields;
use crate::prim::argon2::Cost;
use crate::prim::bcrypt::{SALT_LENGTH, Setting};
use crate::prim::hash::{Hash, same};
use crate::prim::text::{decode_hex, hex, number};
use crate::prim::{md5crypt, shacrypt};
use crate::scheme::{Attempt, Needs, Read, Scheme, Value};
use crate::verdict::Strength::{Broken, Ok as Fair, Strong, Weak};
use crate::work::Work;
use zeroize::Zeroizing;

/// Hashes around hashes in one value: an upgrade adds one.
const VERSIONS_MAX: usize = 4;
/// libsodium's Argon2id takes just so much salt.
const SODIUM_SALT_BYTES: usize = 16;

const EVO: Needs = Needs {
    id: true,
    ..Needs::NOTHING
};

pub(super) static SCHEMES: [Scheme; 4] = [
    Scheme::own(
        "magento2",
        "`hash:salt:versions`",
        "x = p, for each version: 0 x = hex md5(s . x); 1 x = hex sha256(s . x); 2 and 3_length_passes_bytes x = hex Argon2id(x, first 16 bytes of s)",
        magento2,
    )
    .keeps("0 broken, 1 weak, 2 and 3 strong")
    .costs(Work::Argon2 { memory_kib: 65_536, passes: 2, lanes: 1 }),
    Scheme::own(
        "evo_v1",
        "name, `>`, 40 hex",
        "t = hex md5(p . i); z = t and y = hex sha1(z . p), or z = a crypt setting with t as salt and y = hex sha1(p) . crypt(p, z); md5(z . y) . first 8 of hex md5(z)",
        evo,
    )
    .keeps("weak; slow forms ok")
    .with(EVO)
    .costs(Work::Bcrypt { cost: 7 }),
    Scheme::own(
        "zikula_dollar",
        "digit, `$`, salt, `$`, hex",
        "H(s . p); H is 1 md5, 5 sha1, 8 sha256",
        zikula,
    )
    .keeps("weak"),
    Scheme::own("ss_legacy36", "anything", "rounded floating-point digits, refused", |_| {
        Read::Refused("only ten characters of these values are stable")
    }),
];

/// One version of Magento.
enum Version {
    Digest(Hash),
    Argon2 { cost: Cost, length: usize },
}

fn version(text: &str) -> Option<Version> {
    Some(match text {
        "0" => Version::Digest(Hash::Md5),
        "1" => Version::Digest(Hash::Sha256),
        "2" => Version::Argon2 {
            cost: sodium(2, 65_536),
            length: 32,
        },
        _ => {
            let mut fields = text.strip_prefix("3_")?.split('_');
            let length = number(fields.next()?)?;
            let passes = number(fields.next()?)?;
            let bytes: u64 = number(fields.next()?)?;
            if fields.next().is_some() {
                return None;
            }
            Version::Argon2 {
                cost: sodium(passes, u32::try_from(bytes / 1024).ok()?),
                length,
            }
        }
    })
}

const fn sodium(passes: u32, memory_kib: u32) -> Cost {
    Cost {
        memory_kib,
        passes,
        lanes: 1,
    }
}

fn magento2(fields: &Fields<'_>) -> Read {
    let parts = fields.text().and_then(|text| {
        let (hash, rest) = text.split_once(':')?;
        let (salt, versions) = rest.split_once(':')?;
        let versions: Vec<&str> = versions.split(':').collect();
        Some((
            decode_hex(hash.as_bytes())?,
            salt.as_bytes().to_vec(),
            versions,
        ))
    });
    let Some((stored, salt, versions)) = parts.filter(|(_, _, v)| v.len() <= VERSIONS_MAX) else {
        return Read::Foreign;
    };
    let steps: Option<Vec<Version>> = versions.into_iter().map(version).collect();
    let Some(steps) = steps else {
        return Read::Refused("this version is not supported");
    };
    let is_right_length = steps.last().is_some_and(|last| {
        stored.len()
            == match last {
                Version::Digest(hash) => hash.length(),
                Version::Argon2 { length, .. } => *length,
            }
    });
    if !is_right_length {
        return Read::Foreign;
    }
    // Argon2 steps are made and weighed now, so that nothing is computed before the caps agree.
    let (mut strength, mut work, mut times) = (Broken, Work::Digests { rounds: 1 }, 0);
    let mut ready: Vec<Step> = Vec::new();
    for step in steps {
        match step {
            Version::Digest(hash) => {
                strength = strength.max(if hash == Hash::Md5 { Broken } else { Weak });
                ready.push(Step::Digest(hash));
            }
            Version::Argon2 { cost, length } => {
                let salt = salt.get(..SODIUM_SALT_BYTES).unwrap_or(&salt);
                let Some(setting) = crate::prim::argon2::Setting::id(cost, salt, length) else {
                    return Read::Refused("Argon2 with these parameters is not supported");
                };
                strength = Strong;
                work = work.max(setting.work());
                times += 1;
                ready.push(Step::Argon2(setting));
            }
        }
    }
    let value = Value::new(strength, work, move |attempt| {
        let mut x = Zeroizing::new(attempt.password.to_vec());
        for step in &ready {
            x = match step {
                Step::Digest(hash) => hash.hex_of_all(&[&salt, &x]),
                Step::Argon2(setting) => hex(&setting.digest(&x)),
            };
        }
        decode_hex(&x).is_some_and(|digest| same(&digest, &stored))
    });
    Read::Value(Value {
        times: times.max(1),
        ..value
    })
}

enum Step {
    Digest(Hash),
    Argon2(crate::prim::argon2::Setting),
}

/// Makes z and the crypt(3) value of the password, of password and t.
type Evo = fn(&[u8], &[u8]) -> (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>);

/// Name, what it makes, what it costs.
const EVO_FORMS: [(&str, Evo, Work); 6] = [
    (
        "uncrypt",
        |_, t| (Zeroizing::new(t.to_vec()), Zeroizing::default()),
        Work::Digests { rounds: 5 },
    ),
    (
        "md5",
        |p, t| {
            let salt = t.get(..8).unwrap_or_default();
            let digest = md5crypt::digest(salt, p);
            let whole = [b"$1$", salt, b"$", &digest].concat();
            (
                Zeroizing::new([b"$1$", salt].concat()),
                Zeroizing::new(whole),
            )
        },
        Work::Digests { rounds: 1000 },
    ),
    (
        "sha256",
        |p, t| sha(false, p, t),
        Work::ShaCrypt { rounds: 5000 },
    ),
    (
        "sha512",
        |p, t| sha(true, p, t),
        Work::ShaCrypt { rounds: 5000 },
    ),
    (
        "blowfish_a",
        |p, t| blowfish(b'a', p, t),
        Work::Bcrypt { cost: 7 },
    ),
    (
        "blowfish_y",
        |p, t| blowfish(b'y', p, t),
        Work::Bcrypt { cost: 7 },
    ),
];

fn sha(is_512: bool, p: &[u8], t: &[u8]) -> (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>) {
    let salt = t.get(..16).unwrap_or_default();
    let head: &[u8] = if is_512 { b"$6$" } else { b"$5$" };
    let z = Zeroizing::new([head, salt].concat());
    (z, shacrypt::Setting::new(is_512, salt).modular(p))
}

fn blowfish(minor: u8, p: &[u8], t: &[u8]) -> (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>) {
    let salt = t.get(..SALT_LENGTH).unwrap_or_default();
    let z = Zeroizing::new([b"$2", &[minor][..], b"$07$", salt].concat());
    let value = Setting::parse(b"07", salt).map(|setting| setting.modular(minor, p));
    (z, value.unwrap_or_default())
}

fn evo(fields: &Fields<'_>) -> Read {
    let parts = fields.text().and_then(|text| {
        let (name, digest) = text.split_once('>')?;
        let form = EVO_FORMS
            .iter()
            .find(|(known, ..)| known.eq_ignore_ascii_case(name))?;
        let stored = decode_hex(digest.as_bytes()).filter(|digest| digest.len() == 20)?;
        Some((form, stored))
    });
    let Some(((name, make, work), stored)) = parts else {
        return Read::Foreign;
    };
    let is_plain = *name == "uncrypt";
    let strength = if matches!(work, Work::Digests { .. }) {
        Weak
    } else {
        Fair
    };
    let id = fields.id.to_vec();
    Read::value(strength, *work, move |attempt: &Attempt<'_>| {
        let p = attempt.password;
        let t = Hash::Md5.hex_of_all(&[p, &id]);
        let (z, crypted) = make(p, &t);
        let y = if is_plain {
            Hash::Sha1.hex_of_all(&[&z, p])
        } else {
            Zeroizing::new([Hash::Sha1.hex(p).as_slice(), &crypted].concat())
        };
        let mut digest = Hash::Md5.of_all(&[&z, &y]);
        digest.extend_from_slice(Hash::Md5.of(&z).get(..4).unwrap_or_default());
        same(&digest, &stored)
    })
}

fn zikula(fields: &Fields<'_>) -> Read {
    let parts = fields.text().and_then(|text| {
        let (kind, rest) = text.split_once('$')?;
        let (salt, digest) = rest.split_once('$')?;
        let id = match kind {
            "1" => "md5_sp",
            "5" => "sha1_sp",
            "8" => "sha256_sp",
            _ => return None,
        };
        Some((id, salt, digest))
    });
    parts.map_or(Read::Foreign, |(id, salt, digest)| {
        super::read_as(id, &fields.with(digest.as_bytes(), salt.as_bytes())).graded(Weak)
    })
}
