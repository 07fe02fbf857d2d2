//! A query that an administrator has written.

use crate::ConfigError;

use super::statement::{Slot, Statement};

const CHARACTERS_MAX: usize = 8_192;

/// Words that no reading query needs, outside of texts and names.
const FORBIDDEN: [&str; 12] = [
    "insert",
    "update",
    "delete",
    "into",
    "merge",
    "call",
    "do",
    "lock",
    "set",
    "load_file",
    "pg_read_file",
    "sleep",
];

/// One SELECT with the placeholders `:login` and `:login_lower`, or `:id` for groups. `{prefix}` is
/// replaced. Everything else is a text, so that nothing typed can become part of it.
pub(crate) fn own_query(
    text: &str,
    prefix: &str,
    placeholders: &[&'static str],
) -> Result<Statement, ConfigError> {
    let fault = |why: &str| ConfigError::Query(why.to_owned());
    let text = text.trim().replace("{prefix}", prefix);
    if text.chars().count() > CHARACTERS_MAX {
        return Err(fault("it is longer than 8192 characters"));
    }
    if text
        .chars()
        .any(|c| c.is_control() && !c.is_ascii_whitespace())
    {
        return Err(fault("it holds control characters"));
    }
    let mut scanner = Scanner {
        rest: &text,
        sql: String::new(),
        slots: Vec::new(),
        words: 0,
    };
    while !scanner.rest.is_empty() {
        scanner.step(placeholders).map_err(fault)?;
    }
    Ok(Statement {
        sql: scanner.sql,
        slots: scanner.slots,
    })
}

struct Scanner<'a> {
    rest: &'a str,
    sql: String,
    slots: Vec<Slot>,
    words: usize,
}

impl<'a> Scanner<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (head, tail) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = tail;
        head
    }

    fn copy(&mut self, bytes: usize) {
        let head = self.take(bytes);
        self.sql.push_str(head);
    }

    fn step(&mut self, placeholders: &[&'static str]) -> Result<(), &'static str> {
        let mut characters = self.rest.chars();
        let (Some(first), second) = (characters.next(), characters.next()) else {
            return Ok(());
        };
        match (first, second) {
            ('\'' | '"' | '`', _) => self.quoted(first),
            ('-', Some('-')) | ('/', Some('*')) | ('#', _) => Err("it holds a comment"),
            (';' | '?' | '$' | '\\' | '@', _) => Err("it holds one of ; ? $ @ \\"),
            (':', Some(':')) => {
                self.copy(2);
                Ok(())
            }
            (':', _) => self.placeholder(placeholders),
            (c, _) if c.is_ascii_alphabetic() || c == '_' => self.word(),
            (c, _) => {
                self.copy(c.len_utf8());
                Ok(())
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<(), &'static str> {
        let inner = self.rest.get(1..).unwrap_or_default();
        let end = inner.find(quote).ok_or("a quote is not closed")?;
        if inner.get(..end).is_some_and(|text| text.contains('\\')) {
            return Err("it holds a backslash in quotes");
        }
        self.copy(end + 2);
        Ok(())
    }

    fn placeholder(&mut self, allowed: &[&'static str]) -> Result<(), &'static str> {
        let name = self.rest.get(1..).unwrap_or_default();
        let end = name
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(name.len());
        let name = name.get(..end).unwrap_or_default();
        if !allowed.contains(&name) {
            return Err("it holds a placeholder that is not known there");
        }
        self.slots.push(match name {
            "login_lower" => Slot::WantedLower { is_mail: false },
            "id" => Slot::Id,
            _ => Slot::Wanted { is_mail: false },
        });
        // The placeholder of the engine is written when the statement is finished.
        self.sql.push('\u{1}');
        self.take(end + 1);
        Ok(())
    }

    fn word(&mut self) -> Result<(), &'static str> {
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let word = self.rest.get(..end).unwrap_or_default();
        let is = |known: &str| known.eq_ignore_ascii_case(word);
        if self.words == 0 && !is("select") && !is("with") {
            return Err("it is not a SELECT");
        }
        if FORBIDDEN.iter().any(|known| is(known)) {
            return Err("it holds a word that only changing queries need");
        }
        self.words += 1;
        self.copy(end);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Statement, ConfigError> {
        own_query(text, "p_", &["login", "login_lower"])
    }

    #[test]
    fn placeholders_are_bound() {
        let query =
            parse("SELECT id, name AS login FROM {prefix}u WHERE name = :login AND x = ':id'")
                .unwrap();
        assert_eq!(
            query.sql,
            "SELECT id, name AS login FROM p_u WHERE name = \u{1} AND x = ':id'"
        );
        assert_eq!(query.slots, [Slot::Wanted { is_mail: false }]);
    }

    #[test]
    fn anything_but_one_reading_query_is_refused() {
        for text in [
            "DELETE FROM users",
            "SELECT 1; DROP TABLE users",
            "SELECT 1 -- x",
            "SELECT /* x */ 1",
            "SELECT * INTO OUTFILE 'x' FROM users",
            "SELECT * FROM users FOR UPDATE",
            "WITH d AS (DELETE FROM users RETURNING *) SELECT * FROM d",
            "SELECT 'a\\' , :login",
            "SELECT :password",
            "SELECT 'open",
            "SELECT $1",
            "",
        ] {
            assert!(parse(text).is_err() || text.is_empty(), "{text}");
        }
    }
}
