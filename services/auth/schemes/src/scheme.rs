//! What a scheme is.

use std::fmt;

use zeroize::Zeroizing;

use crate::fields::Fields;
use crate::formula::Formula;
use crate::verdict::Strength;
use crate::work::Work;

/// One way to store passwords.
pub(crate) struct Scheme {
    /// Its name in presets.
    pub(crate) id: &'static str,
    /// Which values it takes for its own, in words.
    pub(crate) form: &'static str,
    /// How well it keeps passwords, in words.
    pub(crate) strength: &'static str,
    /// What it needs besides the password column.
    pub(crate) needs: Needs,
    /// Whether its values can be told from any other text: such a value is never clear text.
    pub(crate) is_unmistakable: bool,
    /// What a check usually costs.
    pub(crate) typical: Work,
    pub(crate) reader: Reader,
}

pub(crate) enum Reader {
    /// A formula over digests.
    Formula(Formula),
    /// Anything else: the formula in words, and the function.
    Own(&'static str, fn(&Fields<'_>) -> Read),
}

/// What a scheme needs besides the password column. A formula says so itself; here are the needs
/// of the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    pub(crate) salt: bool,
    pub(crate) login: bool,
    pub(crate) id: bool,
    pub(crate) secret: SecretUse,
    /// Other columns by their fixed names, each with whether it may be missing.
    pub(crate) columns: &'static [(&'static str, bool)],
}

impl Needs {
    pub(crate) const NOTHING: Self = Self {
        salt: false,
        login: false,
        id: false,
        secret: SecretUse::Not,
        columns: &[],
    };
    pub(crate) const SALT: Self = Self {
        salt: true,
        ..Self::NOTHING
    };
    pub(crate) const LOGIN: Self = Self {
        login: true,
        ..Self::NOTHING
    };
    pub(crate) const SECRET: Self = Self {
        secret: SecretUse::Needed,
        ..Self::NOTHING
    };
}

/// Whether a scheme needs the secret of the site.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum SecretUse {
    #[default]
    Not,
    Needed,
    /// Values from before a secret was set are made with an empty one.
    OrEmpty,
}

/// What a scheme makes of a stored value.
pub(crate) enum Read {
    /// Not a value of this scheme.
    Foreign,
    /// A marker: nobody has this password.
    NoPassword,
    /// A value of this scheme that cannot be checked.
    Refused(&'static str),
    /// A value that can.
    Value(Value),
}

/// A stored value, parsed.
pub(crate) struct Value {
    pub(crate) strength: Strength,
    /// What one check costs.
    pub(crate) work: Work,
    /// How many times.
    pub(crate) times: u32,
    pub(crate) check: Check,
}

/// Compares in constant time. Must not be called before the cost was compared with the caps.
pub(crate) type Check = Box<dyn Fn(&Attempt<'_>) -> bool>;

/// One try at a value.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'a> {
    /// The password after the input rule; never empty, no NUL.
    pub(crate) password: &'a [u8],
    /// A value of the site's secret; empty for schemes that need none.
    pub(crate) secret: &'a [u8],
}

impl fmt::Debug for Scheme {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.id)
    }
}

/// Writing down an entry of the registry.
impl Scheme {
    /// A scheme that needs nothing but the password column and is broken, unless said otherwise.
    pub(crate) const fn own(
        id: &'static str,
        form: &'static str,
        formula: &'static str,
        read: fn(&Fields<'_>) -> Read,
    ) -> Self {
        Self {
            id,
            form,
            strength: "broken",
            needs: Needs::NOTHING,
            is_unmistakable: false,
            typical: Work::Digests { rounds: 1 },
            reader: Reader::Own(formula, read),
        }
    }

    pub(crate) const fn keeps(mut self, strength: &'static str) -> Self {
        self.strength = strength;
        self
    }

    pub(crate) const fn with(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }

    pub(crate) const fn costs(mut self, typical: Work) -> Self {
        self.typical = typical;
        self
    }

    pub(crate) const fn unmistakable(mut self) -> Self {
        self.is_unmistakable = true;
        self
    }
}

impl Scheme {
    pub(crate) fn needs(&self) -> Needs {
        match &self.reader {
            Reader::Formula(formula) => formula.needs(),
            Reader::Own(..) => self.needs,
        }
    }

    pub(crate) fn formula(&self) -> String {
        match &self.reader {
            Reader::Formula(formula) => formula.to_string(),
            Reader::Own(text, _) => (*text).to_owned(),
        }
    }

    pub(crate) fn read(&'static self, fields: &Fields<'_>) -> Read {
        match &self.reader {
            Reader::Formula(formula) => formula.read(fields),
            Reader::Own(_, read) => read(fields),
        }
    }
}

impl Value {
    pub(crate) fn new(
        strength: Strength,
        work: Work,
        check: impl Fn(&Attempt<'_>) -> bool + 'static,
    ) -> Self {
        Self {
            strength,
            work,
            times: 1,
            check: Box::new(check),
        }
    }
}

impl Read {
    pub(crate) fn value(
        strength: Strength,
        work: Work,
        check: impl Fn(&Attempt<'_>) -> bool + 'static,
    ) -> Self {
        Self::Value(Value::new(strength, work, check))
    }

    /// The same value over something else than the password: `to` makes it of password and secret.
    pub(crate) fn over(self, to: impl Fn(&Attempt<'_>) -> Zeroizing<Vec<u8>> + 'static) -> Self {
        match self {
            Self::Value(Value {
                strength,
                work,
                times,
                check,
            }) => Self::Value(Value {
                strength,
                work,
                times,
                check: Box::new(move |attempt| {
                    let made = to(attempt);
                    check(&Attempt {
                        password: &made,
                        ..*attempt
                    })
                }),
            }),
            other => other,
        }
    }

    /// The same value, known to be kept so well.
    pub(crate) fn graded(self, strength: Strength) -> Self {
        match self {
            Self::Value(value) => Self::Value(Value { strength, ..value }),
            other => other,
        }
    }
}
