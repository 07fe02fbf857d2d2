//! The configuration in force, for `config show`.

use std::fmt::Write as _;

use super::Origin;

/// One setting in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// Its section.
    pub section: &'static str,
    /// Its key.
    pub key: &'static str,
    /// Its value as TOML, `***` for a secret, `None` if unset.
    pub value: Option<String>,
    /// Where it came from.
    pub origin: Origin,
}

/// The settings as TOML with the origin of each as a comment.
pub fn show(effective: &[Effective]) -> String {
    let mut text = String::new();
    let mut section = "";
    for setting in effective {
        if setting.section != section {
            section = setting.section;
            let gap = if text.is_empty() { "" } else { "\n" };
            // Writing to a String cannot fail.
            let _infallible = writeln!(text, "{gap}[{section}]");
        }
        let _infallible = match &setting.value {
            Some(value) => writeln!(text, "{} = {value} # {}", setting.key, setting.origin),
            None => writeln!(text, "# {} is not set", setting.key),
        };
    }
    text
}
