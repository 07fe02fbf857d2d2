//! Reading costs as much as its page: what the engines mean to do, and what it takes them.

use std::time::Duration;

use im_store::testing::{TestDatabase, postgres, sqlite_temp};
use im_store::{Database, Engine, FromRow, Row, StoreError, query};
use im_types::{Clock, Ids, SiteId, Timestamp, UserId};
use tokio::time::Instant;

use super::super::statements::{ALL, LIST_CONVERSATIONS};
use super::{postgres_url, sql_store};
use crate::domain::command::CreateDirect;
use crate::domain::{Command, Limits, PairKey};
use crate::ports::{ListPosition, Store};

/// A line of a plan.
struct Step(String);

impl FromRow for Step {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.get_text("detail")
            .or_else(|_| row.get_text("QUERY PLAN"))
            .map(Self)
    }
}

/// A statement of which the engine is only asked how it would run it.
fn explained(command: &str, statement: &str) -> &'static str {
    let lines = statement.lines().filter(|line| !line.starts_with("--"));
    let text: Vec<&str> = lines.collect();
    let text = text.join("\n");
    let is_pair = text.starts_with("DELETE FROM members");
    let widest = (1..20).rev().find(|n| text.contains(&format!("column{n}")));
    let widest = widest.or(is_pair.then_some(2));
    let row = vec!["NULL"; widest.unwrap_or(1)].join(",");
    let text = text
        .replace("/*rows*/", &format!("({row}),({row})"))
        .replace("/*list*/", "x'00',x'01'");
    format!("{command} {text}").leak()
}

/// Whether a step costs no more than what was asked for: what may be walked through from end to end
/// is what the statement itself brings along, and the index of the few that wait for something.
fn is_bounded(step: &str) -> bool {
    let brought = ["VALUES CLAUSE", "CONSTANT ROW", "(subquery"];
    let found = ["SCAN v", "SCAN r", "SCAN unread", "SCAN newest"];
    let is_short = brought.iter().any(|short| step.contains(short))
        || found.contains(&step)
        || step.contains("conversations_to_advance");
    let is_walk = step.starts_with("SCAN") || step.contains("TEMP B-TREE FOR ORDER BY");
    !is_walk || is_short
}

#[tokio::test]
async fn no_statement_walks_through_a_table() {
    let (_store, database) = sql_store(sqlite_temp().await).await;
    let mut faults = Vec::new();
    for (name, sql) in ALL {
        if sql.contains("INSERT INTO") {
            continue;
        }
        let plan: Vec<Step> = query(explained("EXPLAIN QUERY PLAN", sql))
            .fetch_all(&database)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let unbounded = plan.iter().filter(|Step(text)| !is_bounded(text));
        faults.extend(unbounded.map(|Step(text)| format!("{name}: {text}")));
    }
    assert_eq!(faults, [""; 0]);
}

/// Makes conversations of one person with as many others.
async fn converse(store: &dyn Store, user_id: UserId, count: usize, ids: &Ids, clock: &Clock) {
    clock.advance(Duration::from_secs(1));
    let create = || {
        Command::CreateDirect(CreateDirect {
            actor_id: user_id,
            pair: PairKey::of(user_id, ids.new_id()).unwrap(),
            conversation_id: ids.new_id(),
            site_id: SiteId::default(),
            verdict: Ok(()),
        })
    };
    let commands: Vec<Command> = (0..count).map(|_| create()).collect();
    let (limits, now) = (Limits::default(), clock.now());
    store.commit(&commands, limits, now).await.unwrap();
}

/// The least time of several for a page from the top and one from the middle.
async fn page_time(store: &dyn Store, user_id: UserId) -> Duration {
    let mut least = Duration::MAX;
    for _ in 0..10 {
        let begin = Instant::now();
        let first = store.conversations(user_id, None, 10).await.unwrap();
        let last = first.last().unwrap();
        let after = ListPosition {
            listed_at: last.listed_at,
            conversation_id: last.conversation.id,
        };
        assert!(first.iter().all(|view| view.listed_at >= after.listed_at));
        store.conversations(user_id, Some(after), 10).await.unwrap();
        least = least.min(begin.elapsed());
    }
    least
}

async fn lists_do_not_grow(database: TestDatabase) {
    let (store, database) = sql_store(database).await;
    let clock = Clock::mock(Timestamp::from_millis(1_000_000));
    let ids = Ids::seeded(clock.clone(), 7);
    let (few, many): (UserId, UserId) = (ids.new_id(), ids.new_id());
    converse(&store, few, 20, &ids, &clock).await;
    for _ in 0..20 {
        converse(&store, many, 500, &ids, &clock).await;
    }
    let plan = plan_of_lists(&database, many).await;
    assert!(plan.contains("members_by_activity"), "{plan}");
    assert!(
        !plan.contains("Sort") && !plan.contains("TEMP B-TREE"),
        "{plan}"
    );
    let (few, many) = (page_time(&store, few).await, page_time(&store, many).await);
    println!("two pages of 20 conversations: {few:?}, of 10,000: {many:?}");
    // Sorting 10,000 rows would take a hundred times as long as reading ten.
    assert!(many < few * 10, "{few:?} and {many:?}");
}

async fn plan_of_lists(database: &Database, user_id: UserId) -> String {
    let command = match database.engine() {
        Engine::Sqlite => "EXPLAIN QUERY PLAN",
        Engine::Postgres => {
            query("ANALYZE").execute(database).await.unwrap();
            "EXPLAIN"
        }
    };
    let plan: Vec<Step> = query(explained(command, LIST_CONVERSATIONS))
        .bind(user_id)
        .bind(Timestamp::MAX)
        .bind(user_id.as_uuid())
        .bind(10_i64)
        .fetch_all(database)
        .await
        .unwrap();
    let plan: Vec<String> = plan.into_iter().map(|step| step.0).collect();
    plan.join("\n")
}

#[tokio::test]
async fn a_page_of_the_list_costs_the_same_however_long_it_is_on_sqlite() {
    lists_do_not_grow(sqlite_temp().await).await;
}

#[tokio::test]
async fn a_page_of_the_list_costs_the_same_however_long_it_is_on_postgres() {
    if let Some(url) = postgres_url() {
        lists_do_not_grow(postgres(&url).await).await;
    }
}
