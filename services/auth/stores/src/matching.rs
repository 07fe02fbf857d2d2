//! How a typed login and a stored one are compared.
//!
//! The database finds candidates with whatever its collation thinks is equal; `MySQL`'s usual ones
//! take `ü` for `u` and ignore blanks at the end. So every candidate is compared again here, by the
//! preset's rule, and exactly one has to be left.

use unicode_normalization::UnicodeNormalization as _;

use crate::ConfigError;

/// Longest typed login that is looked up, in characters.
pub const LOGIN_CHARACTERS_MAX: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MatchRule {
    /// Without regard to case.
    Fold,
    /// Exact.
    Exact,
    /// As the column's collation says, at most without regard to case.
    Database,
    /// The typed login in lower case, then exact.
    Lower,
    /// `MediaWiki`: blanks for underscores, the first letter upper case, then exact.
    WikiTitle,
    /// phpBB: NFKC case fold, runs of blanks to one, trimmed, then exact.
    PhpbbClean,
    /// A `/` goes before the login.
    Slash,
    /// A text goes behind the login.
    Suffix(String),
    /// `lastname.firstname`, blanks as underscores.
    DotName,
}

/// How the database is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Fold,
    Exact,
    Database,
}

impl MatchRule {
    /// The rule by its text in a preset.
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let suffix = |text: &str| {
            let inner = text.strip_prefix("suffix(")?.strip_suffix(")+ci")?;
            Some(Self::Suffix(inner.to_owned()))
        };
        match text {
            "ci" => Ok(Self::Fold),
            "cs" => Ok(Self::Exact),
            "db" => Ok(Self::Database),
            "lower" => Ok(Self::Lower),
            "mw_title+cs" => Ok(Self::WikiTitle),
            "phpbb_clean" => Ok(Self::PhpbbClean),
            "slash+ci" => Ok(Self::Slash),
            "dotname+ci" => Ok(Self::DotName),
            other => suffix(other).ok_or_else(|| ConfigError::MatchRule(other.to_owned())),
        }
    }

    pub(crate) const fn comparison(&self, is_mail: bool) -> Comparison {
        match self {
            Self::Fold | Self::Slash | Self::Suffix(_) | Self::DotName => Comparison::Fold,
            Self::Database => Comparison::Database,
            // Addresses are kept as they were typed, whatever the rule for names is.
            Self::Lower | Self::PhpbbClean if is_mail => Comparison::Fold,
            Self::Exact | Self::Lower | Self::WikiTitle | Self::PhpbbClean => Comparison::Exact,
        }
    }

    /// Whether the second columns (`@`) are compared with this typed login as well.
    pub(crate) fn has_second(&self, typed: &str) -> bool {
        typed.contains('@') || *self == Self::PhpbbClean
    }

    /// What has to be stored for this typed login.
    pub(crate) fn wanted(&self, typed: &str, is_mail: bool) -> String {
        if is_mail {
            return typed.to_owned();
        }
        match self {
            Self::Fold | Self::Exact | Self::Database => typed.to_owned(),
            Self::Lower => typed.to_lowercase(),
            Self::WikiTitle => wiki_title(typed),
            Self::PhpbbClean => phpbb_clean(typed),
            Self::Slash => format!("/{typed}"),
            Self::Suffix(suffix) => format!("{typed}{suffix}"),
            Self::DotName => typed.replace(' ', "_"),
        }
    }

    /// Whether the stored login is the wanted one.
    pub(crate) fn is_same(&self, wanted: &str, stored: &str, is_mail: bool) -> bool {
        match self.comparison(is_mail) {
            Comparison::Exact => wanted == stored,
            Comparison::Fold | Comparison::Database => fold(wanted) == fold(stored),
        }
    }
}

/// Text without its case. Composed first: the same letter has one form.
pub(crate) fn fold(text: &str) -> String {
    text.nfc().flat_map(char::to_lowercase).collect()
}

/// Whether anybody can have this login at all; what else there is in it is a value like any other.
pub(crate) fn is_possible(typed: &str) -> bool {
    let characters = typed.chars().take(LOGIN_CHARACTERS_MAX + 1).count();
    (1..=LOGIN_CHARACTERS_MAX).contains(&characters) && !typed.chars().any(char::is_control)
}

fn wiki_title(typed: &str) -> String {
    let spaced = typed.replace('_', " ");
    let mut name = spaced.split(' ').filter(|part| !part.is_empty());
    let mut title = name.next().unwrap_or_default().to_owned();
    for part in name {
        title.push(' ');
        title.push_str(part);
    }
    let mut characters = title.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}

/// phpBB also maps a table of look-alikes, Cyrillic letters among them. People with such names are
/// found by the name as it is shown, which is unique as well: the preset's second column.
fn phpbb_clean(typed: &str) -> String {
    let folded: String = typed
        .nfkc()
        .flat_map(char::to_lowercase)
        .nfkc()
        .filter(|character| !character.is_control())
        .collect();
    let mut clean = String::new();
    for part in folded.split(' ').filter(|part| !part.is_empty()) {
        if !clean.is_empty() {
            clean.push(' ');
        }
        clean.push_str(part);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_found(rule: &str, typed: &str, stored: &str) -> bool {
        let rule = MatchRule::parse(rule).unwrap();
        rule.is_same(&rule.wanted(typed, false), stored, false)
    }

    #[test]
    fn rules_say_who_is_who() {
        let cases = [
            ("ci", "jürgen", "JÜRGEN", true),
            ("ci", "jurgen", "jürgen", false),
            ("ci", "bob", "bob ", false),
            ("cs", "Bob", "bob", false),
            ("lower", "BOB", "bob", true),
            ("lower", "BOB", "BOB", false),
            ("mw_title+cs", "bob_ martin", "Bob martin", true),
            ("mw_title+cs", "élan", "Élan", true),
            ("mw_title+cs", "BOB", "Bob", false),
            ("phpbb_clean", "  BJÖRN   B ", "björn b", true),
            ("slash+ci", "bob", "/Bob", true),
            ("suffix(@eTraxis)+ci", "bob", "Bob@etraxis", true),
            ("dotname+ci", "de la tour.anne", "De_La_Tour.Anne", true),
        ];
        for (rule, typed, stored, expected) in cases {
            assert_eq!(
                is_found(rule, typed, stored),
                expected,
                "{rule}: {typed} {stored}"
            );
        }
    }

    #[test]
    fn impossible_logins_are_not_looked_up() {
        assert!(is_possible("a'b; DROP TABLE users --"));
        for typed in ["", "a\0b", "a\nb", &"x".repeat(LOGIN_CHARACTERS_MAX + 1)] {
            assert!(!is_possible(typed), "{typed:?}");
        }
    }
}
