//! Argon2 with parameters of somebody else's choice.

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use super::text::{decode_base64_bare, number};
use crate::work::Work;

/// Shortest digest: what is shorter is guessed too easily.
pub(crate) const DIGEST_BYTES_MIN: usize = 16;
const DIGEST_BYTES_MAX: usize = 512;
const SALT_BYTES_MIN: usize = 8;

/// Everything but the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    length: usize,
}

/// Memory in KiB, passes, lanes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

impl Setting {
    fn new(
        algorithm: Algorithm,
        version: Version,
        cost: Cost,
        salt: &[u8],
        length: usize,
    ) -> Option<Self> {
        let is_sane = (DIGEST_BYTES_MIN..=DIGEST_BYTES_MAX).contains(&length)
            && (SALT_BYTES_MIN..=DIGEST_BYTES_MAX).contains(&salt.len());
        if !is_sane {
            return None;
        }
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(length)).ok()?;
        Some(Self {
            algorithm,
            version,
            params,
            salt: salt.to_vec(),
            length,
        })
    }

    /// Argon2id, version 1.3.
    pub(crate) fn id(cost: Cost, salt: &[u8], length: usize) -> Option<Self> {
        Self::new(Algorithm::Argon2id, Version::V0x13, cost, salt, length)
    }

    /// What it costs.
    pub(crate) const fn work(&self) -> Work {
        Work::Argon2 {
            memory_kib: self.params.m_cost(),
            passes: self.params.t_cost(),
            lanes: self.params.p_cost(),
        }
    }

    /// The digest; empty, which is the same as nothing, when there is no memory for it.
    pub(crate) fn digest(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(vec![0; self.length]);
        let argon2 = Argon2::new(self.algorithm, self.version, self.params.clone());
        match argon2.hash_password_into(password, &self.salt, &mut out) {
            Ok(()) => out,
            Err(_) => Zeroizing::default(),
        }
    }
}

/// `$argon2id$v=19$m=1024,t=2,p=1$salt$digest`, also `i` and `d`; without `v` it is version 1.0.
pub(crate) fn parse(text: &str) -> Option<(Setting, Vec<u8>)> {
    let mut fields = text.strip_prefix('$')?.split('$');
    let algorithm = match fields.next()? {
        "argon2id" => Algorithm::Argon2id,
        "argon2i" => Algorithm::Argon2i,
        "argon2d" => Algorithm::Argon2d,
        _ => return None,
    };
    let mut field = fields.next()?;
    let version = match field.strip_prefix("v=") {
        Some("19") => Version::V0x13,
        Some("16") | None => Version::V0x10,
        Some(_) => return None,
    };
    if field.starts_with("v=") {
        field = fields.next()?;
    }
    let (memory, rest) = field.strip_prefix("m=")?.split_once(",t=")?;
    let (passes, lanes) = rest.split_once(",p=")?;
    let cost = Cost {
        memory_kib: number(memory)?,
        passes: number(passes)?,
        lanes: number(lanes)?,
    };
    let salt = decode_base64_bare(fields.next()?.as_bytes())?;
    let digest = decode_base64_bare(fields.next()?.as_bytes())?;
    if fields.next().is_some() {
        return None;
    }
    let setting = Setting::new(algorithm, version, cost, &salt, digest.len())?;
    Some((setting, digest))
}

/// One computation for nothing.
pub(crate) fn burn(memory_kib: u32, passes: u32, lanes: u32, password: &[u8]) {
    let cost = Cost {
        memory_kib,
        passes,
        lanes,
    };
    if let Some(setting) = Setting::id(cost, &[0; 16], 32) {
        std::hint::black_box(setting.digest(password));
    }
}
