//! Rows as applications have written them, and who may sign in by them.

use std::collections::BTreeMap;

use im_auth_schemes::Verdict;
use im_auth_stores::{Driver, Lookup, Preset, SqlConfig, SqlStore};
use im_types::{Clock, Secret};
use serde_json::Value;

use crate::servers::{Database, literal, variable};

const OURS: [&str; 2] = [
    include_str!("../data/stores.jsonl"),
    // Rows made for the test: joined tables in one, conditions of all kinds.
    include_str!("../data/made.jsonl"),
];

/// What came of playing the cases of one store.
#[derive(Default)]
struct Played {
    cases: usize,
    faults: Vec<String>,
}

/// Our file, and whichever are named by `IM_STORE_FIXTURES` (separated by `:`).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_of_every_store_comes_out() {
    let mut texts = OURS.map(str::to_owned).to_vec();
    for path in variable("IM_STORE_FIXTURES")
        .iter()
        .flat_map(|paths| paths.split(':'))
    {
        texts.push(std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}")));
    }
    let (mut stores, mut cases, mut skipped) = (0, 0, Vec::new());
    let mut faults = Vec::new();
    for line in texts
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| !line.is_empty())
    {
        let store: Value = serde_json::from_str(line).unwrap();
        let name = text(&store, "store_id");
        let Some(driver) = driver_of(&store) else {
            skipped.push(name);
            continue;
        };
        let played = play(driver, &store).await;
        stores += 1;
        cases += played.cases;
        faults.extend(
            played
                .faults
                .into_iter()
                .map(|fault| format!("{name}: {fault}")),
        );
    }
    println!(
        "{stores} stores, {cases} cases, {} wrong; skipped: {skipped:?}",
        faults.len()
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(stores >= 27, "only {stores} stores");
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn driver_of(store: &Value) -> Option<Driver> {
    match store["db"].as_str() {
        Some("mysql") => Some(Driver::Mysql),
        Some("postgres") => Some(Driver::Postgres),
        Some("sqlite") => Some(Driver::Sqlite),
        _ => None,
    }
}

async fn play(driver: Driver, store: &Value) -> Played {
    let database = Database::new(driver, &text(store, "store_id")).await;
    load(&database, store).await;
    let mut played = Played::default();
    match open(&database, store).await {
        Ok(opened) => {
            for case in store["cases"].as_array().unwrap() {
                played.cases += 1;
                let outcome = sign_in(&opened, &text(case, "login"), &text(case, "password")).await;
                let expected = text(case, "expect");
                if outcome.0 != expected {
                    played.faults.push(format!("{case}: {outcome:?}"));
                }
            }
        }
        Err(fault) => played.faults.push(fault),
    }
    database.drop_now().await;
    played
}

async fn load(database: &Database, store: &Value) {
    let mut sql = text(store, "create_table_sql")
        .trim_end_matches([';', ' ', '\n'])
        .to_owned();
    let quote = if database.driver == Driver::Mysql {
        '`'
    } else {
        '"'
    };
    for row in store["rows"].as_array().unwrap() {
        let row = row.as_object().unwrap();
        let names: Vec<_> = row
            .keys()
            .map(|name| format!("{quote}{name}{quote}"))
            .collect();
        let values: Vec<_> = row.values().map(|v| literal(database.driver, v)).collect();
        sql += &format!(
            ";\nINSERT INTO {quote}{}{quote} ({}) VALUES ({})",
            text(store, "table"),
            names.join(", "),
            values.join(", ")
        );
    }
    database.execute(&sql).await;
}

/// The store by its preset. If the tables that the preset joins are one in the fixture, that one
/// takes their place, as a view would.
async fn open(database: &Database, store: &Value) -> Result<SqlStore, String> {
    let id = text(store, "tsv_id");
    let shipped = Preset::shipped_text(&id).ok_or(format!("no preset {id}"))?;
    let table = text(store, "table");
    let columns = database.columns(&table).await;
    let mut preset: toml::Table = toml::from_str(shipped).unwrap();
    let users = preset["users"].as_table_mut().unwrap();
    let base = users["table"].as_str().unwrap();
    let base = base
        .split_whitespace()
        .next()
        .unwrap()
        .trim_matches('"')
        .to_owned();
    let bare = base.trim_start_matches("{prefix}");
    let prefix = table
        .strip_suffix(bare)
        .filter(|_| base != bare)
        .map(str::to_owned);
    let has = |name: &str| {
        columns
            .iter()
            .any(|column| column.eq_ignore_ascii_case(name))
    };
    let id_column = users
        .get("id")
        .and_then(toml::Value::as_str)
        .map(str::to_owned);
    if id_column.is_some_and(|id| !has(id.rsplit('.').next().unwrap())) {
        users.remove("id");
    }
    let plain = store_of(database, store, &preset, prefix.clone());
    let report = plain.as_ref().map_err(Clone::clone)?.check().await;
    if report.fault.is_none() {
        return plain;
    }
    let users = preset["users"].as_table_mut().unwrap();
    users.insert("table".to_owned(), format!("\"{table}\"").into());
    // One value of many named ones has its own column there.
    let passwords = preset["passwords"].as_table_mut().unwrap();
    let column = passwords["column"].as_str().unwrap();
    if column.strip_suffix(".value").is_some() && !has("value") {
        let column = ["password_hash", "password"]
            .into_iter()
            .find(|name| has(name));
        passwords.insert(
            "column".to_owned(),
            column.ok_or("no column of passwords")?.into(),
        );
    }
    let users = preset["users"].as_table_mut().unwrap();
    for key in ["active", "row"] {
        if let Some(condition) = users.get(key).and_then(toml::Value::as_str) {
            let flat = without_selects(condition, &has);
            users.insert(key.to_owned(), flat.into());
        }
    }
    let flat = store_of(database, store, &preset, prefix)?;
    let report = flat.check().await;
    match report.fault {
        None => Ok(flat),
        Some(fault) => Err(format!("{fault}")),
    }
}

/// `(SELECT blocked FROM t WHERE …) = 0` as `blocked = 0` where the fixture has that column; tables
/// that the fixture left out are empty.
fn without_selects(condition: &str, has: &dyn Fn(&str) -> bool) -> String {
    let Some(begin) = condition.find("(SELECT ") else {
        return condition.to_owned();
    };
    let inner = &condition[begin..];
    let mut depth = 0;
    let end = inner
        .char_indices()
        .find(|(_, c)| {
            depth += i32::from(*c == '(') - i32::from(*c == ')');
            depth == 0
        })
        .unwrap()
        .0;
    let column = inner["(SELECT ".len()..].split_whitespace().next().unwrap();
    let head = &condition[..begin];
    let tail = &inner[end + 1..];
    if has(column) {
        return format!("{head}{column}{tail}");
    }
    let head = head.trim_end().strip_suffix("EXISTS").unwrap_or(head);
    format!("{head}(1 = 0){tail}")
}

fn store_of(
    database: &Database,
    store: &Value,
    preset: &toml::Table,
    prefix: Option<String>,
) -> Result<SqlStore, String> {
    let preset = Preset::parse(&preset.to_string()).map_err(|fault| fault.to_string())?;
    let config = SqlConfig {
        prefix,
        charset: store["password_charset"].as_str().map(str::to_owned),
        secrets: secrets(&store["site_secret"]),
        ..database.config(preset)
    };
    SqlStore::open(&config, Clock::system()).map_err(|fault| fault.to_string())
}

fn secrets(given: &Value) -> BTreeMap<String, Vec<Secret<Vec<u8>>>> {
    let secret = |value: &Value| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        Secret::new(text.into_bytes())
    };
    let values = |value: &Value| match value {
        Value::Array(list) => list.iter().map(secret).collect(),
        one => vec![secret(one)],
    };
    match given {
        Value::Object(object) => object.iter().map(|(k, v)| (k.clone(), values(v))).collect(),
        Value::Null => BTreeMap::new(),
        other => BTreeMap::from([("k".to_owned(), values(other))]),
    }
}

/// The outcome in the words of the fixtures, and what stood behind it.
async fn sign_in(store: &SqlStore, login: &str, password: &str) -> (&'static str, String) {
    let password = Secret::new(password.as_bytes().to_vec());
    match store.find(login).await {
        Lookup::Found(person) => {
            let verdict = store.rule().verify(&person.row, &password);
            let outcome = match verdict {
                Verdict::Match { .. } if person.is_active => "ok",
                Verdict::Match { .. } => "disabled",
                _ => "wrong_password",
            };
            (outcome, format!("{verdict:?}"))
        }
        Lookup::Absent => ("unknown_user", String::new()),
        Lookup::Ambiguous => ("ambiguous", String::new()),
        Lookup::Unavailable(class) => ("unavailable", class.to_string()),
    }
}
