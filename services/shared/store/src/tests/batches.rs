use im_types::{Clock, Ids, UserId};

use tokio::time::Instant;

use super::things;
use crate::{Database, StoreError, query, query_rows};

const INSERT_ENTRIES: &str = "INSERT INTO entries (owner_id, seq, body) VALUES /*rows*/";

fn owner() -> UserId {
    Ids::system(Clock::system()).new_id()
}

async fn count(db: &Database) -> i64 {
    query("SELECT count(*) FROM entries")
        .fetch_one(db)
        .await
        .unwrap()
}

#[tokio::test]
async fn any_number_of_rows_is_inserted() {
    for db in things().await {
        let mut expected = 0;
        for len in [0_i64, 1, 7, 9, 255, 600] {
            let rows = |owner| (1..=len).map(move |seq| (owner, seq, "body"));
            let inserted = query_rows(INSERT_ENTRIES)
                .rows(rows(owner()))
                .execute(&db)
                .await;
            assert_eq!(i64::try_from(inserted.unwrap()).unwrap(), len);
            let mut tx = db.begin_write().await.unwrap();
            query_rows(INSERT_ENTRIES)
                .rows(rows(owner()))
                .execute(&mut tx)
                .await
                .unwrap();
            tx.commit().await.unwrap();
            expected += 2 * len;
        }
        assert_eq!(count(&db).await, expected);
    }
}

#[tokio::test]
async fn rows_in_several_statements_are_kept_all_or_not_at_all() {
    for db in things().await {
        let owner = owner();
        let mut rows: Vec<_> = (1..=600).map(|seq| (owner, seq, "body")).collect();
        rows.push((owner, 600, "the same key in the last statement"));
        let error = query_rows(INSERT_ENTRIES)
            .rows(rows)
            .execute(&db)
            .await
            .unwrap_err();
        assert!(error.is_unique_violation());
        assert_eq!(count(&db).await, 0);
    }
}

#[tokio::test]
async fn returning_tells_which_rows_were_new() {
    const INSERT_NEW: &str = "INSERT INTO entries (owner_id, seq, body) VALUES /*rows*/
        ON CONFLICT DO NOTHING RETURNING seq";
    for db in things().await {
        let owner = owner();
        let insert = |range: std::ops::Range<i64>| {
            query_rows(INSERT_NEW)
                .rows(range.map(|seq| (owner, seq, "x")))
                .fetch_all::<i64>(&db)
        };
        assert_eq!(insert(0..10).await.unwrap().len(), 10);
        let mut new = insert(5..25).await.unwrap();
        new.sort_unstable();
        assert_eq!(new, (10..25).collect::<Vec<i64>>());
    }
}

#[tokio::test]
async fn rows_are_updated_from_values() {
    const UPDATE: &str = "UPDATE entries SET body = v.column2 FROM (VALUES /*rows*/) AS v
        WHERE entries.owner_id = $1 AND entries.seq = v.column1 RETURNING entries.seq";
    for db in things().await {
        let (owner, other) = (owner(), owner());
        for id in [owner, other] {
            let rows = (1..=20).map(|seq| (id, seq, "old"));
            query_rows(INSERT_ENTRIES)
                .rows(rows)
                .execute(&db)
                .await
                .unwrap();
        }
        let update = query_rows(UPDATE)
            .bind(owner)
            .rows((6..=30_i64).map(|seq| (seq, "new")));
        assert_eq!(update.fetch_all::<i64>(&db).await.unwrap().len(), 15);
        let count = "SELECT count(*) FROM entries WHERE owner_id = $1 AND body = 'new'";
        assert_eq!(
            query(count)
                .bind(owner)
                .fetch_one::<i64>(&db)
                .await
                .unwrap(),
            15
        );
        assert_eq!(
            query(count)
                .bind(other)
                .fetch_one::<i64>(&db)
                .await
                .unwrap(),
            0
        );
    }
}

#[tokio::test]
async fn nulls_in_values_keep_their_type() {
    const UPDATE: &str = "UPDATE things SET label = v.column2, parent_id = v.column3
        FROM (VALUES /*rows*/) AS v WHERE things.number = v.column1";
    const INSERT: &str = "INSERT INTO things (thing_id, number, label) VALUES /*rows*/";
    for db in things().await {
        let rows = (1..=3_i64).map(|number| (owner(), number, "x"));
        query_rows(INSERT).rows(rows).execute(&db).await.unwrap();
        let cleared = (1..=3_i64).map(|number| (number, None::<String>, None::<UserId>));
        assert_eq!(
            query_rows(UPDATE).rows(cleared).execute(&db).await.unwrap(),
            3
        );
        let left = query("SELECT count(*) FROM things WHERE label IS NOT NULL");
        assert_eq!(left.fetch_one::<i64>(&db).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_row_wider_than_a_statement_is_refused() {
    for db in things().await {
        let wide = vec![crate::Arg::I64(None); 40_000];
        let error = query_rows(INSERT_ENTRIES)
            .row(wide)
            .execute(&db)
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::Arguments(_)));
    }
}

/// Not a check but a measure: run with `--nocapture` to read it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rate_of_batched_inserts() {
    const BATCHES: u32 = 200;
    for db in things().await {
        let owner = owner();
        let begin = Instant::now();
        for batch in 0..i64::from(BATCHES) {
            let mut tx = db.begin_write().await.unwrap();
            let rows = (0..64).map(|row| (owner, batch * 64 + row, "a message of usual length …"));
            query_rows(INSERT_ENTRIES)
                .rows(rows)
                .execute(&mut tx)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
        let rate = f64::from(BATCHES) / begin.elapsed().as_secs_f64();
        assert_eq!(count(&db).await, i64::from(BATCHES) * 64);
        println!(
            "{:?}: {rate:.0} durable transactions of 64 rows a second, {:.0} rows a second",
            db.engine(),
            rate * 64.0
        );
        let begin = Instant::now();
        for seq in 0..i64::from(BATCHES) * 5 {
            let find = query("SELECT body FROM entries WHERE owner_id = $1 AND seq = $2");
            find.bind(owner)
                .bind(seq)
                .fetch_one::<String>(&db)
                .await
                .unwrap();
        }
        let rate = f64::from(BATCHES * 5) / begin.elapsed().as_secs_f64();
        println!(
            "{:?}: {rate:.0} single reads a second, one after the other",
            db.engine()
        );
    }
}
