//! Words that would be SQL, had they a way into it.

use im_auth_stores::{Class, Driver, Lookup, Preset, SqlConfig, SqlStore};
use im_types::Clock;

use crate::faults::{PRESET, TABLE, config, is_found, open};
use crate::servers::Database;

const HOSTILE: [&str; 8] = [
    "x'; DROP TABLE people; --",
    "x\" OR \"1\"=\"1",
    "x` OR `1`=`1",
    "people; DELETE FROM people",
    "people WHERE 1=1 --",
    "name) OR (1=1",
    "\u{1}",
    "(SELECT pw FROM people)",
];

#[tokio::test]
async fn nothing_in_a_login_or_a_configuration_becomes_sql() {
    for driver in [Driver::Mysql, Driver::Postgres, Driver::Sqlite] {
        let database = Database::new(driver, "hostile").await;
        database.execute(TABLE).await;
        let store = open(&config(driver, database.url()));
        for text in HOSTILE {
            assert_eq!(store.find(text).await, Lookup::Absent, "{driver:?} {text}");
            for line in ["table", "login", "id", "match", "row", "active"] {
                let mut preset: toml::Table = toml::from_str(PRESET).unwrap();
                let users = preset["users"].as_table_mut().unwrap();
                users.insert(line.to_owned(), text.into());
                refused_or_nobody(&database, &preset, &format!("{line} = {text}")).await;
            }
            let mut preset: toml::Table = toml::from_str(PRESET).unwrap();
            preset["passwords"]
                .as_table_mut()
                .unwrap()
                .insert("column".to_owned(), text.into());
            refused_or_nobody(&database, &preset, &format!("column = {text}")).await;
            let prefixed = SqlConfig {
                prefix: Some(text.to_owned()),
                ..config(driver, database.url())
            };
            assert!(
                SqlStore::open(&prefixed, Clock::system()).is_err(),
                "prefix {text}"
            );
        }
        assert!(
            is_found(&store.find("anna").await),
            "the table is as it was"
        );
        drop(store);
        database.drop_now().await;
    }
}

/// What is not refused when it is read finds nobody and has no rights.
async fn refused_or_nobody(database: &Database, preset: &toml::Table, what: &str) {
    let Ok(preset) = Preset::parse(&preset.to_string()) else {
        return;
    };
    let config = SqlConfig {
        preset,
        ..config(database.driver, database.url())
    };
    let Ok(store) = SqlStore::open(&config, Clock::system()) else {
        return;
    };
    let lookup = store.find("nobody").await;
    let is_harmless = matches!(
        lookup,
        Lookup::Absent | Lookup::Unavailable(Class::Schema(_))
    );
    assert!(is_harmless, "{:?} {what}: {lookup:?}", database.driver);
}
