//! Presets of directories, as data: `presets/ldap-*.toml`.

use serde::Deserialize;

use super::directory::Directory;
use crate::ConfigError;
use crate::preset::merge;

/// Id and text of each preset that ships, sorted by id.
const SHIPPED: [(&str, &str); 5] = [
    ("ldap-389ds", include_str!("../../presets/ldap-389ds.toml")),
    (
        "ldap-active-directory",
        include_str!("../../presets/ldap-active-directory.toml"),
    ),
    ("ldap-lldap", include_str!("../../presets/ldap-lldap.toml")),
    (
        "ldap-openldap",
        include_str!("../../presets/ldap-openldap.toml"),
    ),
    (
        "ldap-zimbra",
        include_str!("../../presets/ldap-zimbra.toml"),
    ),
];

/// Everything that can be said of a directory without knowing the installation; every line can be
/// overridden.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryPreset {
    /// Its name; that of the file.
    pub id: String,
    /// The server.
    pub application: String,
    /// Versions that look like this.
    #[serde(default)]
    pub versions: String,
    /// Where the facts are from.
    #[serde(default)]
    pub certainty: String,
    /// Some of the facts were not checked against the server.
    #[serde(default)]
    pub unverified: bool,
    /// For the administrator.
    #[serde(default)]
    pub notes: String,
    /// Who is known.
    pub directory: Directory,
}

impl DirectoryPreset {
    /// Parses the text of a file.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::parse_with(text, &toml::Table::new())
    }

    /// Parses it with lines of the administrator's in place of its own.
    pub fn parse_with(text: &str, overrides: &toml::Table) -> Result<Self, ConfigError> {
        let fault = |fault: &toml::de::Error| ConfigError::Preset(fault.message().to_owned());
        let mut table: toml::Table = toml::from_str(text).map_err(|f| fault(&f))?;
        merge(&mut table, overrides);
        table.try_into().map_err(|f: toml::de::Error| fault(&f))
    }

    /// The text of a preset that ships.
    pub fn shipped_text(id: &str) -> Option<&'static str> {
        SHIPPED
            .iter()
            .find(|(known, _)| *known == id)
            .map(|(_, text)| *text)
    }

    /// Names of all presets that ship, sorted.
    pub fn shipped() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_is_a_preset_and_ships() {
        let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("presets"));
        let mut ids: Vec<_> = files
            .unwrap()
            .filter_map(|file| {
                file.unwrap()
                    .path()
                    .file_stem()?
                    .to_str()
                    .map(str::to_owned)
            })
            .filter(|id| id.starts_with("ldap-"))
            .collect();
        ids.sort_unstable();
        assert_eq!(ids, DirectoryPreset::shipped().collect::<Vec<_>>());
        for id in ids {
            let preset = DirectoryPreset::parse(DirectoryPreset::shipped_text(&id).unwrap());
            let preset = preset.unwrap_or_else(|fault| panic!("{id}: {fault}"));
            assert_eq!(preset.id, id);
            preset
                .directory
                .check()
                .unwrap_or_else(|fault| panic!("{id}: {fault}"));
            // Only slapd was at hand.
            assert_eq!(preset.unverified, id != "ldap-openldap", "{id}");
        }
    }

    #[test]
    fn the_documentation_lists_them() {
        const DOCS: &str = include_str!("../../../../../docs/identity-stores-ldap.md");
        let rows = DOCS.lines().filter(|line| line.starts_with("| `ldap-"));
        let presets = DirectoryPreset::shipped().map(|id| {
            let text = DirectoryPreset::shipped_text(id).unwrap();
            DirectoryPreset::parse(text).unwrap()
        });
        let expected: Vec<_> = presets
            .map(|p| format!("| `{}` | {} | `{}` |", p.id, p.application, p.directory.id))
            .collect();
        let rows: Vec<_> = rows.collect();
        assert_eq!(rows.len(), expected.len());
        for (row, expected) in rows.iter().zip(&expected) {
            assert!(row.starts_with(expected), "{row}: {expected}");
        }
    }

    #[test]
    fn lines_of_ones_own_take_the_place_of_others() {
        let own = "directory.login = 'mail'\n[directory.attributes]\nemail = 'otherMailbox'";
        let text = DirectoryPreset::shipped_text("ldap-openldap").unwrap();
        let preset = DirectoryPreset::parse_with(text, &own.parse().unwrap()).unwrap();
        assert_eq!(preset.directory.login, "mail");
        assert_eq!(preset.directory.attributes["email"], "otherMailbox");
        assert_eq!(preset.directory.attributes["title"], "title");
        let unknown = DirectoryPreset::parse(&format!("{text}\n[x]\ny = 1"));
        assert!(matches!(unknown, Err(ConfigError::Preset(_))));
    }
}
