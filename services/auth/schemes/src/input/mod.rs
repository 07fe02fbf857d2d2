//! What an application's form does to a password before it is hashed.

mod changes;
mod steps;

use zeroize::Zeroizing;

use crate::charset::Charset;

pub(crate) use steps::steps;

use steps::Step;

/// Most alternatives, and most steps of one.
const CHAINS_MAX: usize = 8;

/// Longest form of a password in bytes; entities make the longest one six times as long.
const FORM_BYTES_MAX: usize = 8192;

/// Bytes on their way; wiped when dropped.
type Bytes = Zeroizing<Vec<u8>>;

/// Alternatives that are tried in order.
#[derive(Debug)]
pub(crate) struct Input {
    chains: Vec<Vec<Step>>,
    charset: Charset,
}

/// What is wrong with an input rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// No step has this name.
    #[error("`{0}` is not the name of an input step; docs/hash-schemes.md lists them")]
    UnknownStep(String),
    /// More than 8 alternatives or steps.
    #[error("an input rule has at most {CHAINS_MAX} alternatives of {CHAINS_MAX} steps")]
    TooLong,
}

impl Input {
    /// Parses `a>b|c`. A store with a charset of its own tries it after UTF-8, unless its rule says
    /// where.
    pub(crate) fn parse(text: &str, charset: Option<Charset>) -> Result<Self, InputError> {
        let text = if text.trim().is_empty() { "raw" } else { text };
        let mut chains = Vec::new();
        for chain in text.split('|') {
            let steps: Result<Vec<Step>, _> = chain
                .split('>')
                .map(|name| Step::named(name.trim()))
                .collect();
            chains.push(steps?);
        }
        if chains.len() > CHAINS_MAX || chains.iter().any(|chain| chain.len() > CHAINS_MAX) {
            return Err(InputError::TooLong);
        }
        let says_where = chains.iter().flatten().any(|step| step.is_about_charsets());
        if charset.is_some() && !says_where {
            for at in 0..chains.len() {
                let mut chain = vec![Step::Charset];
                chain.extend(chains.get(at).into_iter().flatten());
                chains.push(chain);
            }
        }
        Ok(Self {
            chains,
            charset: charset.unwrap_or(Charset::LATIN1),
        })
    }

    /// What could have been hashed for a typed password: each once, none empty, none with a NUL.
    pub(crate) fn candidates(&self, password: &[u8]) -> Vec<Bytes> {
        let mut found: Vec<Bytes> = Vec::new();
        for chain in &self.chains {
            let mut forms = vec![Zeroizing::new(password.to_vec())];
            for step in chain {
                forms = forms
                    .iter()
                    .flat_map(|form| step.apply(form, self.charset))
                    .collect();
            }
            for form in forms {
                let is_typable = (1..=FORM_BYTES_MAX).contains(&form.len()) && !form.contains(&0);
                if is_typable && !found.contains(&form) {
                    found.push(form);
                }
            }
        }
        found
    }
}
