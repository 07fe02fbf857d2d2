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

/// §4.3
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

/// §4.3
///
/// A query of an administrator's may call a function that writes: the session does not.
#[tokio::test]
async fn the_session_only_reads() {
    for driver in [Driver::Mysql, Driver::Postgres] {
        let database = Database::new(driver, "readonly").await;
        database.execute(TABLE).await;
        let function = match driver {
            Driver::Mysql => {
                "CREATE FUNCTION spoil() RETURNS INT MODIFIES SQL DATA \
                 BEGIN INSERT INTO people VALUES (2, 'x', 'x'); RETURN 1; END"
            }
            _ => {
                "CREATE FUNCTION spoil() RETURNS int LANGUAGE sql VOLATILE AS \
                 'INSERT INTO people VALUES (2, ''x'', ''x''); SELECT 1'"
            }
        };
        database.execute(function).await;
        let text = "id = 'p'\napplication = 'T'\n[users]\nquery = 'SELECT spoil() AS id, :login AS \
             login, :login AS pw'\n[passwords]\ncolumn = 'pw'\nschemes = 'md5'\n";
        let spoiling = SqlConfig {
            preset: Preset::parse(text).unwrap(),
            ..config(driver, database.url())
        };
        let answer = open(&spoiling).find("anna").await;
        assert_eq!(answer, Lookup::Unavailable(Class::Permission), "{driver:?}");
        let store = open(&config(driver, database.url()));
        assert_eq!(
            store.list(None, 10).await.unwrap().people.len(),
            1,
            "nothing was written"
        );
        drop(store);
        database.drop_now().await;
    }
}

#[test]
fn lines_are_overridden_and_taken_away() {
    let lines: toml::Table =
        toml::from_str("[users]\nactive = ''\nrow = 'x = 1'\n[users.attributes]\nphone = 'tel'\n")
            .unwrap();
    let text = Preset::shipped_text("phpbb3").unwrap();
    let preset = Preset::parse_with(text, &lines).unwrap();
    assert_eq!(
        (preset.users.active, preset.users.row.as_deref()),
        (None, Some("x = 1"))
    );
    let names: Vec<_> = preset.users.attributes.keys().map(String::as_str).collect();
    assert_eq!(names, ["display_name", "email", "phone"]);
    let wrong: toml::Table = toml::from_str("[users]\nactiv = 'x'\n").unwrap();
    assert!(
        Preset::parse_with(text, &wrong).is_err(),
        "an unknown line is a fault"
    );
}

#[test]
fn presets_of_ones_own_are_read_from_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("p.toml", PRESET);
    write("notes.txt", "not a preset");
    let presets = Preset::read_directory(directory.path()).unwrap();
    assert_eq!(presets.len(), 1);
    write("q.toml", PRESET);
    assert!(
        Preset::read_directory(directory.path()).is_err(),
        "the file is named for the id"
    );
}
