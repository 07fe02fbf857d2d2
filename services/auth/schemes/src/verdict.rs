//! The answers.

use std::fmt;

use crate::work::Work;

/// The name of a scheme, as in presets and `docs/hash-schemes.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemeId(pub(crate) &'static str);

impl SchemeId {
    /// The name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for SchemeId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0)
    }
}

/// What a stolen value is worth to a thief.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// Clear text, or few fast digests without a salt: minutes.
    Broken,
    /// A salted fast digest, or a few thousand rounds.
    Weak,
    /// sha-crypt, PBKDF2 below 100,000 rounds, bcrypt below cost 10.
    Ok,
    /// bcrypt from cost 10, Argon2, scrypt, PBKDF2 from 100,000 rounds.
    Strong,
}

impl Strength {
    /// One word in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Weak => "weak",
            Self::Ok => "ok",
            Self::Strong => "strong",
        }
    }
}

/// Why a stored value cannot be checked at all. It says something about the store, not about the
/// person at the door: report it to the administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unsupported {
    /// None of the schemes of the rule has this form.
    #[error("no scheme of the rule has the form of the stored value")]
    UnknownForm,
    /// The form is one of this scheme, but no value of the site's secret was given.
    #[error("{scheme} needs the secret of the site")]
    NeedsSecret {
        /// Whose form it is.
        scheme: SchemeId,
    },
    /// The form is known and refused.
    #[error("{scheme}: {why}")]
    Refused {
        /// Whose form it is.
        scheme: SchemeId,
        /// For people; never holds anything of the row.
        why: &'static str,
    },
}

/// What came out of checking a password against a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password.
    Match {
        /// The scheme that said so.
        scheme: SchemeId,
        /// How well that scheme keeps it.
        strength: Strength,
    },
    /// It is not.
    Mismatch,
    /// Nobody can tell. Costs no time: let callers [`burn`](crate::PasswordRule::burn) before they
    /// answer.
    Unsupported {
        /// What is missing.
        reason: Unsupported,
    },
    /// The row asks for more work than [`Caps`](crate::Caps) allow; nothing was computed.
    TooCostly {
        /// Whose form it is.
        scheme: SchemeId,
        /// What the row asks for.
        work: Work,
    },
    /// The row holds no password (NULL, empty, `!`, `*` …): nobody signs in with one.
    NoPassword,
}

/// The form of a stored value, without a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Recognised {
    /// The first scheme of the rule that has this form. Of bare hex the form is all one can see.
    Known {
        /// The scheme.
        scheme: SchemeId,
        /// How well it keeps the password.
        strength: Strength,
        /// What one check costs.
        work: Work,
        /// Whether that is more than the caps allow.
        is_too_costly: bool,
    },
    /// It cannot be checked.
    Unsupported(Unsupported),
    /// The row holds no password.
    NoPassword,
}
