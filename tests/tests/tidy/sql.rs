//! Migrations and statements.

use std::collections::BTreeSet;

use crate::tree::{files, hold, read};

/// The names of the migrations of a service for one engine.
fn migrations(directory: &str, engine: &str) -> BTreeSet<String> {
    files(&format!("{directory}/migrations/{engine}"), ".sql")
        .iter()
        .filter_map(|file| file.rsplit('/').next().map(str::to_owned))
        .collect()
}

fn service_directories() -> BTreeSet<String> {
    files("services", "Cargo.toml")
        .iter()
        .filter_map(|file| file.strip_suffix("/Cargo.toml").map(str::to_owned))
        .collect()
}

#[test]
fn migrations_are_in_pairs() {
    let mut faults = Vec::new();
    for directory in service_directories() {
        let (sqlite, postgres) = (
            migrations(&directory, "sqlite"),
            migrations(&directory, "postgres"),
        );
        for name in sqlite.symmetric_difference(&postgres) {
            faults.push(format!("{directory}: {name} is there for one engine only"));
        }
        for (at, name) in sqlite.iter().enumerate() {
            if !name.starts_with(&format!("{:04}_", at + 1)) {
                faults.push(format!(
                    "{directory}: {name} should have the number {:04}",
                    at + 1
                ));
            }
        }
    }
    hold(
        "SQLite and PostgreSQL have the same migrations, numbered 0001, 0002, …:",
        &faults,
    );
}

#[test]
fn every_statement_is_used() {
    let mut faults = Vec::new();
    for directory in service_directories() {
        let statements = files(&format!("{directory}/sql"), ".sql");
        if statements.is_empty() {
            continue;
        }
        let source: String = files(&format!("{directory}/src"), ".rs")
            .iter()
            .map(|file| read(file))
            .collect();
        for file in statements {
            let name = file.rsplit('/').next().unwrap_or(&file);
            let stem = name.split('.').next().unwrap_or(name);
            if !source.contains(name) && !is_word_in(stem, &source) {
                faults.push(file);
            }
        }
    }
    hold("a statement nobody uses is deleted:", &faults);
}

/// Whether the name stands for itself somewhere, in either case (a macro may make a constant of it).
fn is_word_in(name: &str, text: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    [name.to_owned(), name.to_uppercase()].iter().any(|name| {
        text.match_indices(name.as_str()).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + name.len()..]);
            !is_part(before.chars().next_back()) && !is_part(after.chars().next())
        })
    })
}

#[test]
fn words_are_whole() {
    assert!(is_word_in("find_user", "statement!(find_user)"));
    assert!(is_word_in("find_user", "query(sql::FIND_USER)"));
    assert!(!is_word_in("find_user", "find_users refind_user"));
}
