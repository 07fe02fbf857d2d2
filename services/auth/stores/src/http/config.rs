//! How the program is reached.

use im_types::Secret;
use reqwest::Url;

use crate::ConfigError;
use crate::config::{Limits, Tls};

/// Shortest key, in bytes.
const KEY_BYTES_MIN: usize = 32;

/// A store that is a program of one's own.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// `https://…`; `http://…` only with [`Tls::Off`].
    pub url: String,
    /// Encryption.
    pub tls: Tls,
    /// What both sides sign with, at least 32 bytes.
    pub key: Secret<String>,
    /// Limits of the connection.
    pub limits: Limits,
}

impl HttpConfig {
    /// An encrypted store with the usual limits.
    pub fn new(url: String, key: Secret<String>) -> Self {
        Self {
            url,
            tls: Tls::default(),
            key,
            limits: Limits::default(),
        }
    }

    pub(super) fn check(&self) -> Result<Url, ConfigError> {
        self.limits.check()?;
        if self.key.expose().len() < KEY_BYTES_MIN {
            return Err(ConfigError::Http("the key has less than 32 bytes"));
        }
        let url = Url::parse(&self.url).map_err(|_| ConfigError::Http("not a URL"))?;
        match (url.scheme(), &self.tls) {
            ("https", Tls::Verify | Tls::VerifyWith(_)) | ("http", Tls::Off) => {}
            ("http", _) => return Err(ConfigError::Http("http:// has to be asked for")),
            _ => return Err(ConfigError::Http("neither https:// nor http://")),
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(ConfigError::Http(
                "a URL without user, password and fragment",
            ));
        }
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_safe_is_refused() {
        let check = |url: &str, tls, key: &str| {
            let config = HttpConfig::new(url.to_owned(), Secret::from(key));
            HttpConfig { tls, ..config }.check().is_ok()
        };
        let key = "0123456789abcdef0123456789abcdef";
        assert!(check("https://login.example.org/im?x=1", Tls::Verify, key));
        assert!(check("http://127.0.0.1:8000/", Tls::Off, key));
        assert!(!check("http://127.0.0.1:8000/", Tls::Verify, key));
        assert!(!check("https://login.example.org/", Tls::Off, key));
        assert!(!check("https://login.example.org/", Tls::Verify, &key[1..]));
        assert!(!check("https://u:p@login.example.org/", Tls::Verify, key));
        assert!(!check("https://login.example.org/#x", Tls::Verify, key));
        assert!(!check("ftp://login.example.org/", Tls::Off, key));
        assert!(!check("login.example.org", Tls::Verify, key));
    }
}
