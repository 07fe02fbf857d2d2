//! Path templates of `google.api.http`: literals, `{field}`, `{message.field}` and a verb.

/// The part of a template between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Matches itself.
    Literal(String),
    /// Matches any text but the empty one; the path of the request field it fills.
    Variable(Vec<String>),
}

/// `/v1/contacts/{user_id}:accept`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    segments: Vec<Segment>,
    verb: Option<String>,
}

/// A text is not a path template that this gateway serves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{template:?} is not a path template: {fault}")]
pub struct ParseTemplateError {
    template: String,
    fault: &'static str,
}

/// A request's path, taken apart, with the escapes still in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestPath<'a> {
    segments: Vec<&'a str>,
    verb: Option<&'a str>,
}

impl<'a> RequestPath<'a> {
    /// Takes a path apart; `None` if it does not begin with a slash. The verb is what follows the
    /// last colon of the last segment: a colon within a value has to be escaped.
    pub(crate) fn parse(path: &'a str) -> Option<Self> {
        let mut segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let verb = segments.last_mut().and_then(|last| {
            let (value, verb) = last.rsplit_once(':')?;
            *last = value;
            Some(verb)
        });
        Some(Self { segments, verb })
    }

    /// The number of segments.
    pub(crate) fn len(&self) -> usize {
        self.segments.len()
    }

    /// The verb, if there is one.
    pub(crate) fn verb(&self) -> Option<&'a str> {
        self.verb
    }
}

impl Template {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Self, ParseTemplateError> {
        let fail = |fault| ParseTemplateError {
            template: text.to_owned(),
            fault,
        };
        let path = RequestPath::parse(text).ok_or_else(|| fail("it must begin with a slash"))?;
        let segments = path.segments.iter().map(|segment| {
            let Some(rest) = segment.strip_prefix('{') else {
                let is_literal = !segment.is_empty() && !segment.contains(['{', '}', '*']);
                return is_literal
                    .then(|| Segment::Literal((*segment).to_owned()))
                    .ok_or_else(|| fail("a literal must not be empty nor contain {, } or *"));
            };
            let name = rest
                .strip_suffix('}')
                .ok_or_else(|| fail("a variable must be {field}"))?;
            let is_path = name.split('.').all(|part| {
                !part.is_empty()
                    && part
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            });
            is_path
                .then(|| Segment::Variable(name.split('.').map(str::to_owned).collect()))
                .ok_or_else(|| fail("a variable must name a field"))
        });
        Ok(Self {
            segments: segments.collect::<Result<_, _>>()?,
            verb: path.verb.map(str::to_owned),
        })
    }

    /// The number of segments.
    pub(crate) fn len(&self) -> usize {
        self.segments.len()
    }

    /// The verb, if there is one.
    pub(crate) fn verb(&self) -> Option<&str> {
        self.verb.as_deref()
    }

    /// The field paths of the variables, in order.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &[String]> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Variable(path) => Some(path.as_slice()),
            Segment::Literal(_) => None,
        })
    }

    /// The literals, in order.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(text) => Some(text.as_str()),
            Segment::Variable(_) => None,
        })
    }

    /// `true` per literal: of two templates that match, the one with the earlier literal wins.
    pub(crate) fn specificity(&self) -> Vec<bool> {
        self.segments
            .iter()
            .map(|segment| matches!(segment, Segment::Literal(_)))
            .collect()
    }

    /// The values of the variables, unescaped and in order; `None` if the path does not match.
    pub(crate) fn matches(&self, path: &RequestPath<'_>) -> Option<Vec<String>> {
        if self.segments.len() != path.segments.len() || self.verb.as_deref() != path.verb {
            return None;
        }
        let mut values = Vec::new();
        for (segment, text) in self.segments.iter().zip(&path.segments) {
            let text = unescape(text)?;
            match segment {
                Segment::Literal(literal) if *literal == text => {}
                Segment::Variable(_) if !text.is_empty() => values.push(text),
                Segment::Literal(_) | Segment::Variable(_) => return None,
            }
        }
        Some(values)
    }
}

/// Resolves `%41`; `None` for malformed escapes and for bytes that are not UTF-8.
pub(crate) fn unescape(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let (high, low) = (rest.next().and_then(digit)?, rest.next().and_then(digit)?);
            bytes.push((high << 4) | low);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(template: &str, path: &str) -> Option<Vec<String>> {
        Template::parse(template)
            .unwrap()
            .matches(&RequestPath::parse(path)?)
    }

    #[test]
    fn templates_match_their_paths_and_no_others() {
        let found = |texts: &[&str]| Some(texts.iter().map(|&text| text.to_owned()).collect());
        let cases: [(&str, &str, Option<Vec<String>>); 17] = [
            ("/v1/site", "/v1/site", found(&[])),
            ("/v1/site", "/v1/site/", None),
            ("/v1/site", "/v1", None),
            ("/v1/site", "v1/site", None),
            ("/v1/auth:login", "/v1/auth:login", found(&[])),
            ("/v1/auth:login", "/v1/auth:logout", None),
            ("/v1/auth:login", "/v1/auth", None),
            ("/v1/users/{user_id}", "/v1/users/usr_1", found(&["usr_1"])),
            ("/v1/users/{user_id}", "/v1/users/", None),
            ("/v1/users/{user_id}", "/v1/users/usr_1:approve", None),
            ("/v1/users/{user_id}", "/v1/users/a%3Ab", found(&["a:b"])),
            ("/v1/users/{user_id}", "/v1/users/a%2Fb", found(&["a/b"])),
            ("/v1/users/{user_id}", "/v1/users/%zz", None),
            ("/v1/users/{user_id}", "/v1/users/%ff", None),
            (
                "/v1/c/{id}/r/{emoji}",
                "/v1/c/7/r/%F0%9F%91%8D",
                found(&["7", "👍"]),
            ),
            (
                "/v1/contacts/{user_id}:accept",
                "/v1/contacts/u:accept",
                found(&["u"]),
            ),
            (
                "/v1/admin/sites/{site.id}",
                "/v1/admin/sites/b",
                found(&["b"]),
            ),
        ];
        for (template, path, expected) in cases {
            assert_eq!(values(template, path), expected, "{template} {path}");
        }
    }

    #[test]
    fn variables_may_be_fields_of_fields() {
        let template = Template::parse("/v1/{site.id}/{user_id}").unwrap();
        let variables: Vec<_> = template.variables().map(|path| path.join(".")).collect();
        assert_eq!(variables, ["site.id", "user_id"]);
    }

    #[test]
    fn what_is_not_served_is_refused() {
        for text in [
            "",
            "v1",
            "/v1/",
            "/v1/{a",
            "/v1/{}",
            "/v1/{a..b}",
            "/v1/**",
            "/v1/{a=b/*}",
        ] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }

    fn escape(text: &str) -> String {
        let escapes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        escapes.concat()
    }

    proptest! {
        #[test]
        fn any_escaped_value_comes_back(value in "\\PC{1,20}") {
            let path = format!("/v1/things/{}:do", escape(&value));
            prop_assert_eq!(values("/v1/things/{id}:do", &path), Some(vec![value]));
        }

        #[test]
        fn no_path_makes_it_fail(path in "\\PC{0,40}") {
            let _ = values("/v1/{a}/{b}:c", &path);
        }
    }
}
