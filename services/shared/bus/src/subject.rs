//! What a message is about: `<prefix>.<service>.<event>[.<key>]`. The prefix belongs to the bus,
//! so it appears only on the wire.

use std::fmt;
use std::sync::Arc;

/// The longest token of a subject, in bytes.
const TOKEN_BYTES_MAX: usize = 64;

/// Why a text is not (part of) a subject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// A token is empty, too long, or has a character with a meaning of its own on the bus.
    #[error("{part} must be 1 to 64 characters of A-Z a-z 0-9 _ -")]
    Token {
        /// Which token: `prefix`, `service`, `event` or `key`.
        part: &'static str,
    },
    /// There are fewer than two or more than three tokens.
    #[error("a subject is <service>.<event> or <service>.<event>.<key>")]
    Shape,
}

/// A kind of event of one service, such as `messaging.mailbox_advanced`. Meant to be a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Topic {
    service: &'static str,
    event: &'static str,
}

impl Topic {
    /// Names a kind of event.
    ///
    /// # Panics
    /// When a name is not a token; for a constant that is an error of the compiler.
    #[must_use]
    pub const fn new(service: &'static str, event: &'static str) -> Self {
        assert!(
            is_token(service.as_bytes()),
            "service must be a subject token"
        );
        assert!(is_token(event.as_bytes()), "event must be a subject token");
        Self { service, event }
    }

    /// The subject without a key: something of which there is only one.
    pub fn subject(self) -> Subject {
        Subject {
            text: format!("{}.{}", self.service, self.event).into(),
        }
    }

    /// The subject of one thing, such as one user.
    ///
    /// # Errors
    /// [`SubjectError::Token`] when the key is not a token. Ids always are.
    pub fn keyed(self, key: impl fmt::Display) -> Result<Subject, SubjectError> {
        let key = key.to_string();
        check_token("key", &key)?;
        Ok(Subject {
            text: format!("{}.{}.{key}", self.service, self.event).into(),
        })
    }

    /// All keyed subjects of this topic (not the one without a key).
    ///
    /// Subscribe so once in a process and share the messages out there, rather than once for each
    /// user: publishing costs time per subscription.
    pub fn every_key(self) -> SubjectFilter {
        SubjectFilter(Pattern::EveryKey(self))
    }
}

/// What one message is about: service, event and perhaps a key.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// `service.event` or `service.event.key`, each a valid token.
    text: Arc<str>,
}

impl Subject {
    /// Reads `service.event` or `service.event.key`.
    ///
    /// # Errors
    /// [`SubjectError`] when the shape or a token is wrong.
    pub fn parse(text: &str) -> Result<Self, SubjectError> {
        let mut tokens = text.split('.');
        check_token("service", tokens.next().unwrap_or_default())?;
        check_token("event", tokens.next().ok_or(SubjectError::Shape)?)?;
        if let Some(key) = tokens.next() {
            check_token("key", key)?;
        }
        if tokens.next().is_some() {
            return Err(SubjectError::Shape);
        }
        Ok(Self { text: text.into() })
    }

    /// `service.event` or `service.event.key`, without the prefix of the bus.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The service that rings, such as `messaging`.
    pub fn service(&self) -> &str {
        self.text.split('.').next().unwrap_or_default()
    }

    /// What happened, such as `mailbox_advanced`.
    pub fn event(&self) -> &str {
        self.text.split('.').nth(1).unwrap_or_default()
    }

    /// Whose it is, such as a user id.
    pub fn key(&self) -> Option<&str> {
        self.text.split('.').nth(2)
    }

    /// Whether this is a subject (with or without a key) of the topic.
    pub fn is_of(&self, topic: Topic) -> bool {
        self.service() == topic.service && self.event() == topic.event
    }

    /// As it is on the wire.
    pub(crate) fn with_prefix(&self, prefix: &str) -> String {
        format!("{prefix}.{}", self.text)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({})", self.text)
    }
}

/// Which subjects a subscription hears: one ([`From<Subject>`]), all keys of a topic
/// ([`Topic::every_key`]) or all of a service ([`SubjectFilter::service`]).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SubjectFilter(Pattern);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Pattern {
    Exact(Subject),
    EveryKey(Topic),
    Service(String),
}

impl SubjectFilter {
    /// Everything one service rings.
    ///
    /// # Errors
    /// [`SubjectError::Token`] when the name is not a token.
    pub fn service(service: &str) -> Result<Self, SubjectError> {
        check_token("service", service)?;
        Ok(Self(Pattern::Service(service.to_owned())))
    }

    /// Whether a message about the subject is for this subscription.
    pub fn matches(&self, subject: &Subject) -> bool {
        match &self.0 {
            Pattern::Exact(wanted) => wanted == subject,
            Pattern::EveryKey(topic) => subject.is_of(*topic) && subject.key().is_some(),
            Pattern::Service(service) => subject.service() == service,
        }
    }

    /// As NATS wants it.
    pub(crate) fn nats_pattern(&self, prefix: &str) -> String {
        match &self.0 {
            Pattern::Exact(subject) => subject.with_prefix(prefix),
            Pattern::EveryKey(topic) => format!("{prefix}.{}.{}.*", topic.service, topic.event),
            Pattern::Service(service) => format!("{prefix}.{service}.>"),
        }
    }
}

impl From<Subject> for SubjectFilter {
    fn from(subject: Subject) -> Self {
        Self(Pattern::Exact(subject))
    }
}

impl From<Topic> for SubjectFilter {
    /// The subject of the topic without a key.
    fn from(topic: Topic) -> Self {
        topic.subject().into()
    }
}

pub(crate) fn check_token(part: &'static str, token: &str) -> Result<(), SubjectError> {
    if is_token(token.as_bytes()) {
        Ok(())
    } else {
        Err(SubjectError::Token { part })
    }
}

const fn is_token(token: &[u8]) -> bool {
    if token.is_empty() || token.len() > TOKEN_BYTES_MAX {
        return false;
    }
    let mut rest = token;
    while let [first, tail @ ..] = rest {
        if !(first.is_ascii_alphanumeric() || matches!(*first, b'_' | b'-')) {
            return false;
        }
        rest = tail;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const POSTED: Topic = Topic::new("messaging", "message_posted");

    #[test]
    fn a_subject_is_taken_apart_as_it_was_built() {
        let subject = POSTED.keyed("usr_1").unwrap();
        assert_eq!(subject.as_str(), "messaging.message_posted.usr_1");
        assert_eq!(
            (subject.service(), subject.event()),
            ("messaging", "message_posted")
        );
        assert_eq!(subject.key(), Some("usr_1"));
        assert_eq!(Subject::parse(subject.as_str()), Ok(subject.clone()));
        assert_eq!(
            subject.with_prefix("im"),
            "im.messaging.message_posted.usr_1"
        );
        assert_eq!(POSTED.subject().key(), None);
        assert!(POSTED.subject().is_of(POSTED) && subject.is_of(POSTED));
    }

    #[test]
    fn what_means_something_to_the_bus_is_refused_as_a_token() {
        for key in [
            "",
            "a.b",
            "*",
            ">",
            "a b",
            "ü",
            "a\r\nPUB x 0",
            &"x".repeat(65),
        ] {
            assert_eq!(
                POSTED.keyed(key),
                Err(SubjectError::Token { part: "key" }),
                "{key:?}"
            );
        }
        assert!(POSTED.keyed("x".repeat(64)).is_ok());
        assert_eq!(Subject::parse("one"), Err(SubjectError::Shape));
        assert_eq!(Subject::parse("a.b.c.d"), Err(SubjectError::Shape));
        assert!(SubjectFilter::service("a.*").is_err());
    }

    #[test]
    fn filters_match_what_their_nats_pattern_matches() {
        let (plain, keyed) = (POSTED.subject(), POSTED.keyed("k").unwrap());
        let other = Topic::new("messaging", "other").keyed("k").unwrap();
        let foreign = Topic::new("auth", "message_posted").keyed("k").unwrap();
        let cases = [
            (
                SubjectFilter::from(POSTED),
                "im.messaging.message_posted",
                [true, false, false],
            ),
            (
                keyed.clone().into(),
                "im.messaging.message_posted.k",
                [false, true, false],
            ),
            (
                POSTED.every_key(),
                "im.messaging.message_posted.*",
                [false, true, false],
            ),
            (
                SubjectFilter::service("messaging").unwrap(),
                "im.messaging.>",
                [true, true, true],
            ),
        ];
        for (filter, pattern, expected) in cases {
            assert_eq!(filter.nats_pattern("im"), pattern);
            let found = [&plain, &keyed, &other].map(|subject| filter.matches(subject));
            assert_eq!(found, expected, "{pattern}");
            assert!(!filter.matches(&foreign), "{pattern}");
        }
    }
}
