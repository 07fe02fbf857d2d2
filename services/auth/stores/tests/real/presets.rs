//! All presets that ship.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use im_auth_schemes::{Row as _, Verdict};
use im_auth_stores::{Class, Driver, Preset, SqlConfig, SqlStore, StoredRow};
use im_types::{Clock, Secret};

use crate::servers::Database;

fn all() -> Vec<Preset> {
    let parse = |id: &'static str| {
        let preset = Preset::parse(Preset::shipped_text(id).unwrap());
        let preset = preset.unwrap_or_else(|fault| panic!("{id}: {fault}"));
        assert_eq!(preset.id, id, "the file is named for the id");
        preset
    };
    Preset::shipped().map(parse).collect()
}

fn store(preset: &Preset, secrets: &BTreeMap<String, String>) -> SqlStore {
    let url = Secret::new("nowhere.db".to_owned());
    let mut config = SqlConfig::new(Driver::Sqlite, url, preset.clone());
    for (name, value) in secrets {
        let value = Secret::new(value.clone().into_bytes());
        config.secrets.insert(name.clone(), vec![value]);
    }
    SqlStore::open(&config, Clock::system()).unwrap_or_else(|f| panic!("{}: {f}", preset.id))
}

#[test]
fn every_preset_is_a_store() {
    let presets = all();
    assert!(presets.len() > 200, "only {} presets", presets.len());
    for preset in &presets {
        store(preset, &BTreeMap::new());
    }
}

#[test]
fn every_vector_of_every_preset_matches() {
    let (mut vectors, mut faults) = (0, Vec::new());
    for preset in all() {
        for vector in &preset.vectors {
            let store = store(&preset, &vector.secrets);
            let columns = vector.row.iter();
            let row: StoredRow = columns
                .map(|(k, v)| (k.clone(), v.clone().into_bytes()))
                .collect();
            let read = store.rule().columns();
            for (name, _) in vector
                .row
                .iter()
                .filter(|(name, _)| row.get(name).is_some())
            {
                assert!(
                    read.iter().any(|c| c.name == *name),
                    "{}: {name} is not read",
                    preset.id
                );
            }
            vectors += 1;
            let password = Secret::new(vector.password.clone().into_bytes());
            let verdict = store.rule().verify(&row, &password);
            let matched = match verdict {
                Verdict::Match { scheme, .. } => scheme.as_str() == vector.scheme,
                _ => false,
            };
            let wrong = Secret::new(b"Another-1".to_vec());
            let is_refused = !matches!(store.rule().verify(&row, &wrong), Verdict::Match { .. });
            if !matched || !is_refused {
                faults.push(format!("{} {}: {verdict:?}", preset.id, vector.scheme));
            }
        }
    }
    println!("{vectors} vectors");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Tables are made of what a check says is missing, until nothing is. Types change from column to
/// column: whatever the application has, the statements hold.
async fn is_at_home(driver: Driver, database: &Database, preset: &Preset) -> Result<(), String> {
    // Each has tables of its own, where the preset leaves room for a prefix.
    let prefix = format!("{}_", preset.id.replace(['-', '.'], "_"));
    let config = SqlConfig {
        prefix: Some(prefix),
        ..database.config(preset.clone())
    };
    let store = SqlStore::open(&config, Clock::system()).map_err(|fault| fault.to_string())?;
    let types: &[&str] = match driver {
        Driver::Mysql => &["INT", "VARCHAR(100)", "VARBINARY(100)", "DATETIME"],
        Driver::Postgres => &[
            "INT",
            "VARCHAR(100)",
            "BYTEA",
            "BOOLEAN",
            "TIMESTAMPTZ",
            "DATE",
        ],
        Driver::Sqlite => &["INTEGER", "TEXT", "BLOB", "DATETIME"],
    };
    let mut number = preset.id.len();
    for _ in 0..30 {
        let missing = match store.check().await.fault {
            None => return Ok(()),
            Some(Class::Schema(missing)) => missing,
            Some(other) => return Err(format!("{other:?}")),
        };
        if missing.is_empty() {
            return Err("nothing is named".to_owned());
        }
        // Hundreds of tables: nothing of them has to reach a disk.
        let mut sql = match driver {
            Driver::Mysql => String::new(),
            Driver::Postgres => "SET synchronous_commit = off;".to_owned(),
            Driver::Sqlite => "PRAGMA synchronous = OFF;".to_owned(),
        };
        for one in missing {
            let quote = if driver == Driver::Mysql { '`' } else { '"' };
            let table = format!("{quote}{}{quote}", one.table);
            let Some(column) = one.column else {
                let engine = if driver == Driver::Mysql {
                    "ENGINE=MEMORY"
                } else {
                    ""
                };
                sql += &format!("CREATE TABLE {table} (pk INT PRIMARY KEY) {engine};");
                continue;
            };
            number += 1;
            let kind = types[number % types.len()];
            sql += &format!("ALTER TABLE {table} ADD {quote}{column}{quote} {kind};");
        }
        database.execute(&sql).await;
    }
    Err("it is never complete".to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_preset_runs_on_every_engine() {
    let mut tasks = tokio::task::JoinSet::new();
    for driver in [Driver::Mysql, Driver::Postgres, Driver::Sqlite] {
        tasks.spawn(async move {
            let mut faults = Vec::new();
            let database = Database::new(driver, "presets").await;
            // A file of SQLite is not made by looking into it.
            database.execute("CREATE TABLE first (id INT)").await;
            for preset in all() {
                if let Err(fault) = is_at_home(driver, &database, &preset).await {
                    faults.push(format!("{driver:?} {}: {fault}", preset.id));
                }
            }
            database.drop_now().await;
            faults
        });
    }
    let faults: Vec<_> = tasks.join_all().await.concat();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The table of `docs/identity-stores.md`.
#[test]
fn the_documentation_lists_the_presets() {
    let mut table = "| preset | application | versions | login | checked |\n".to_owned();
    table.push_str("| --- | --- | --- | --- | --- |\n");
    for preset in all() {
        let checked = if preset.unverified { "in part" } else { "yes" };
        let login = preset.users.login.replace('|', " or ");
        let (id, name, versions) = (&preset.id, &preset.application, &preset.versions);
        writeln!(
            table,
            "| `{id}` | {name} | {versions} | {login} | {checked} |"
        )
        .unwrap();
    }
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../docs/identity-stores.md"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let (head, rest) = text
        .split_once("<!-- presets -->\n")
        .expect("the mark before the table");
    let (now, tail) = rest
        .split_once("<!-- end -->")
        .expect("the mark behind the table");
    if now != table {
        let fresh = format!("{head}<!-- presets -->\n{table}<!-- end -->{tail}");
        std::fs::write(path, fresh).unwrap();
        panic!("docs/identity-stores.md was out of date and has been written anew: commit it");
    }
}
