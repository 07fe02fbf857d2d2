//! Servers that are away, hang, die or are not what was expected. Each fault has its own answer, in
//! time, and harms no other store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use im_auth_schemes::Verdict;
use im_auth_stores::{Class, Driver, Limits, Lookup, Missing, Preset, SqlConfig, SqlStore};
use im_types::{Clock, Secret};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::proxy::{host_of, proxy};
use crate::servers::Database;

const SERVERS: [Driver; 2] = [Driver::Mysql, Driver::Postgres];

pub(crate) const TABLE: &str = "CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(80), pw VARCHAR(100)); \
     INSERT INTO people VALUES (1, 'anna', '5c90b96a75d4f9d5a1cfaa6f532afdc8')";

pub(crate) const PRESET: &str = "id = 'p'\napplication = 'T'\n[users]\ntable = 'people'\nlogin = 'name'\n\
     match = 'cs'\n[passwords]\ncolumn = 'pw'\nschemes = 'bcrypt|md5'\n";

fn limits() -> Limits {
    Limits {
        connect_timeout: Duration::from_millis(400),
        statement_timeout: Duration::from_millis(300),
        ..Limits::default()
    }
}

fn url_to(driver: Driver, port: u16) -> String {
    let scheme = if driver == Driver::Mysql {
        "mysql"
    } else {
        "postgres"
    };
    format!("{scheme}://im@127.0.0.1:{port}/im")
}

pub(crate) fn config(driver: Driver, url: String) -> SqlConfig {
    SqlConfig {
        tls: im_auth_stores::Tls::Off,
        limits: limits(),
        ..SqlConfig::new(driver, Secret::new(url), Preset::parse(PRESET).unwrap())
    }
}

pub(crate) fn open(config: &SqlConfig) -> SqlStore {
    SqlStore::open(config, Clock::system()).unwrap()
}

pub(crate) fn class(lookup: Lookup) -> Class {
    match lookup {
        Lookup::Unavailable(class) => class,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn is_found(lookup: &Lookup) -> bool {
    matches!(lookup, Lookup::Found(_))
}

#[tokio::test]
async fn a_server_that_refuses_is_told_at_once_and_then_left_alone() {
    for driver in SERVERS {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let store = open(&config(driver, url_to(driver, port)));
        for _ in 0..limits().failures_max {
            let begin = Instant::now();
            assert_eq!(
                class(store.find("anna").await),
                Class::Refused,
                "{driver:?}"
            );
            assert!(begin.elapsed() < limits().connect_timeout, "no second try");
        }
        let left = class(store.find("anna").await);
        assert!(matches!(left, Class::BreakerOpen(_)), "{left:?}");
        assert!(matches!(
            store.list(None, 1).await,
            Err(Class::BreakerOpen(_))
        ));
        assert!(matches!(
            store.check().await.fault,
            Some(Class::BreakerOpen(_))
        ));
    }
}

/// §4.3
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_server_holds_its_own_connections_only() {
    for driver in SERVERS {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (open_now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = JoinSet::new();
        let (now, top) = (Arc::clone(&open_now), Arc::clone(&most));
        tasks.spawn(async move {
            let mut silent = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let (now, top) = (Arc::clone(&now), Arc::clone(&top));
                now.fetch_add(1, Ordering::SeqCst);
                silent.spawn(async move {
                    // Those that this one takes the place of are seen to be gone a moment later.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    top.fetch_max(now.load(Ordering::SeqCst), Ordering::SeqCst);
                    // Until the other side goes away.
                    while stream
                        .read(&mut [0; 256])
                        .await
                        .is_ok_and(|bytes| bytes > 0)
                    {}
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        let mut config = config(driver, url_to(driver, port));
        config.limits.waiting_max = 8;
        let store = Arc::new(open(&config));
        let begin = Instant::now();
        let mut lookups = JoinSet::new();
        for _ in 0..40 {
            let store = Arc::clone(&store);
            lookups.spawn(async move { class(store.find("anna").await) });
        }
        let classes = lookups.join_all().await;
        let elapsed = begin.elapsed();
        assert!(
            elapsed < limits().total() + Duration::from_millis(500),
            "{elapsed:?}"
        );
        let count = |wanted: fn(&Class) -> bool| classes.iter().filter(|c| wanted(c)).count();
        assert!(count(|c| *c == Class::TimedOut) >= 4, "{classes:?}");
        assert!(
            count(|c| *c == Class::Busy) >= 28,
            "more than 8 do not wait: {classes:?}"
        );
        assert!(
            most.load(Ordering::SeqCst) == 4,
            "{driver:?}: {most:?} connections"
        );
        // Meanwhile another store of the same program answers.
        let other = Database::new(Driver::Sqlite, "other").await;
        other.execute(TABLE).await;
        let answering = open(&self::config(Driver::Sqlite, other.url()));
        let (_, answer) = tokio::join!(store.find("anna"), async {
            let begin = Instant::now();
            (answering.find("anna").await, begin.elapsed())
        });
        assert!(
            is_found(&answer.0) && answer.1 < limits().total(),
            "{:?}",
            answer.1
        );
        tasks.abort_all();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_or_hangs_in_mid_query_is_unavailable_and_comes_back() {
    for driver in SERVERS {
        let database = Database::new(driver, "proxied").await;
        database.execute(TABLE).await;
        let host = host_of(&database.url());
        let proxy = proxy(host.clone()).await;
        let url = database
            .url()
            .replace(&host, &format!("127.0.0.1:{}", proxy.port));
        let mut config = config(driver, url);
        config.limits.open_for = Duration::from_millis(50);
        let store = open(&config);
        assert!(is_found(&store.find("anna").await), "{driver:?}");

        proxy.hangs.store(true, Ordering::SeqCst);
        let begin = Instant::now();
        assert_eq!(class(store.find("anna").await), Class::TimedOut);
        assert!(begin.elapsed() < limits().total(), "{:?}", begin.elapsed());
        proxy.hangs.store(false, Ordering::SeqCst);
        assert!(is_found(&store.find("anna").await), "a fresh connection");

        proxy.cuts.store(true, Ordering::SeqCst);
        assert_eq!(class(store.find("anna").await), Class::Lost);
        proxy.cuts.store(false, Ordering::SeqCst);
        assert!(is_found(&store.find("anna").await));

        // What the server closed while it rested is not a fault: it is asked again.
        let before = proxy.connections.load(Ordering::SeqCst);
        let kill = match driver {
            Driver::Postgres => {
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE application_name = 'intramessenger-store' AND datname = current_database()"
            }
            _ => {
                "BEGIN NOT ATOMIC FOR p IN (SELECT ID FROM information_schema.PROCESSLIST \
                 WHERE DB = DATABASE() AND ID <> CONNECTION_ID()) DO KILL p.ID; END FOR; END"
            }
        };
        database.execute(kill).await;
        assert!(is_found(&store.find("anna").await), "{driver:?}");
        assert_eq!(
            proxy.connections.load(Ordering::SeqCst),
            before + 1,
            "{driver:?}"
        );
        drop(store);
        database.drop_now().await;
    }
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended() {
    let slow = "id = 'p'\napplication = 'T'\n[users]\nmatch = 'cs'\nquery = '''\
         SELECT MAX(n) AS id, :login AS login, :login AS pw FROM (WITH RECURSIVE c(n) AS \
         (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 400000000) SELECT n FROM c) x'''\n\
         [passwords]\ncolumn = 'pw'\nschemes = 'md5'\n";
    for driver in [Driver::Mysql, Driver::Postgres, Driver::Sqlite] {
        let database = Database::new(driver, "slow").await;
        database.execute(TABLE).await;
        // MariaDB ends a recursion at a limit of its own.
        let text = if driver == Driver::Mysql {
            "id = 'p'\napplication = 'T'\n[users]\nmatch = 'cs'\nquery = '''\
             SELECT COUNT(*) AS id, :login AS login, :login AS pw FROM information_schema.COLUMNS a, \
             information_schema.COLUMNS b, information_schema.COLUMNS c'''\n\
             [passwords]\ncolumn = 'pw'\nschemes = 'md5'\n"
        } else {
            slow
        };
        let mut config = config(driver, database.url());
        config.preset = Preset::parse(text).unwrap();
        let store = open(&config);
        let begin = Instant::now();
        assert_eq!(
            class(store.find("anna").await),
            Class::TimedOut,
            "{driver:?}"
        );
        assert!(
            begin.elapsed() < limits().total(),
            "{driver:?} {:?}",
            begin.elapsed()
        );
        drop(store);
        database.drop_now().await;
    }
}

/// §4.5
#[tokio::test]
async fn a_missing_table_or_column_is_named_and_found_again() {
    for driver in [Driver::Mysql, Driver::Postgres, Driver::Sqlite] {
        let database = Database::new(driver, "drift").await;
        database.execute(TABLE).await;
        let store = open(&config(driver, database.url()));
        assert!(is_found(&store.find("anna").await));
        database
            .execute("ALTER TABLE people RENAME COLUMN pw TO secret")
            .await;
        // The first answer only says that something does not fit; the next look names it.
        assert!(
            matches!(class(store.find("anna").await), Class::Schema(_)),
            "{driver:?}"
        );
        let missing = Missing {
            table: "people".to_owned(),
            column: Some("pw".to_owned()),
        };
        assert_eq!(
            class(store.find("anna").await),
            Class::Schema(vec![missing.clone()])
        );
        let report = store.check().await;
        assert_eq!(report.missing, [missing], "{driver:?}");
        database
            .execute("ALTER TABLE people RENAME COLUMN secret TO pw")
            .await;
        assert_eq!(store.check().await.fault, None);
        assert!(is_found(&store.find("anna").await), "{driver:?}");
        database.execute("DROP TABLE people").await;
        let _ = class(store.find("anna").await);
        let missing = Missing {
            table: "people".to_owned(),
            column: None,
        };
        assert_eq!(
            class(store.find("anna").await),
            Class::Schema(vec![missing]),
            "{driver:?}"
        );
        drop(store);
        database.drop_now().await;
    }
}

#[tokio::test]
async fn a_wrong_user_or_database_is_told_apart() {
    let database = Database::new(Driver::Mysql, "denied").await;
    let mut config = config(Driver::Mysql, database.url_as("im_nobody_here:wrong"));
    assert_eq!(class(open(&config).find("anna").await), Class::Denied);
    config.url = Secret::new(format!("{}x", database.url()));
    assert_eq!(
        class(open(&config).find("anna").await),
        Class::Schema(Vec::new())
    );
    database.drop_now().await;
    let sqlite = self::config(Driver::Sqlite, "/nowhere/at/all.db".to_owned());
    assert_eq!(class(open(&sqlite).find("anna").await), Class::Refused);
}

/// §4.4
#[tokio::test]
async fn a_row_that_asks_for_too_much_work_gets_none() {
    let database = Database::new(Driver::Sqlite, "costly").await;
    let value = "$2y$31$abcdefghijklmnopqrstuue97r2v.U9HxbfeTbR1FHzY.X7JhmbBy";
    database
        .execute(&TABLE.replace("5c90b96a75d4f9d5a1cfaa6f532afdc8", value))
        .await;
    let store = open(&config(Driver::Sqlite, database.url()));
    let Lookup::Found(person) = store.find("anna").await else {
        panic!("anna is there")
    };
    let begin = Instant::now();
    let verdict = store
        .rule()
        .verify(&person.row, &Secret::new(b"Secret123".to_vec()));
    assert!(matches!(verdict, Verdict::TooCostly { .. }), "{verdict:?}");
    assert!(begin.elapsed() < Duration::from_millis(500));
    assert_eq!(store.check().await.sample.too_costly, 1);
}
