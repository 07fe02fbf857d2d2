use im_types::{Clock, GroupId, Ids, Timestamp, UserId};
use uuid::Uuid;

use super::{INSERT_THING, things};
use crate::{Database, FromRow, Row, StoreError, query, testing};

#[derive(Debug, PartialEq)]
struct Item {
    thing_id: UserId,
    number: Option<i64>,
    label: Option<String>,
    is_good: Option<bool>,
    body: Option<Vec<u8>>,
    parent_id: Option<UserId>,
}

impl FromRow for Item {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            thing_id: row.get_id("thing_id")?,
            number: row.get_opt_i64("number")?,
            label: row.get_opt_text("label")?,
            is_good: row.get_opt_bool("is_good")?,
            body: row.get_opt_bytes("body")?,
            parent_id: row.get_opt_id("parent_id")?,
        })
    }
}

fn new_id() -> UserId {
    Ids::system(Clock::system()).new_id()
}

async fn insert(db: &Database, thing: &Item) -> Result<u64, StoreError> {
    query(INSERT_THING)
        .bind(thing.thing_id)
        .bind(thing.number)
        .bind(thing.label.clone())
        .bind(thing.is_good)
        .bind(thing.body.clone())
        .bind(thing.parent_id)
        .execute(db)
        .await
}

fn numbered(number: i64) -> Item {
    Item {
        thing_id: new_id(),
        number: Some(number),
        label: None,
        is_good: None,
        body: None,
        parent_id: None,
    }
}

#[tokio::test]
async fn all_types_and_their_nulls_round_trip() {
    for db in things().await {
        let full = Item {
            thing_id: new_id(),
            number: Some(i64::MIN),
            label: Some("ünï\u{1f600}".to_owned()),
            is_good: Some(true),
            body: Some(vec![0, 255, 0]),
            parent_id: None,
        };
        let mut empty = numbered(0);
        (empty.number, empty.parent_id) = (None, Some(full.thing_id));
        for thing in [&full, &empty] {
            assert_eq!(insert(&db, thing).await.unwrap(), 1);
            let found = query("SELECT * FROM things WHERE thing_id = $1").bind(thing.thing_id);
            assert_eq!(
                found.fetch_optional::<Item>(&db).await.unwrap().as_ref(),
                Some(thing)
            );
        }
        let good = query("SELECT number FROM things WHERE is_good");
        assert_eq!(good.fetch_all::<i64>(&db).await.unwrap(), [i64::MIN]);
        let falsehood = query("UPDATE things SET is_good = $1 RETURNING is_good").bind(false);
        assert_eq!(
            falsehood.fetch_all::<bool>(&db).await.unwrap(),
            [false, false]
        );
    }
}

#[tokio::test]
async fn scalars_are_read_from_the_first_column() {
    for db in things().await {
        insert(&db, &numbered(5)).await.unwrap();
        let fetch = |sql| query(sql).fetch_one::<i64>(&db);
        assert_eq!(fetch("SELECT count(*) FROM things").await.unwrap(), 1);
        assert_eq!(
            fetch("SELECT CAST(sum(number) AS BIGINT) FROM things")
                .await
                .unwrap(),
            5
        );
        assert_eq!(fetch("SELECT 7").await.unwrap(), 7);
        let none = query("SELECT label FROM things")
            .fetch_one::<Option<String>>(&db)
            .await;
        assert_eq!(none.unwrap(), None);
        let id = query("SELECT thing_id FROM things")
            .fetch_one::<Uuid>(&db)
            .await
            .unwrap();
        assert_eq!(id.get_version_num(), 7);
        let missing = query("SELECT number FROM things WHERE number = $1").bind(6);
        assert!(matches!(
            missing.fetch_one::<i64>(&db).await,
            Err(StoreError::NoRow)
        ));
    }
}

#[tokio::test]
async fn reading_wrongly_names_the_column() {
    struct Wrong;
    impl FromRow for Wrong {
        fn from_row(row: &Row) -> Result<Self, StoreError> {
            row.get_text("label").map(|_| Self)
        }
    }
    for db in things().await {
        insert(&db, &numbered(5)).await.unwrap();
        for sql in [
            "SELECT label FROM things",
            "SELECT number FROM things",
            "SELECT number AS label FROM things",
        ] {
            match query(sql).fetch_one::<Wrong>(&db).await {
                Err(StoreError::Decode { column, .. }) => assert_eq!(column, "label", "{sql}"),
                _ => panic!("{:?}: {sql} can be read", db.engine()),
            }
        }
    }
}

#[tokio::test]
async fn times_and_other_ids_are_arguments_too() {
    struct Entry(GroupId, Timestamp, u32);
    impl FromRow for Entry {
        fn from_row(row: &Row) -> Result<Self, StoreError> {
            let at = row.get_timestamp("seq")?;
            Ok(Self(row.get_id("owner_id")?, at, row.get_int("seq")?))
        }
    }
    for db in things().await {
        let at = Timestamp::from_micros(1_234_567);
        let group: GroupId = Ids::system(Clock::system()).new_id();
        query("INSERT INTO entries (owner_id, seq, body) VALUES ($1, $2, $3)")
            .bind(group)
            .bind(at)
            .bind("x")
            .execute(&db)
            .await
            .unwrap();
        let found: Entry = query("SELECT owner_id, seq FROM entries")
            .fetch_one(&db)
            .await
            .unwrap();
        assert_eq!((found.0, found.1, found.2), (group, at, 1_234_567));
    }
}

#[tokio::test]
async fn errors_have_the_same_name_on_both_engines() {
    for db in things().await {
        let first = numbered(1);
        insert(&db, &first).await.unwrap();
        let same_number = insert(&db, &numbered(1)).await.unwrap_err();
        assert!(same_number.is_unique_violation(), "{same_number:?}");
        let same_key = insert(
            &db,
            &Item {
                number: Some(2),
                ..first
            },
        )
        .await
        .unwrap_err();
        assert!(same_key.is_unique_violation(), "{same_key:?}");
        let orphan = Item {
            parent_id: Some(new_id()),
            ..numbered(3)
        };
        assert!(matches!(
            insert(&db, &orphan).await,
            Err(StoreError::ForeignKey(_))
        ));
        let negative = query("INSERT INTO counters (name, value) VALUES ('a', $1)").bind(-1);
        assert!(matches!(
            negative.execute(&db).await,
            Err(StoreError::Check(_))
        ));
        let null = query("INSERT INTO counters (name, value) VALUES ('a', NULL)");
        assert!(matches!(null.execute(&db).await, Err(StoreError::Check(_))));
        let typing_error = query("SELEKT 1").execute(&db).await.unwrap_err();
        assert!(
            matches!(typing_error, StoreError::Other(_)),
            "{typing_error:?}"
        );
        assert!(!typing_error.is_retryable() && !typing_error.is_unavailable());
    }
}

#[tokio::test]
async fn on_conflict_and_returning_work_alike() {
    const NEXT: &str = "INSERT INTO counters (name, value) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value RETURNING value";
    for db in things().await {
        let next = || query(NEXT).bind("a").bind(2).fetch_one::<i64>(&db);
        assert_eq!(next().await.unwrap(), 2);
        assert_eq!(next().await.unwrap(), 4);
        let nothing = "INSERT INTO counters (name, value) VALUES ($1, 0)
            ON CONFLICT DO NOTHING RETURNING value";
        let kept = query(nothing)
            .bind("a")
            .fetch_optional::<i64>(&db)
            .await
            .unwrap();
        assert_eq!(kept, None);
        let value = query("SELECT value FROM counters")
            .fetch_one::<i64>(&db)
            .await
            .unwrap();
        assert_eq!(
            value, 4,
            "the statement was committed although only one row was fetched"
        );
    }
}

#[tokio::test]
async fn lists_of_any_length_select_their_rows() {
    const FIND: &str = "SELECT number FROM things
        WHERE number > $1 AND thing_id IN (/*list*/) ORDER BY number";
    for db in things().await {
        let all: Vec<Item> = (0..20).map(numbered).collect();
        for thing in &all {
            insert(&db, thing).await.unwrap();
        }
        for len in [0, 1, 2, 3, 5, 8, 20] {
            let ids = all.iter().take(len).map(|thing| thing.thing_id);
            let found = query(FIND)
                .bind_list(ids)
                .bind(0)
                .fetch_all::<i64>(&db)
                .await
                .unwrap();
            let expected: Vec<i64> = (1..i64::try_from(len).unwrap()).collect();
            assert_eq!(found, expected, "{len}");
        }
        let many = query(FIND).bind(0).bind_list(vec![new_id(); 4_096]);
        assert!(many.fetch_all::<i64>(&db).await.unwrap().is_empty());
        let too_many = query(FIND).bind(0).bind_list(vec![new_id(); 4_097]);
        assert!(matches!(
            too_many.execute(&db).await,
            Err(StoreError::Arguments(_))
        ));
    }
}

#[tokio::test]
async fn preparing_finds_errors_without_running() {
    for db in things().await {
        testing::prepare(&db, INSERT_THING).await.unwrap();
        let list = "DELETE FROM things WHERE number = $1 AND thing_id IN (/*list*/)";
        testing::prepare(&db, list).await.unwrap();
        assert!(
            testing::prepare(&db, "SELECT nothing FROM things")
                .await
                .is_err()
        );
        assert!(
            testing::prepare(&db, "SELECT 1 FROM nowhere WHERE a IN (/*list*/)")
                .await
                .is_err()
        );
    }
}
