//! How a directory is reached.

use im_types::Secret;

use super::directory::{Directory, Logins};
use super::preset::DirectoryPreset;
use crate::ConfigError;
use crate::config::{Limits, Tls};

const SERVERS_MAX: usize = 8;

/// A store that is a directory.
#[derive(Debug, Clone)]
pub struct LdapConfig {
    /// `ldaps://host[:port]`, or `ldap://host[:port]`, which begins in the clear and is encrypted
    /// (`StartTLS`) before anything is said, unless `tls` is [`Tls::Off`]. Tried in this order; 1 to 8.
    pub servers: Vec<String>,
    /// Encryption.
    pub tls: Tls,
    /// The entry (DN) below which people are.
    pub base: String,
    /// The entry below which groups are, if that is another one.
    pub groups_base: Option<String>,
    /// Who may search there, with the password; without it the search is anonymous.
    pub account: Option<(String, Secret<String>)>,
    /// What the directory looks like.
    pub preset: DirectoryPreset,
    /// Limits of the connection.
    pub limits: Limits,
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) url: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) starts_tls: bool,
}

/// A configuration that was checked.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) addresses: Vec<Address>,
    pub(super) directory: Directory,
    pub(super) logins: Logins,
}

impl LdapConfig {
    /// An encrypted store with the usual limits that is searched anonymously.
    pub fn new(servers: Vec<String>, base: String, preset: DirectoryPreset) -> Self {
        Self {
            servers,
            tls: Tls::default(),
            base,
            groups_base: None,
            account: None,
            preset,
            limits: Limits::default(),
        }
    }

    pub(super) fn check(&self) -> Result<Checked, ConfigError> {
        self.limits.check()?;
        let fault = |text: &str| ConfigError::Directory(text.to_owned());
        if !(1..=SERVERS_MAX).contains(&self.servers.len()) {
            return Err(fault("1 to 8 servers"));
        }
        if let Some((name, password)) = &self.account
            && (name.is_empty() || password.expose().is_empty())
        {
            // A server takes it for an anonymous bind and says yes.
            return Err(fault(
                "the account that searches needs a name and a password",
            ));
        }
        let directory = self.preset.directory.clone().without_empty();
        Ok(Checked {
            addresses: self
                .servers
                .iter()
                .map(|url| self.address(url))
                .collect::<Result<_, _>>()?,
            logins: directory.check()?,
            directory,
        })
    }

    fn address(&self, url: &str) -> Result<Address, ConfigError> {
        let is_plain = self.tls == Tls::Off;
        let (rest, starts_tls, usual_port) = match url.split_once("://") {
            Some(("ldaps", rest)) if !is_plain => (rest, false, 636),
            Some(("ldap", rest)) => (rest, !is_plain, 389),
            _ => return Err(ConfigError::Url),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.strip_prefix('[') {
            Some(rest) => rest.split_once(']').ok_or(ConfigError::Url)?,
            None => rest.split_at(rest.find(':').unwrap_or(rest.len())),
        };
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_host) {
            return Err(ConfigError::Url);
        }
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().map_err(|_| ConfigError::Url)?,
            None if port.is_empty() => usual_port,
            None => return Err(ConfigError::Url),
        };
        Ok(Address {
            url: url.to_owned(),
            host: host.to_owned(),
            port,
            starts_tls,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(server: &str, tls: Tls) -> LdapConfig {
        let preset = DirectoryPreset::shipped_text("ldap-openldap").unwrap();
        let preset = DirectoryPreset::parse(preset).unwrap();
        LdapConfig {
            tls,
            ..LdapConfig::new(vec![server.to_owned()], "dc=x".to_owned(), preset)
        }
    }

    #[test]
    fn plain_is_only_what_says_so() {
        let address = |server, tls| {
            config(server, tls)
                .check()
                .map(|c| c.addresses[0].starts_tls)
        };
        assert_eq!(address("ldap://a.example", Tls::Verify), Ok(true));
        assert_eq!(
            address("ldap://a.example:389/", Tls::VerifyWith("ca.pem".into())),
            Ok(true)
        );
        assert_eq!(address("ldaps://[::1]:636", Tls::Verify), Ok(false));
        assert_eq!(address("ldap://a.example", Tls::Off), Ok(false));
        for (server, tls) in [
            ("ldaps://a.example", Tls::Off),
            ("ldapi:///socket", Tls::Off),
            ("ldap://", Tls::Off),
            ("ldap://:389", Tls::Off),
            ("ldap://[::1", Tls::Off),
            ("ldap://[::1]x", Tls::Off),
            ("ldap://a.example:x", Tls::Off),
            ("ldap://a.example:70000", Tls::Off),
            ("ldap://user:pw@a.example", Tls::Off),
            ("ldap://a.example/dc=x??sub", Tls::Verify),
            ("a.example", Tls::Verify),
        ] {
            assert_eq!(address(server, tls), Err(ConfigError::Url), "{server}");
        }
    }

    #[test]
    fn an_account_without_a_password_is_refused() {
        let mut config = config("ldaps://a", Tls::Verify);
        config.account = Some(("cn=search".to_owned(), Secret::from("")));
        assert!(matches!(config.check(), Err(ConfigError::Directory(_))));
        config.account = Some(("cn=search".to_owned(), Secret::from("secret")));
        assert!(config.check().is_ok());
        assert!(!format!("{config:?}").contains("secret"));
        config.servers.clear();
        assert!(matches!(config.check(), Err(ConfigError::Directory(_))));
    }
}
