//! A database that fails, refuses or hangs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::FutureExt as _;
use im_messaging::MessagingSettings;
use im_messaging::domain::{Command, Entry, Limits, Mark, Message};
use im_messaging::ports::{
    Answer, Committed, ConversationView, Delivery, Envelope, HistoryRange, ListPosition,
    MailboxRange, MemberView, Prunable, Store, StoreFault,
};
use im_runtime::error::ReasonedStatus;
use im_types::{ConversationId, SiteId, Timestamp, UserId};
use tokio::sync::Semaphore;

use crate::harness::{World, reason, settings};

/// A store that commits only what it is let.
struct Faulty {
    inner: Arc<dyn Store>,
    gate: Semaphore,
    commits: AtomicUsize,
    is_away: AtomicBool,
}

const POISON: &str = "poison";

impl Faulty {
    fn fault(&self, commands: &[Command]) -> Option<StoreFault> {
        let is_poison = |command: &Command| match command {
            Command::Send(send) => send.client_key.as_str() == POISON,
            _ => false,
        };
        if self.is_away.load(Ordering::SeqCst) {
            return Some(StoreFault::Unavailable("away".into()));
        }
        commands
            .iter()
            .any(is_poison)
            .then(|| StoreFault::Broken("refused".into()))
    }
}

/// Hands a question on as it is.
macro_rules! delegate {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {$(
        #[allow(
            clippy::elidable_lifetime_names,
            clippy::allow_attributes,
            reason = "only some of the answers borrow from an argument"
        )]
        fn $name<'a>(&'a self, $($argument: $type),*) -> Answer<'a, $answer> {
            self.inner.$name($($argument),*)
        }
    )*};
}

impl Store for Faulty {
    fn commit<'a>(
        &'a self,
        commands: &'a [Command],
        limits: Limits,
        now: Timestamp,
    ) -> Answer<'a, Committed> {
        async move {
            let _let_in = self.gate.acquire().await.unwrap();
            self.commits.fetch_add(1, Ordering::SeqCst);
            match self.fault(commands) {
                Some(fault) => Err(fault),
                None => self.inner.commit(commands, limits, now).await,
            }
        }
        .boxed()
    }

    delegate! {
        epoch() -> i64;
        raise_epoch() -> ();
        roster_position() -> i64;
        envelope(id: ConversationId) -> Option<Envelope>;
        member_ids(id: ConversationId, limit: usize) -> Vec<UserId>;
        conversation(user_id: UserId, id: ConversationId) -> Option<ConversationView>;
        first_available_seq(user_id: UserId, id: ConversationId) -> Option<i64>;
        conversations(user_id: UserId, after: Option<ListPosition>, limit: usize)
            -> Vec<ConversationView>;
        members(id: ConversationId, after: Option<UserId>, limit: usize) -> Vec<MemberView>;
        messages(id: ConversationId, range: HistoryRange, limit: usize) -> Vec<Arc<Message>>;
        mailboxes(user_ids: &'a [UserId]) -> Vec<(UserId, MailboxRange)>;
        entries(after: &'a [(UserId, i64)], limit: usize) -> Vec<(UserId, Entry)>;
        deliveries(acknowledged: &'a [(UserId, i64)], entries_max: i64) -> Vec<Delivery>;
        set_acknowledged(acknowledged: &'a [(UserId, i64)]) -> ();
        to_advance(limit: usize) -> Vec<ConversationId>;
        next_site(after: Option<SiteId>) -> Option<SiteId>;
        prunable(site_id: &'a SiteId, before: Timestamp, limit: usize) -> Prunable;
        set_pruned(site_id: &'a SiteId, mark: Mark) -> ();
        prune_messages(id: ConversationId, before: Timestamp, limit: usize) -> usize;
        list_mailboxes(after: Option<UserId>, limit: usize) -> Vec<(UserId, MailboxRange)>;
        prune_mailbox(user_id: UserId, first_seq: i64) -> ();
    }
}

fn faulty(world: &World) -> Arc<Faulty> {
    Arc::new(Faulty {
        inner: world.store(),
        gate: Semaphore::new(1),
        commits: AtomicUsize::new(0),
        is_away: AtomicBool::new(false),
    })
}

#[tokio::test]
async fn one_command_that_cannot_be_written_harms_no_other() {
    let world = World::new().await;
    let store = faulty(&world);
    let replica = world
        .replica_on(&settings(), 1, Arc::clone(&store) as _, &world.bus)
        .await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    let held = store.gate.acquire().await.unwrap();
    let keys = ["a", "b", POISON, "c"];
    let sends = keys.map(|key| replica.send(&ann, &id, key, "x"));
    let sends = futures_util::future::join_all(sends);
    let (results, ()) = tokio::join!(sends, async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        drop(held);
    });
    let outcomes: Vec<String> = results
        .iter()
        .map(|result| result.as_ref().map_or_else(reason, |_| "kept".to_owned()))
        .collect();
    assert_eq!(outcomes, ["kept", "kept", "STORE_FAILED", "kept"]);
    let broken = results[2].as_ref().unwrap_err();
    assert_eq!(
        (broken.code(), broken.message()),
        (tonic::Code::Internal, "internal error")
    );
}

#[tokio::test]
async fn behaviour_8_1_what_waits_together_is_committed_together() {
    let world = World::new().await;
    let store = faulty(&world);
    let replica = world
        .replica_on(&settings(), 1, Arc::clone(&store) as _, &world.bus)
        .await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    let before = store.commits.load(Ordering::SeqCst);
    let keys: Vec<String> = (0..100).map(|n| format!("k{n}")).collect();
    let sends = keys.iter().map(|key| replica.send(&ann, &id, key, "x"));
    let results = futures_util::future::join_all(sends).await;
    assert!(results.iter().all(Result::is_ok));
    let commits = store.commits.load(Ordering::SeqCst) - before;
    assert!(commits <= 20, "{commits} commits for 100 messages");
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_again() {
    let world = World::new().await;
    let store = faulty(&world);
    let tight = MessagingSettings {
        queue_commands_max: 512,
        ..settings()
    };
    let replica = world
        .replica_on(&tight, 1, Arc::clone(&store) as _, &world.bus)
        .await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    let held = store.gate.acquire().await.unwrap();
    let keys: Vec<String> = (0..600).map(|n| format!("k{n}")).collect();
    let sends = keys.iter().map(|key| replica.send(&ann, &id, key, "x"));
    let sends = futures_util::future::join_all(sends);
    let (results, ()) = tokio::join!(sends, async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        drop(held);
    });
    let refused: Vec<ReasonedStatus> = results
        .iter()
        .filter_map(|r| r.as_ref().err())
        .map(ReasonedStatus::of)
        .collect();
    assert_eq!(refused.len(), 600 - 512);
    assert!(
        refused
            .iter()
            .all(|r| r.has_reason("OVERLOADED") && r.retry_after.is_some())
    );
    let kept = replica.conversation(&ann, &id).await.last_seq;
    assert_eq!(kept, 512, "what was refused is not kept");
}

#[tokio::test]
async fn while_the_database_is_away_nothing_is_acknowledged_and_repeating_is_safe() {
    let world = World::new().await;
    let store = faulty(&world);
    let replica = world
        .replica_on(&settings(), 1, Arc::clone(&store) as _, &world.bus)
        .await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    store.is_away.store(true, Ordering::SeqCst);
    let away = replica.send(&ann, &id, "k", "x").await.unwrap_err();
    assert_eq!(
        (away.code(), reason(&away).as_str()),
        (tonic::Code::Unavailable, "STORE_UNAVAILABLE")
    );
    assert!(ReasonedStatus::of(&away).retry_after.is_some());
    store.is_away.store(false, Ordering::SeqCst);
    assert!(!replica.send(&ann, &id, "k", "x").await.unwrap().duplicate);
    assert!(replica.send(&ann, &id, "k", "x").await.unwrap().duplicate);
}
