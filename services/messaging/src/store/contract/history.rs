//! Random histories, on a store and on the one in memory.

use std::fmt::Debug;

use im_types::{ConversationId, UserId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::client::Client;
use super::operations::{Operation, Scene, operation};
use crate::domain::{Command, Limits, Refusal};
use crate::ports::{HistoryRange, Store};
use crate::store::MemoryStore;

/// A history: batches, when clients begin, and how large is large.
#[derive(Debug, Clone)]
struct History {
    batches: Vec<Vec<Operation>>,
    begins_at: usize,
    limits: (usize, usize),
    seed: u64,
}

fn history() -> impl Strategy<Value = History> {
    let batch = prop::collection::vec(operation(), 1..6);
    let limits = prop_oneof![Just((500, 50)), Just((2, 50)), Just((500, 2))];
    (
        prop::collection::vec(batch, 1..25),
        any::<u8>(),
        limits,
        any::<u64>(),
    )
        .prop_map(|(batches, begin, limits, seed)| {
            let begins_at = usize::from(begin) % batches.len();
            History {
                batches,
                begins_at,
                limits,
                seed,
            }
        })
}

/// Runs so many histories on the store that `open` opens.
pub(super) fn run_histories<S, K, F>(cases: u32, open: impl Fn() -> F)
where
    S: Store,
    F: Future<Output = (S, K)>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (store, _kept) = runtime.block_on(open());
    let memory = MemoryStore::default();
    let mut runner = TestRunner::new(Config {
        cases,
        ..Config::default()
    });
    let outcome = runner.run(&history(), |history| {
        runtime.block_on(run(&store, &memory, history));
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

async fn run(store: &dyn Store, memory: &dyn Store, history: History) {
    let position = store.roster_position().await.unwrap();
    while memory.roster_position().await.unwrap() < position {
        feed_memory(memory, position).await;
    }
    // Random, because what earlier histories left stays.
    let seed = history.seed ^ u64::try_from(position).unwrap() ^ rand_seed();
    let mut scene = Scene::new(seed, position);
    let limits = Limits {
        fanout_members_max: history.limits.0,
        receipt_members_max: history.limits.1,
    };
    let mut clients = Vec::new();
    for (number, batch) in history.batches.iter().enumerate() {
        if number == history.begins_at {
            for user_id in scene.people.clone() {
                clients.push(Client::snapshot(store, user_id).await);
            }
        }
        scene.clock.advance(std::time::Duration::from_secs(1));
        let commands: Vec<Command> = batch
            .iter()
            .filter_map(|operation| scene.command(operation))
            .collect();
        let committed = commit(store, &commands, limits, &scene).await;
        let expected = commit(memory, &commands, limits, &scene).await;
        assert_eq!(committed.0, expected.0, "results of {commands:#?}");
        assert_eq!(committed.1, expected.1, "entries of {commands:#?}");
        committed.0.iter().for_each(|outcome| scene.note(outcome));
        // A repeated batch of sends answers the same and changes nothing.
        repeat_sends(store, &commands, &committed.0, (limits, &scene)).await;
    }
    finish(store, memory, limits, &scene).await;
    for mut client in clients {
        client.sync(store).await;
        client.check(store, history.limits.1).await;
    }
    prune(store, memory, &scene).await;
}

/// Deletes what may be deleted; numbers stay, and what is kept stays.
async fn prune(store: &dyn Store, memory: &dyn Store, scene: &Scene) {
    let before = scene.clock.now();
    for site_id in &scene.sites {
        loop {
            let step = same(store, memory, |s| s.prunable(site_id, before, 3)).await;
            for id in step.conversation_ids {
                while same(store, memory, |s| s.prune_messages(id, before, 2)).await > 0 {}
            }
            let Some(mark) = step.mark else { break };
            same(store, memory, |s| s.set_pruned(site_id, mark)).await;
        }
    }
    for id in &scene.places {
        let kept = same(store, memory, |s| {
            s.messages(*id, HistoryRange::After(0), 99)
        })
        .await;
        let user_id = same(store, memory, |s| s.member_ids(*id, 1)).await;
        let Some(user_id) = user_id.first().copied() else {
            continue;
        };
        let first = same(store, memory, |s| s.first_available_seq(user_id, *id)).await;
        let numbers: Vec<i64> = kept.iter().map(|message| message.seq).collect();
        let expected: Vec<i64> = (first.unwrap()..).take(numbers.len()).collect();
        assert_eq!(numbers, expected, "contiguous from the oldest that is kept");
    }
}

/// A seed that differs between histories with the same numbers.
fn rand_seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(0)
}

type Results = (
    Vec<Result<crate::domain::Outcome, Refusal>>,
    Vec<(UserId, crate::domain::Entry)>,
);

async fn commit(store: &dyn Store, commands: &[Command], limits: Limits, scene: &Scene) -> Results {
    let committed = store
        .commit(commands, limits, scene.clock.now())
        .await
        .unwrap();
    (committed.results, committed.entries)
}

async fn repeat_sends(
    store: &dyn Store,
    commands: &[Command],
    results: &[Result<crate::domain::Outcome, Refusal>],
    (limits, scene): (Limits, &Scene),
) {
    use crate::domain::Outcome;
    for (command, result) in commands.iter().zip(results) {
        if let (Command::Send(_), Ok(Outcome::Sent { message, .. })) = (command, result) {
            let (again, entries) =
                commit(store, std::slice::from_ref(command), limits, scene).await;
            let Some(Ok(Outcome::Sent {
                message: same,
                is_duplicate: true,
            })) = again.first()
            else {
                panic!("{again:?}");
            };
            assert_eq!((same.id, same.seq), (message.id, message.seq));
            assert!(entries.is_empty());
        }
    }
}

async fn feed_memory(memory: &dyn Store, position: i64) {
    let after_position = memory.roster_position().await.unwrap();
    let feed = crate::domain::command::FeedRoster {
        after_position,
        position,
        changes: Vec::new(),
    };
    let now = im_types::Timestamp::EPOCH;
    memory
        .commit(&[Command::FeedRoster(feed)], Limits::default(), now)
        .await
        .unwrap();
}

/// Tells what is to be told, then compares everything that can be read.
async fn finish(store: &dyn Store, memory: &dyn Store, limits: Limits, scene: &Scene) {
    let pending: Vec<Command> = scene.places.iter().copied().map(Command::Advance).collect();
    commit(store, &pending, limits, scene).await;
    commit(memory, &pending, limits, scene).await;
    for id in &scene.places {
        same(store, memory, |s| s.envelope(*id)).await;
        same(store, memory, |s| s.member_ids(*id, 3)).await;
        same(store, memory, |s| s.members(*id, Some(scene.people[0]), 2)).await;
        same(store, memory, |s| {
            s.messages(*id, HistoryRange::Before(5), 3)
        })
        .await;
        let all = same(store, memory, |s| {
            s.messages(*id, HistoryRange::After(0), 99)
        });
        let numbers: Vec<i64> = all.await.iter().map(|message| message.seq).collect();
        let expected: Vec<i64> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, expected, "contiguous in a conversation");
    }
    for user_id in &scene.people {
        let all = same(store, memory, |s| s.conversations(*user_id, None, 50)).await;
        page_through(
            store,
            *user_id,
            all.iter().map(|view| view.conversation.id).collect(),
        )
        .await;
        for id in &scene.places {
            same(store, memory, |s| s.conversation(*user_id, *id)).await;
        }
        let mailbox = [*user_id];
        let range = same(store, memory, |s| s.mailboxes(&mailbox)).await;
        let after = [(*user_id, 0)];
        let entries = same(store, memory, |s| s.entries(&after, 1_000)).await;
        let count = i64::try_from(entries.len()).unwrap();
        assert_eq!(
            range.first().map_or(0, |(_, range)| range.last_seq),
            count,
            "contiguous"
        );
        let acknowledged = [(*user_id, count / 2)];
        let mut found = store.deliveries(&acknowledged, 100).await.unwrap();
        let mut expected = memory.deliveries(&acknowledged, 100).await.unwrap();
        found.sort_by_key(|delivery| delivery.conversation_id);
        expected.sort_by_key(|delivery| delivery.conversation_id);
        assert_eq!(found, expected);
        store.set_acknowledged(&acknowledged).await.unwrap();
        memory.set_acknowledged(&acknowledged).await.unwrap();
        assert!(
            store
                .deliveries(&acknowledged, 100)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

async fn page_through(store: &dyn Store, user_id: UserId, expected: Vec<ConversationId>) {
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let page = store.conversations(user_id, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(crate::ports::ListPosition {
            listed_at: last.listed_at,
            conversation_id: last.conversation.id,
        });
        ids.extend(page.iter().map(|view| view.conversation.id));
    }
    assert_eq!(ids, expected, "pages make the list");
}

async fn same<'a, T: PartialEq + Debug>(
    store: &'a dyn Store,
    memory: &'a dyn Store,
    read: impl Fn(&'a dyn Store) -> crate::ports::Answer<'a, T>,
) -> T {
    let (found, expected) = (read(store).await.unwrap(), read(memory).await.unwrap());
    assert_eq!(found, expected);
    found
}
