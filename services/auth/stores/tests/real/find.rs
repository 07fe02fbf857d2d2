//! Looking people up, on every engine alike.

use im_auth_stores::{Class, Driver, ExternalId, Limits, Lookup, Person, Preset, SqlStore};
use im_types::{Clock, Secret};

use crate::servers::Database;

const ENGINES: [Driver; 3] = [Driver::Mysql, Driver::Postgres, Driver::Sqlite];

const PEOPLE: &str = "CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(80) NOT NULL, \
     mail VARCHAR(80), pw VARCHAR(100), state VARCHAR(10) NOT NULL DEFAULT '1', ends BIGINT, \
     deleted INT NOT NULL DEFAULT 0); \
     CREATE TABLE rooms (person INT, room VARCHAR(40)); \
     INSERT INTO people (id, name, mail, pw) VALUES \
     (1, 'Anna', 'anna@example.org', '5c90b96a75d4f9d5a1cfaa6f532afdc8'), \
     (2, 'jürgen', 'j@example.org', NULL), (3, 'x@y.z', 'three@example.org', ''), \
     (4, 'four', 'x@y.z', NULL), (5, 'twin', 'twin@example.org', NULL), \
     (6, 'TWIN', 'other@example.org', NULL), (7, 'O''Hara \" ` \\', 'o@example.org', NULL); \
     INSERT INTO people (id, name, state, ends, deleted) VALUES (8, 'off', '0', NULL, 0), \
     (9, 'ended', '1', 1000000000, 0), (10, 'lasting', '1', 4000000000, 0), \
     (11, 'gone', '1', NULL, 1); \
     INSERT INTO rooms VALUES (1, 'zebra'), (1, 'apes'), (2, 'apes')";

const PRESET: &str = r#"
id = "people"
application = "Test"
[users]
table = "people"
login = "name, @mail"
match = "ci"
row = "deleted = 0"
active = "state = 1 AND (ends IS NULL OR ends > {now})"
[users.attributes]
email = "mail"
phone = "phone?"
[passwords]
column = "pw"
schemes = "md5"
"#;

async fn people(driver: Driver, name: &str) -> Database {
    let database = Database::new(driver, name).await;
    // MariaDB alone reads a backslash in a text as an escape.
    let sql = if driver == Driver::Mysql {
        PEOPLE.replace('\\', "\\\\")
    } else {
        PEOPLE.to_owned()
    };
    database.execute(&sql).await;
    database
}

fn open(database: &Database, preset: &str) -> SqlStore {
    let preset = Preset::parse(preset).unwrap();
    SqlStore::open(&database.config(preset), Clock::system()).unwrap()
}

fn found(lookup: Lookup) -> Person {
    match lookup {
        Lookup::Found(person) => *person,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_row_is_a_person_and_two_are_none() {
    for driver in ENGINES {
        let database = people(driver, "rows").await;
        let store = open(&database, PRESET);
        for (login, id) in [
            ("anna", "1"),
            ("ANNA@example.org", "1"),
            ("JÜRGEN", "2"),
            // A name with an @ in it goes before an address.
            ("x@y.z", "3"),
            ("O'Hara \" ` \\", "7"),
        ] {
            let person = found(store.find(login).await);
            assert_eq!(person.external_id.as_str(), id, "{driver:?} {login}");
        }
        assert_eq!(store.find("twin").await, Lookup::Ambiguous, "{driver:?}");
        for login in [
            "nobody",
            "jurgen",
            "anna ",
            "gone",
            "' OR '1'='1",
            "%",
            "anna\0",
            "",
        ] {
            assert_eq!(
                store.find(login).await,
                Lookup::Absent,
                "{driver:?} {login}"
            );
        }
        let anna = found(store.find("anna").await);
        assert_eq!((anna.login.as_str(), anna.is_active), ("Anna", true));
        assert_eq!(anna.attributes["email"], "anna@example.org");
        assert!(
            !format!("{anna:?}").contains("5c90b9"),
            "Debug shows no hash"
        );
        for (login, is_active) in [("off", false), ("ended", false), ("lasting", true)] {
            assert_eq!(
                found(store.find(login).await).is_active,
                is_active,
                "{driver:?} {login}"
            );
        }
        database.drop_now().await;
    }
}

#[tokio::test]
async fn pages_hold_everybody_once() {
    for driver in ENGINES {
        let database = people(driver, "pages").await;
        let store = open(&database, PRESET);
        let mut after: Option<ExternalId> = None;
        let mut ids = Vec::new();
        loop {
            let page = store.list(after.as_ref(), 4).await.unwrap();
            assert!(page.people.len() <= 4);
            assert!(
                page.people
                    .iter()
                    .all(|person| format!("{:?}", person.row) == "{}")
            );
            ids.extend(page.people.into_iter().map(|person| person.external_id));
            let Some(next) = page.next else { break };
            after = Some(next);
        }
        let expected: Vec<_> = (1..=10).map(|id| ExternalId::new(id.to_string())).collect();
        assert_eq!(ids, expected, "{driver:?}");
        database.drop_now().await;
    }
}

#[tokio::test]
async fn groups_and_queries_of_ones_own() {
    for driver in ENGINES {
        let database = people(driver, "own").await;
        let id = if driver == Driver::Postgres {
            "CAST(:id AS int)"
        } else {
            ":id"
        };
        let preset = format!(
            "id = 'own'\napplication = 'Test'\n[users]\n\
             query = \"SELECT id, name AS login, mail, pw AS password, state AS active FROM people \
             WHERE LOWER(name) = :login_lower AND deleted = 0\"\n\
             match = 'ci'\nactive = 'active'\n\
             groups = 'SELECT room FROM rooms WHERE person = {id}'\n\
             attributes = {{ email = 'mail' }}\n\
             [passwords]\ncolumn = 'password'\nschemes = 'md5'\n"
        );
        let store = open(&database, &preset);
        let anna = found(store.find("ANNA").await);
        assert_eq!(
            (anna.external_id.as_str(), anna.is_active),
            ("1", true),
            "{driver:?}"
        );
        assert_eq!(anna.groups, ["apes", "zebra"], "{driver:?}");
        assert_eq!(anna.attributes["email"], "anna@example.org");
        let password = Secret::new(b"Secret123".to_vec());
        let verdict = store.rule().verify(&anna.row, &password);
        assert!(
            matches!(verdict, im_auth_schemes::Verdict::Match { .. }),
            "{verdict:?}"
        );
        assert!(!found(store.find("off").await).is_active);
        assert_eq!(store.find("twin").await, Lookup::Ambiguous);
        assert_eq!(store.find("gone").await, Lookup::Absent);
        assert_eq!(store.list(None, 10).await, Err(Class::NotConfigured));
        let report = store.check().await;
        assert_eq!(report.fault, None, "{driver:?}");
        database.drop_now().await;
    }
}

#[tokio::test]
async fn a_check_tells_all_that_can_be_seen() {
    for driver in ENGINES {
        let database = people(driver, "check").await;
        database
            .execute("CREATE INDEX people_name ON people (name)")
            .await;
        let exact = PRESET.replace("match = \"ci\"", "match = \"cs\"");
        let report = open(&database, &exact).check().await;
        assert_eq!(report.fault, None, "{driver:?}");
        assert_eq!(report.missing, [], "{driver:?}");
        assert_eq!(report.absent, ["phone"], "{driver:?}");
        assert_eq!(
            report.is_writable,
            Some(driver != Driver::Sqlite),
            "{driver:?}"
        );
        assert_eq!(
            report.uses_index,
            Some(true),
            "{driver:?} {:?}",
            report.explanation
        );
        assert!(report.version.is_some_and(|version| version.len() > 3));
        let sample = report.sample;
        assert_eq!(
            (sample.rows, sample.active, sample.without_password),
            (10, 8, 9)
        );
        assert_eq!((sample.schemes["md5"].0, sample.weak()), (1, 1));
        let on = if driver == Driver::Mysql {
            " ON people"
        } else {
            ""
        };
        database
            .execute(&format!("DROP INDEX people_name{on}"))
            .await;
        let report = open(&database, &exact).check().await;
        assert_eq!(
            report.uses_index,
            Some(false),
            "{driver:?} {:?}",
            report.explanation
        );
        database.drop_now().await;
    }
}

#[tokio::test]
async fn a_user_who_only_reads_is_enough_and_is_noticed() {
    for driver in [Driver::Mysql, Driver::Postgres] {
        let database = people(driver, "reader").await;
        let user = format!("im_reader_{}", std::process::id());
        let (create, drop) = match driver {
            Driver::Mysql => (
                format!(
                    "CREATE USER '{user}'@'%' IDENTIFIED BY 'reader'; \
                     GRANT SELECT ON people TO '{user}'@'%'"
                ),
                format!("DROP USER '{user}'@'%'"),
            ),
            _ => (
                format!(
                    "CREATE ROLE {user} LOGIN PASSWORD 'reader'; GRANT SELECT ON people TO {user}"
                ),
                format!("DROP OWNED BY {user}; DROP ROLE {user}"),
            ),
        };
        database.execute(&create).await;
        let mut config = database.config(Preset::parse(PRESET).unwrap());
        config.url = Secret::new(database.url_as(&format!("{user}:reader")));
        let store = SqlStore::open(&config, Clock::system()).unwrap();
        assert_eq!(found(store.find("anna").await).external_id.as_str(), "1");
        let report = store.check().await;
        assert_eq!(
            (report.fault, report.is_writable),
            (None, Some(false)),
            "{driver:?}"
        );
        // What it may not read is said as such.
        let rooms = PRESET.replace(
            "deleted = 0",
            "EXISTS (SELECT 1 FROM rooms r WHERE r.person = u.id)",
        );
        config.preset = Preset::parse(&rooms).unwrap();
        let store = SqlStore::open(&config, Clock::system()).unwrap();
        let class = match store.find("anna").await {
            Lookup::Unavailable(class) => class,
            other => panic!("{other:?}"),
        };
        // MariaDB does not even show tables to those who may not read them.
        let is_told = matches!(class, Class::Permission | Class::Schema(_));
        assert!(is_told, "{driver:?} {class:?}");
        database.execute(&drop).await;
        database.drop_now().await;
    }
}

#[tokio::test]
async fn the_limits_hold() {
    let database = people(Driver::Sqlite, "limits").await;
    let mut config = database.config(Preset::parse(PRESET).unwrap());
    config.limits = Limits {
        connections_max: 5,
        ..Limits::default()
    };
    assert!(SqlStore::open(&config, Clock::system()).is_err());
}

/// phpBB cleans names by a table of look-alikes: the clean form of a Cyrillic name is half Latin.
#[tokio::test]
async fn names_that_phpbb_cleans_by_its_table_are_found_as_shown() {
    for driver in ENGINES {
        let database = Database::new(driver, "phpbb").await;
        database
            .execute(
                "CREATE TABLE phpbb_users (user_id INT PRIMARY KEY, user_type INT, \
                 username VARCHAR(80), username_clean VARCHAR(80), user_password VARCHAR(80)); \
                 INSERT INTO phpbb_users VALUES (2, 0, 'Анна', 'a\u{43d}\u{43d}a', ''), \
                 (3, 0, 'Bob', 'bob', ''), (4, 0, 'bob', 'robert', '')",
            )
            .await;
        let store = open(&database, Preset::shipped_text("phpbb3").unwrap());
        for (login, id) in [("анна", "2"), ("АННА", "2"), ("  BOB ", "3"), ("bob", "3")] {
            let person = found(store.find(login).await);
            assert_eq!(person.external_id.as_str(), id, "{driver:?} {login}");
        }
        assert_eq!(store.find("anna").await, Lookup::Absent, "{driver:?}");
        drop(store);
        database.drop_now().await;
    }
}
