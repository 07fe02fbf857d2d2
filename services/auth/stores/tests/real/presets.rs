//! All presets that ship.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use im_auth_schemes::Verdict;
use im_auth_stores::{Class, Driver, Lookup, Preset, Secrets, SqlConfig, SqlStore, Vector};
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

#[test]
fn every_preset_is_a_store() {
    let presets = all();
    assert!(presets.len() > 200, "only {} presets", presets.len());
    for preset in &presets {
        let url = Secret::new("nowhere.db".to_owned());
        let config = SqlConfig::new(Driver::Sqlite, url, preset.clone());
        let store = SqlStore::open(&config, Clock::system());
        assert!(store.is_ok(), "{}: {:?}", preset.id, store.err());
    }
}

/// A name without its table.
fn bare(column: &str) -> &str {
    column.rsplit('.').next().unwrap()
}

/// How a login has to be stored to be found by `Alice`.
fn stored_login(preset: &Preset) -> &'static str {
    match preset.users.matching.as_str() {
        "phpbb_clean" | "lower" => "alice",
        "slash+ci" => "/Alice",
        "suffix(@eTraxis)+ci" => "Alice@eTraxis",
        _ => "Alice",
    }
}

/// A table with the columns that are read, as text, and the row of the vector in it.
fn table_of(preset: &Preset, vector: &Vector, columns: &[String], table: &str) -> String {
    let mut row: BTreeMap<String, String> = BTreeMap::new();
    for term in preset
        .users
        .login
        .split(',')
        .filter(|term| !term.contains('@'))
    {
        for (at, part) in term.split(" + '.' + ").enumerate() {
            let name = bare(part.split('|').next().unwrap().trim()).to_owned();
            let stored = if at == 0 { stored_login(preset) } else { "Doe" };
            row.insert(name, stored.to_owned());
        }
    }
    let id = preset.users.id.as_deref().map_or("id", bare).to_owned();
    row.entry(id.clone()).or_insert_with(|| "7".to_owned());
    for (name, value) in &vector.row {
        row.insert(bare(name).to_owned(), value.clone());
    }
    let names = columns
        .iter()
        .map(|column| bare(column).to_owned())
        .chain(row.keys().cloned());
    let names: BTreeSet<String> = names.collect();
    let definition = |name: &String| {
        let key = if *name == id {
            "VARCHAR(80) PRIMARY KEY"
        } else {
            "VARCHAR(2000)"
        };
        format!("~{name}~ {key}")
    };
    let defined: Vec<_> = names.iter().map(definition).collect();
    let given: Vec<_> = row.keys().map(|name| format!("~{name}~")).collect();
    let values: Vec<_> = row
        .values()
        .map(|v| format!("'{}'", v.replace('\'', "''")))
        .collect();
    format!(
        "CREATE TABLE {table} ({}); INSERT INTO {table} ({}) VALUES ({});",
        defined.join(", "),
        given.join(", "),
        values.join(", ")
    )
}

/// The preset with its tables in one, and without conditions: the row says nothing about them.
fn flat(preset: &Preset, table: &str) -> Preset {
    let mut flat = preset.clone();
    flat.users.table = Some(table.to_owned());
    (flat.users.row, flat.users.active) = (None, None);
    flat.users.attributes.clear();
    flat
}

fn secrets(vector: &Vector) -> Secrets {
    let secret = |(name, value): (&String, &String)| {
        (name.clone(), vec![Secret::new(value.clone().into_bytes())])
    };
    vector.secrets.iter().map(secret).collect()
}

/// Signs in by a vector; the fault, if there is one.
async fn signs_in(database: &Database, preset: &Preset, vector: &Vector) -> Option<String> {
    let table = "vector";
    let config = SqlConfig {
        secrets: secrets(vector),
        ..database.config(flat(preset, table))
    };
    let store = SqlStore::open(&config, Clock::system()).unwrap();
    let columns: Vec<_> = store
        .rule()
        .columns()
        .iter()
        .map(|c| c.name.clone())
        .collect();
    let sql = table_of(preset, vector, &columns, table);
    let quote = if database.driver == Driver::Mysql {
        "`"
    } else {
        "\""
    };
    let sql = if database.driver == Driver::Mysql {
        sql.replace('\\', "\\\\")
    } else {
        sql
    };
    database
        .execute(&format!(
            "DROP TABLE IF EXISTS {table}; {}",
            sql.replace('~', quote)
        ))
        .await;
    let typed = if preset.users.matching == "dotname+ci" {
        "alice.doe"
    } else {
        "Alice"
    };
    let person = match store.find(typed).await {
        Lookup::Found(person) => person,
        other => return Some(format!("{other:?}")),
    };
    let right = Secret::new(vector.password.clone().into_bytes());
    let wrong = Secret::new(b"Another-1".to_vec());
    let verdict = store.rule().verify(&person.row, &right);
    match verdict {
        Verdict::Match { scheme, .. } if scheme.as_str() == vector.scheme => {}
        other => return Some(format!("{other:?}")),
    }
    let refused = store.rule().verify(&person.row, &wrong);
    matches!(refused, Verdict::Match { .. }).then(|| "any password is right".to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_vector_of_every_preset_signs_in() {
    let databases = [Driver::Mysql, Driver::Postgres, Driver::Sqlite];
    let (mut vectors, mut faults) = (0, Vec::new());
    let mut made = Vec::new();
    for driver in databases {
        made.push(Database::new(driver, "vectors").await);
        made.last()
            .unwrap()
            .execute("CREATE TABLE first (id INT)")
            .await;
    }
    for preset in all() {
        for vector in &preset.vectors {
            let database = &made[vectors % made.len()];
            vectors += 1;
            if let Some(fault) = signs_in(database, &preset, vector).await {
                let driver = database.driver;
                faults.push(format!(
                    "{driver:?} {} {}: {fault}",
                    preset.id, vector.scheme
                ));
            }
        }
    }
    for database in made {
        database.drop_now().await;
    }
    println!("{vectors} vectors");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(vectors > 400, "only {vectors} vectors");
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

/// §4.5
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
