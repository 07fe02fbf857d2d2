//! What is known about sections and settings without any values.

use super::Reader;

/// One setting.
#[derive(Debug, Clone)]
pub struct SettingSpec {
    /// Key within its section.
    pub key: &'static str,
    /// Type, for people: `integer`, `text`, `list of text` …
    pub type_name: &'static str,
    /// Default as TOML; `None` if there is none.
    pub default: Option<String>,
    /// Allowed range, `1..=10`.
    pub range: Option<String>,
    /// The lines of its doc comment.
    pub doc: &'static [&'static str],
    /// Whether its value is never shown and may be given as `<key>_file`.
    pub is_secret: bool,
}

/// One section.
#[derive(Debug, Clone)]
pub struct SectionSpec {
    /// Name in brackets.
    pub name: &'static str,
    /// The lines of its doc comment.
    pub doc: &'static [&'static str],
    /// Its settings in order.
    pub settings: Vec<SettingSpec>,
}

impl SettingSpec {
    /// `IM_MESSAGING__BODY_BYTES_MAX`.
    pub fn environment_name(&self, section: &str) -> String {
        format!("IM_{}__{}", section.to_uppercase(), self.key.to_uppercase())
    }

    /// `messaging-body-bytes-max`, without the leading dashes.
    pub fn flag_name(&self, section: &str) -> String {
        format!("{section}-{}", self.key).replace('_', "-")
    }

    /// `body_bytes_max` or, for a secret, also `<key>_file`.
    pub(super) fn is_named(&self, key: &str) -> bool {
        self.key == key || (self.is_secret && key.strip_suffix("_file") == Some(self.key))
    }
}

/// A section; implemented by [`crate::settings!`].
pub trait Section: Sized + Default {
    /// What the section holds.
    fn spec() -> SectionSpec;
    /// Its values; `None` after a fault, which the reader keeps.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;
}

/// The sections of a program; implemented by [`crate::sections!`], for every single section and
/// for pairs.
pub trait Sections: Sized {
    /// What the sections hold.
    fn specs() -> Vec<SectionSpec>;
    /// Their values; `None` after a fault, which the reader keeps.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;
}

impl<S: Section> Sections for S {
    fn specs() -> Vec<SectionSpec> {
        vec![S::spec()]
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        S::read(reader)
    }
}

impl<A: Sections, B: Sections> Sections for (A, B) {
    fn specs() -> Vec<SectionSpec> {
        let mut specs = A::specs();
        specs.extend(B::specs());
        specs
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        // Both are read before either is given up, so that all faults are found.
        let (first, second) = (A::read(reader), B::read(reader));
        Some((first?, second?))
    }
}
