//! One Argon2id computation: its memory, its text form, its bounds.

use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::Error;

/// Costs over which a stored hash is not computed: a row must not be able to stop the server.
const STORED_MEMORY_KIB_MAX: u32 = 1_048_576;
const STORED_PASSES_MAX: u32 = 20;
const STORED_LANES_MAX: u32 = 16;
/// Length of the hashes that are made here.
pub(super) const OUTPUT_BYTES: usize = Params::DEFAULT_OUTPUT_LEN;

/// Cost of a computation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashParameters {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

/// Memory of computations that have ended, for those that come next: a storm of sign-ins does not
/// fetch and clear it anew for each of them.
#[derive(Debug)]
pub(super) struct Arenas {
    free: Mutex<Vec<Vec<Block>>>,
    /// Blocks of a computation with the parameters of now; only such memory is kept.
    blocks: usize,
}

impl Arenas {
    pub(super) const fn new(blocks: usize) -> Self {
        Self {
            free: Mutex::new(Vec::new()),
            blocks,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn with<T>(&self, blocks: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
        if blocks != self.blocks {
            return work(&mut vec![Block::new(); blocks]);
        }
        let kept = self.lock().pop();
        let mut memory = kept.unwrap_or_else(|| vec![Block::new(); blocks]);
        let result = work(&mut memory);
        self.lock().push(memory);
        result
    }

    pub(super) fn clear(&self) {
        let free = std::mem::take(&mut *self.lock());
        drop(free);
    }
}

/// A stored hash, taken apart, of a cost within the bounds.
pub(super) struct Stored {
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Stored {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let hash = PasswordHash::new(text).ok()?;
        let is_version = hash.version.is_none_or(|version| version == 19);
        if hash.algorithm != Algorithm::Argon2id.ident() || !is_version {
            return None;
        }
        // The cost is that of the hash, not of the parameters of now.
        let params = Params::try_from(&hash).ok()?;
        let is_affordable = params.m_cost() <= STORED_MEMORY_KIB_MAX
            && params.t_cost() <= STORED_PASSES_MAX
            && params.p_cost() <= STORED_LANES_MAX;
        is_affordable.then_some(Self {
            params,
            salt: hash.salt?.as_ref().to_vec(),
            output: hash.hash?.as_bytes().to_vec(),
        })
    }

    pub(super) fn parameters(&self) -> HashParameters {
        HashParameters {
            memory_kib: self.params.m_cost(),
            passes: self.params.t_cost(),
            lanes: self.params.p_cost(),
        }
    }

    pub(super) fn is_of(&self, arenas: &Arenas, password: &[u8]) -> Result<bool, Error> {
        let mut output = vec![0; self.output.len()];
        compute(arenas, &self.params, password, &self.salt, &mut output)?;
        Ok(output.ct_eq(&self.output).into())
    }
}

pub(super) fn compute(
    arenas: &Arenas,
    params: &Params,
    password: &[u8],
    salt: &[u8],
    output: &mut [u8],
) -> Result<(), Error> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    arenas
        .with(params.block_count(), |memory| {
            argon2.hash_password_into_with_memory(password, salt, output, memory)
        })
        .map_err(crypto)
}

/// The PHC text of a hash.
pub(super) fn phc(params: &Params, salt: &[u8], output: &[u8]) -> String {
    format!(
        "$argon2id$v=19$m={},t={},p={}${}${}",
        params.m_cost(),
        params.t_cost(),
        params.p_cost(),
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(output),
    )
}

pub(super) fn crypto(error: impl std::fmt::Display) -> Error {
    Error::Crypto(error.to_string())
}
