//! Settings of the bus.

use serde::{Deserialize, Serialize};

use crate::{BusError, subject};

/// Upper bound of [`BusConfig::queue_length`], in messages.
pub(crate) const QUEUE_LENGTH_MAX: usize = 65_536;

/// Settings of the bus, the `[bus]` section of the configuration file.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct BusConfig {
    /// Where the bus is. Empty: within this process. `nats://[user:password@]host:port` (or
    /// `tls://`), several separated by commas: a NATS server or cluster.
    pub url: String,
    /// First token of every subject. Installations (and tests) that share a NATS server and
    /// have different prefixes do not hear each other. 1 to 64 of `A-Z a-z 0-9 _ -`.
    pub prefix: String,
    /// Messages kept for a subscriber that is slow, and for a NATS server that is away, 1 to
    /// 65536. What does not fit is dropped and the subscriber is told.
    pub queue_length: usize,
}

impl Default for BusConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            prefix: "im".to_owned(),
            queue_length: 1024,
        }
    }
}

impl BusConfig {
    /// Looks for faults without opening anything.
    ///
    /// # Errors
    /// The first fault: [`BusError::InvalidUrl`], [`BusError::InvalidPrefix`] or
    /// [`BusError::InvalidQueueLength`].
    pub fn validate(&self) -> Result<(), BusError> {
        subject::check_token("prefix", &self.prefix).map_err(BusError::InvalidPrefix)?;
        if !(1..=QUEUE_LENGTH_MAX).contains(&self.queue_length) {
            return Err(BusError::InvalidQueueLength {
                queue_length: self.queue_length,
                queue_length_max: QUEUE_LENGTH_MAX,
            });
        }
        if !self.is_in_process() {
            self.servers()?;
        }
        Ok(())
    }

    /// Whether the bus stays within this process.
    pub fn is_in_process(&self) -> bool {
        self.url.trim().is_empty()
    }

    /// The NATS servers named by `url`.
    pub(crate) fn servers(&self) -> Result<Vec<async_nats::ServerAddr>, BusError> {
        self.url
            .split(',')
            .map(|url| parse_server(url.trim()))
            .collect()
    }
}

fn parse_server(url: &str) -> Result<async_nats::ServerAddr, BusError> {
    // The parser of the client takes a bare host too; a scheme is asked for so that a typing
    // error does not become a host name.
    if !url.starts_with("nats://") && !url.starts_with("tls://") {
        return Err(BusError::InvalidUrl {
            reason: "no nats:// or tls:// in front".to_owned(),
        });
    }
    let server: async_nats::ServerAddr =
        url.parse()
            .map_err(|error: std::io::Error| BusError::InvalidUrl {
                reason: error.to_string(),
            })?;
    if server.host().is_empty() {
        return Err(BusError::InvalidUrl {
            reason: "no host".to_owned(),
        });
    }
    Ok(server)
}

/// Hides user and password of the address.
impl std::fmt::Debug for BusConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BusConfig")
            .field(
                "url",
                &if self.url.contains('@') {
                    "(hidden)"
                } else {
                    self.url.as_str()
                },
            )
            .field("prefix", &self.prefix)
            .field("queue_length", &self.queue_length)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_in_process_and_valid() {
        let config = BusConfig::default();
        assert!(config.is_in_process());
        config.validate().unwrap();
    }

    #[test]
    fn faults_are_named() {
        let faults = [
            (
                BusConfig {
                    url: "http://h:1".into(),
                    ..BusConfig::default()
                },
                "bus.url",
            ),
            (
                BusConfig {
                    url: "nats://a:4222,b".into(),
                    ..BusConfig::default()
                },
                "bus.url",
            ),
            (
                BusConfig {
                    prefix: "a.b".into(),
                    ..BusConfig::default()
                },
                "bus.prefix",
            ),
            (
                BusConfig {
                    prefix: String::new(),
                    ..BusConfig::default()
                },
                "bus.prefix",
            ),
            (
                BusConfig {
                    queue_length: 0,
                    ..BusConfig::default()
                },
                "bus.queue_length",
            ),
            (
                BusConfig {
                    queue_length: 65_537,
                    ..BusConfig::default()
                },
                "bus.queue_length",
            ),
        ];
        for (config, name) in faults {
            let text = config.validate().unwrap_err().to_string();
            assert!(text.starts_with(name), "{text}");
        }
        BusConfig {
            queue_length: 65_536,
            ..BusConfig::default()
        }
        .validate()
        .unwrap();
        let two = BusConfig {
            url: "nats://a:4222, tls://b".into(),
            ..BusConfig::default()
        };
        assert_eq!(two.servers().unwrap().len(), 2);
    }

    #[test]
    fn a_password_in_the_address_is_not_shown() {
        let config = BusConfig {
            url: "nats://me:secret@h:4222".into(),
            ..BusConfig::default()
        };
        assert!(!format!("{config:?}").contains("secret"));
    }
}
