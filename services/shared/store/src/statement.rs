//! From the one portable text to the text of an engine.
//!
//! A text is translated once per engine and shape and then kept for the life of the process, so
//! that both the translation here and the prepared statement in each connection are found again by
//! the same `&'static str`. The number of texts is bounded: the statements of the program times the
//! few batch sizes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{LazyLock, PoisonError, RwLock};

use crate::Engine;

/// A translated statement.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) text: &'static str,
    /// Whether SQLite may run it on a connection that only reads.
    pub(crate) is_read: bool,
}

/// What goes into the markers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    /// No marker.
    Plain,
    /// `/*list*/`: so many parameters, the first of this number.
    List { first: usize, len: usize },
    /// `/*rows*/`: so many rows of so many parameters, the first of this number.
    Rows {
        first: usize,
        width: usize,
        len: usize,
    },
}

type Key = (usize, usize, Engine, Shape);

/// A static text is its address and length: cheaper to compare than kilobytes of SQL.
static TRANSLATED: LazyLock<RwLock<HashMap<Key, &'static Statement>>> =
    LazyLock::new(RwLock::default);

pub(crate) fn translate(sql: &'static str, engine: Engine, shape: Shape) -> &'static Statement {
    let key = (sql.as_ptr().addr(), sql.len(), engine, shape);
    let known = TRANSLATED
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&key)
        .copied();
    if let Some(statement) = known {
        return statement;
    }
    let mut translated = TRANSLATED.write().unwrap_or_else(PoisonError::into_inner);
    translated.entry(key).or_insert_with(|| {
        let text = render(sql, engine, shape);
        let is_read = is_read(&text);
        Box::leak(Box::new(Statement {
            text: text.leak(),
            is_read,
        }))
    })
}

fn render(sql: &str, engine: Engine, shape: Shape) -> String {
    // Comments explain the file to people; the database need not parse them at each prepare.
    let mut text = String::with_capacity(sql.len());
    for line in sql
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
    {
        text.push_str(line);
        text.push('\n');
    }
    let text = text.trim().trim_end_matches(';').trim_end();
    let mut text = Cow::Borrowed(text);
    for (marker, lock) in [
        ("/*for update*/", "FOR UPDATE"),
        ("/*for update skip locked*/", "FOR UPDATE SKIP LOCKED"),
        ("/*for share*/", "FOR SHARE"),
    ] {
        if text.contains(marker) {
            let lock = if engine == Engine::Postgres { lock } else { "" };
            text = Cow::Owned(text.replace(marker, lock));
        }
    }
    // SQLite looks a numbered parameter up by walking over all of them, so that binding a thousand
    // costs a million steps; parameters without a number are found at once.
    let placeholders = match (engine, shape) {
        (Engine::Sqlite, Shape::List { first: 1, .. } | Shape::Rows { first: 1, .. }) => unnumbered,
        _ => placeholders,
    };
    match shape {
        Shape::Plain => text.into_owned(),
        // NULL is in no list, and both engines know that without its type.
        Shape::List { len: 0, .. } => text.replace("/*list*/", "NULL"),
        Shape::List { first, len } => text.replace("/*list*/", &placeholders(first, len)),
        Shape::Rows { first, width, len } => {
            let rows: Vec<String> = (0..len)
                .map(|row| format!("({})", placeholders(first + row * width, width)))
                .collect();
            text.replace("/*rows*/", &rows.join(","))
        }
    }
}

fn unnumbered(_first: usize, len: usize) -> String {
    vec!["?"; len].join(",")
}

fn placeholders(first: usize, len: usize) -> String {
    let mut out = String::with_capacity(len * 6);
    for number in first..first + len {
        if number > first {
            out.push(',');
        }
        // Writing to a String cannot fail.
        let _ = write!(out, "${number}");
    }
    out
}

/// Errs towards "writes": such a statement waits for the writer, which is slower but right.
fn is_read(text: &str) -> bool {
    let mut words = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    let is_query = ["SELECT", "WITH", "VALUES"]
        .iter()
        .any(|w| first.eq_ignore_ascii_case(w));
    let is_write_word = |word: &str| {
        ["INSERT", "UPDATE", "DELETE"]
            .iter()
            .any(|w| word.eq_ignore_ascii_case(w))
    };
    is_query && !words.any(is_write_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_become_placeholders() {
        let list = "SELECT a FROM t WHERE b = $1 AND c IN (/*list*/)";
        let text = |shape| translate(list, Engine::Sqlite, shape).text;
        assert_eq!(
            text(Shape::List { first: 2, len: 4 }),
            "SELECT a FROM t WHERE b = $1 AND c IN ($2,$3,$4,$5)"
        );
        assert_eq!(
            text(Shape::List { first: 2, len: 0 }),
            "SELECT a FROM t WHERE b = $1 AND c IN (NULL)"
        );
        let rows = "INSERT INTO t (a, b) VALUES /*rows*/ ON CONFLICT DO NOTHING";
        assert_eq!(
            translate(
                rows,
                Engine::Postgres,
                Shape::Rows {
                    first: 1,
                    width: 2,
                    len: 2
                }
            )
            .text,
            "INSERT INTO t (a, b) VALUES ($1,$2),($3,$4) ON CONFLICT DO NOTHING"
        );
    }

    #[test]
    fn sqlite_counts_the_parameters_of_rows_by_itself() {
        let rows = "INSERT INTO t (a, b) VALUES /*rows*/";
        let text = |first| {
            let shape = Shape::Rows {
                first,
                width: 2,
                len: 2,
            };
            translate(rows, Engine::Sqlite, shape).text
        };
        assert_eq!(text(1), "INSERT INTO t (a, b) VALUES (?,?),(?,?)");
        assert_eq!(text(2), "INSERT INTO t (a, b) VALUES ($2,$3),($4,$5)");
    }

    #[test]
    fn locks_exist_in_postgres_only() {
        let sql = "-- why\nSELECT a FROM t WHERE b = $1 /*for update*/;\n";
        let postgres = translate(sql, Engine::Postgres, Shape::Plain);
        assert_eq!(postgres.text, "SELECT a FROM t WHERE b = $1 FOR UPDATE");
        let sqlite = translate(sql, Engine::Sqlite, Shape::Plain);
        assert_eq!(sqlite.text.trim_end(), "SELECT a FROM t WHERE b = $1");
        assert!(sqlite.is_read);
    }

    #[test]
    fn the_same_text_is_translated_once() {
        let sql = "SELECT 1";
        let first = translate(sql, Engine::Sqlite, Shape::Plain);
        assert!(std::ptr::eq(
            first,
            translate(sql, Engine::Sqlite, Shape::Plain)
        ));
    }

    #[test]
    fn writes_are_told_from_reads() {
        for (sql, expected) in [
            ("SELECT updated_at_us FROM t", true),
            ("with x as (select 1) select * from x", true),
            ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", false),
            ("INSERT INTO t VALUES (1) RETURNING a", false),
            ("PRAGMA optimize", false),
        ] {
            assert_eq!(is_read(sql), expected, "{sql}");
        }
    }
}
