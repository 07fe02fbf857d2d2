//! What is wrong with a configuration.

use std::fmt;

use super::Origin;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `section.key`, or what stands in its place.
    pub key: String,
    /// The value found; `None` for secrets and where there is none.
    pub value: Option<String>,
    /// Where it came from.
    pub origin: Origin,
    /// What is allowed or expected.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        if let Some(value) = &self.value {
            write!(f, " = {value}")?;
        }
        write!(f, " ({}): {}", self.origin, self.problem)
    }
}

/// Everything that is wrong, one line each.
#[derive(Debug, Clone, thiserror::Error)]
pub struct ConfigErrors {
    faults: Vec<Fault>,
}

impl ConfigErrors {
    pub(super) const fn new(faults: Vec<Fault>) -> Self {
        Self { faults }
    }

    /// The faults in the order they were found.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fault(s) in the configuration", self.faults.len())?;
        for fault in &self.faults {
            write!(f, "\n  {fault}")?;
        }
        Ok(())
    }
}

/// Collects what a section's own check finds.
#[derive(Debug, Default)]
pub struct Faults {
    pub(super) found: Vec<(&'static str, String, String)>,
}

impl Faults {
    /// `key` of this section has `value`, but `allowed` is what it may have. Never pass a secret.
    pub fn add(&mut self, key: &'static str, value: impl fmt::Display, allowed: impl Into<String>) {
        self.found.push((key, value.to_string(), allowed.into()));
    }
}
