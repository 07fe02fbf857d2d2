//! The text of a rule.

use super::{Case, Chooser, Item, RuleError, Use};
use crate::families;
use crate::wrap::Wrapper;

/// Longest text of a rule in bytes; the longest preset has some 500.
const BYTES_MAX: usize = 8192;
/// How deep `by` may stand in `by`.
const DEPTH_MAX: usize = 4;

/// Parses a list of schemes.
pub(super) fn items(text: &str) -> Result<Vec<Item>, RuleError> {
    if text.len() > BYTES_MAX {
        return Err(RuleError::TooLong);
    }
    if text.trim().is_empty() {
        return Err(RuleError::Empty);
    }
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
    };
    let items = parser.items()?;
    if parser.at < text.len() {
        return Err(parser.fault("`|` or the end"));
    }
    Ok(items)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    const fn fault(&self, expected: &'static str) -> RuleError {
        RuleError::Syntax {
            at: self.at,
            expected,
        }
    }

    /// Takes everything up to one of these characters.
    fn until(&mut self, ends: &[char]) -> &'a str {
        let rest = self.rest();
        let taken = rest
            .find(ends)
            .map_or(rest, |end| rest.get(..end).unwrap_or_default());
        self.at += taken.len();
        taken
    }

    fn eats(&mut self, token: &str) -> bool {
        let is_there = self.rest().starts_with(token);
        if is_there {
            self.at += token.len();
        }
        is_there
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn items(&mut self) -> Result<Vec<Item>, RuleError> {
        let mut items = Vec::new();
        loop {
            self.skip_blanks();
            items.push(self.item()?);
            self.skip_blanks();
            if !self.eats("|") {
                return Ok(items);
            }
        }
    }

    fn item(&mut self) -> Result<Item, RuleError> {
        if self.eats("by-config ") {
            return self.by(Chooser::Setting);
        }
        if self.eats("by ") {
            return self.by(Chooser::Column);
        }
        let id = self.until(&['|', ';', '}', '(', '@', ' ']);
        let scheme = families::find(id).ok_or_else(|| RuleError::UnknownScheme(id.to_owned()))?;
        let column = if self.eats("(") {
            let name = self.until(&[')']).trim();
            if name.is_empty() || !self.eats(")") {
                return Err(self.fault("a column and `)`"));
            }
            Some(name.to_owned())
        } else {
            None
        };
        let wrapper = if self.eats("@") {
            Some(self.wrapper()?)
        } else {
            None
        };
        Ok(Item::Use(Use {
            scheme,
            column,
            wrapper,
        }))
    }

    fn wrapper(&mut self) -> Result<Wrapper, RuleError> {
        if self.eats("'") {
            let prefix = self.until(&['\'']);
            if prefix.is_empty() || !self.eats("'") {
                return Err(self.fault("a prefix and `'`"));
            }
            return Ok(Wrapper::Prefix(prefix.to_owned()));
        }
        let name = self.until(&['|', ';', '}', ' ']);
        Wrapper::parse(name).ok_or_else(|| RuleError::UnknownWrapper(name.to_owned()))
    }

    fn by(&mut self, chooser: fn(String) -> Chooser) -> Result<Item, RuleError> {
        let name = self.until(&['{']).trim();
        if name.is_empty() || name.contains(char::is_whitespace) || !self.eats("{") {
            return Err(self.fault("one name and `{`"));
        }
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(RuleError::TooLong);
        }
        let mut cases = Vec::new();
        loop {
            cases.push(self.case()?);
            if self.eats("}") {
                break;
            }
            if !self.eats(";") {
                return Err(self.fault("`;` or `}`"));
            }
        }
        self.depth -= 1;
        Ok(Item::By {
            chooser: chooser(name.to_owned()),
            cases,
        })
    }

    fn case(&mut self) -> Result<Case, RuleError> {
        let value = self.until(&[':', ';', '}']).trim();
        if !self.eats(":") {
            return Err(self.fault("`:` after a value"));
        }
        let value = (value != "*").then(|| value.to_ascii_lowercase().into_bytes());
        let items = self.items()?;
        Ok(Case { value, items })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_say_where_they_are() {
        let fault = |text| items(text).unwrap_err();
        assert_eq!(fault(" "), RuleError::Empty);
        assert_eq!(fault("md6"), RuleError::UnknownScheme("md6".to_owned()));
        assert_eq!(fault("md5|"), RuleError::UnknownScheme(String::new()));
        assert_eq!(fault("md5@x"), RuleError::UnknownWrapper("x".to_owned()));
        let at = |text| match fault(text) {
            RuleError::Syntax { at, .. } => at,
            other => panic!("{text}: {other}"),
        };
        assert_eq!(at("md5;md5"), 3);
        assert_eq!(at("md5(x"), 5);
        assert_eq!(at("md5@'x"), 6);
        assert_eq!(at("by x"), 4);
        assert_eq!(at("by x {1}"), 7);
        assert_eq!(at("by x {1: md5"), 12);
        let deep = "by x {*: ".repeat(5) + "md5" + &"}".repeat(5);
        assert_eq!(fault(&deep), RuleError::TooLong);
        assert_eq!(fault(&"md5|".repeat(3000)), RuleError::TooLong);
    }
}
