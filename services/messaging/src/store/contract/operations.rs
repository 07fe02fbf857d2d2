//! Random requests over few people and conversations, so that they often meet.

use std::sync::Arc;

use im_types::{Clock, ConversationId, Ids, SiteId, Timestamp, UserId};
use proptest::prelude::*;

use crate::domain::command::{
    AddMembers, CreateDirect, CreateGroup, Delete, Edit, FeedRoster, MarkDelivered, MarkRead,
    React, RemoveMember, Retitle, Send, Unreachable, Window,
};
use crate::domain::{
    AgeKind, ClientKey, Command, Due, Emoji, Fingerprint, Outcome, PairKey, Refusal, Text, Title,
};

pub(super) const PEOPLE: usize = 4;

/// What may happen; numbers are taken modulo what there is.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    Direct(u8, u8, bool),
    Group(u8, u8, Option<u8>),
    Send {
        who: u8,
        place: u8,
        key: u8,
        text: u8,
        reply: u8,
        is_reachable: bool,
    },
    Edit(u8, u8, u8, u8),
    Delete(u8, u8, u8, bool),
    React(u8, u8, u8, bool),
    Read(u8, u8, u8, bool),
    Delivered(u8, u8, u8),
    Add(u8, u8, u8),
    Remove(u8, u8, u8),
    Retitle(u8, u8, u8),
    Roster(u8, bool),
    Expire(u8, u8),
    Retain(u8, u8),
    Advance(u8),
}

pub(super) fn operation() -> impl Strategy<Value = Operation> {
    use Operation as O;
    let n = any::<u8>;
    let send = (n(), n(), 0..30_u8, n(), 0..4_u8, prop::bool::weighted(0.9)).prop_map(
        |(who, place, key, text, reply, is_reachable)| O::Send {
            who,
            place,
            key,
            text,
            reply,
            is_reachable,
        },
    );
    prop_oneof![
        2 => (n(), n(), prop::bool::weighted(0.8)).prop_map(|(a, b, c)| O::Direct(a, b, c)),
        2 => (n(), n(), prop::option::of(0..2_u8)).prop_map(|(a, b, c)| O::Group(a, b, c)),
        12 => send,
        2 => (n(), n(), n(), n()).prop_map(|(a, b, c, d)| O::Edit(a, b, c, d)),
        2 => (n(), n(), n(), any::<bool>()).prop_map(|(a, b, c, d)| O::Delete(a, b, c, d)),
        3 => (n(), n(), n(), any::<bool>()).prop_map(|(a, b, c, d)| O::React(a, b, c, d)),
        4 => (n(), n(), n(), any::<bool>()).prop_map(|(a, b, c, d)| O::Read(a, b, c, d)),
        3 => (n(), n(), n()).prop_map(|(a, b, c)| O::Delivered(a, b, c)),
        3 => (n(), n(), n()).prop_map(|(a, b, c)| O::Add(a, b, c)),
        2 => (n(), n(), n()).prop_map(|(a, b, c)| O::Remove(a, b, c)),
        1 => (n(), n(), n()).prop_map(|(a, b, c)| O::Retitle(a, b, c)),
        1 => (n(), any::<bool>()).prop_map(|(a, b)| O::Roster(a, b)),
        2 => (n(), 0..9_u8).prop_map(|(a, b)| O::Expire(a, b)),
        2 => (n(), 0..9_u8).prop_map(|(a, b)| O::Retain(a, b)),
        1 => n().prop_map(O::Advance),
    ]
}

/// The people and places of one history.
pub(super) struct Scene {
    pub(super) people: Vec<UserId>,
    pub(super) places: Vec<ConversationId>,
    /// Of this history alone, because what has been looked at for age is not looked at again.
    pub(super) sites: [SiteId; 2],
    pub(super) roster_position: i64,
    pub(super) clock: Clock,
    ids: Ids,
    group_key: String,
}

fn pick<T: Copy>(list: &[T], number: u8) -> T {
    list[usize::from(number) % list.len()]
}

impl Scene {
    pub(super) fn new(seed: u64, roster_position: i64) -> Self {
        let clock = Clock::mock(Timestamp::from_millis(1_000_000));
        let ids = Ids::seeded(clock.clone(), seed);
        Self {
            people: (0..PEOPLE).map(|_| ids.new_id()).collect(),
            places: vec![ids.new_id()],
            sites: ["a", "b"].map(|name| SiteId::parse(&format!("{name}{seed:x}")).unwrap()),
            roster_position,
            clock,
            group_key: ids.new_uuid().to_string(),
            ids,
        }
    }

    /// Takes note of conversations that were made.
    pub(super) fn note(&mut self, outcome: &Result<Outcome, Refusal>) {
        if let Ok(Outcome::Conversation(id)) = outcome
            && !self.places.contains(id)
        {
            self.places.push(*id);
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of operation")]
    pub(super) fn command(&mut self, operation: &Operation) -> Option<Command> {
        use Operation as O;
        let who = |number: u8| pick(&self.people, number);
        let place = |number: u8| pick(&self.places, number);
        let seq = |number: u8| i64::from(number % 6);
        let text = |number: u8| Ok(Text::parse(format!("text {}", number % 5)).unwrap());
        Some(match operation {
            O::Direct(one, other, is_reachable) => Command::CreateDirect(CreateDirect {
                actor_id: who(*one),
                pair: PairKey::of(who(*one), who(*other))?,
                conversation_id: self.ids.new_id(),
                site_id: SiteId::default(),
                verdict: is_reachable.then_some(()).ok_or(Unreachable::Blocked),
            }),
            O::Group(owner, mask, key) => self.group(who(*owner), *mask, *key),
            O::Send {
                who: sender,
                place: at,
                key,
                text: words,
                reply,
                is_reachable,
            } => {
                let (sender_id, conversation_id) = (who(*sender), place(*at));
                let (text, reply_to_seq) = (text(*words), seq(*reply).min(2));
                let words = text.as_ref().map_or("", Text::as_str);
                Command::Send(Send {
                    sender_id,
                    conversation_id,
                    site_id: self.site(*sender),
                    message_id: self.ids.new_id(),
                    client_key: ClientKey::parse(&format!("{}-{key}", self.group_key)).unwrap(),
                    fingerprint: Fingerprint::of_message(conversation_id, reply_to_seq, words),
                    text,
                    reply_to_seq,
                    verdict: Some(is_reachable.then_some(()).ok_or(Unreachable::NotAContact)),
                })
            }
            O::Edit(actor, at, number, words) => Command::Edit(Edit {
                actor_id: who(*actor),
                conversation_id: place(*at),
                seq: seq(*number),
                text: text(*words),
                window: Window::Open,
            }),
            O::Delete(actor, at, number, is_moderator) => Command::Delete(Delete {
                actor_id: who(*actor),
                conversation_id: place(*at),
                seq: seq(*number),
                is_moderator: *is_moderator,
                window: Window::Open,
            }),
            O::React(actor, at, number, is_given) => Command::React(React {
                actor_id: who(*actor),
                conversation_id: place(*at),
                seq: seq(*number),
                emoji: Emoji::parse(["👍", "❤️"][usize::from(actor % 2)]).unwrap(),
                is_given: *is_given,
                is_allowed: true,
            }),
            O::Read(actor, at, number, is_shown) => Command::MarkRead(MarkRead {
                actor_id: who(*actor),
                conversation_id: place(*at),
                seq: seq(*number),
                is_shown: *is_shown,
            }),
            O::Delivered(user, at, number) => Command::MarkDelivered(MarkDelivered {
                user_id: who(*user),
                conversation_id: place(*at),
                seq: seq(*number),
            }),
            O::Add(actor, at, user) => Command::AddMembers(AddMembers {
                actor_id: who(*actor),
                conversation_id: place(*at),
                user_ids: vec![who(*user), who(user.wrapping_add(1))],
                unreachable: Vec::new(),
                is_for_owners: user % 2 == 0,
                members_max: 4,
            }),
            O::Remove(actor, at, user) => Command::RemoveMember(RemoveMember {
                actor_id: who(*actor),
                conversation_id: place(*at),
                user_id: who(*user),
            }),
            O::Retitle(actor, at, title) => Command::Retitle(Retitle {
                actor_id: who(*actor),
                conversation_id: place(*at),
                title: Title::parse(&format!("title {}", title % 3)).unwrap(),
            }),
            O::Roster(owner, is_stale) => {
                let change = (who(*owner), Arc::from([*owner].as_slice()));
                self.feed(change, *is_stale)
            }
            O::Expire(site, age) => self.age(AgeKind::Expiry, *site, *age),
            O::Retain(site, age) => self.age(AgeKind::Retention, *site, *age),
            O::Advance(at) => Command::Advance(place(*at)),
        })
    }

    fn group(&self, actor_id: UserId, mask: u8, key: Option<u8>) -> Command {
        let chosen = self
            .people
            .iter()
            .enumerate()
            .filter(|(n, _)| mask & (1 << n) != 0);
        let member_ids: Vec<UserId> = chosen.map(|(_, id)| *id).collect();
        let title = Title::parse("group").unwrap();
        let key = key.map(|key| ClientKey::parse(&format!("{}-{key}", self.group_key)).unwrap());
        Command::CreateGroup(CreateGroup {
            actor_id,
            fingerprint: Fingerprint::of_group(title.as_str(), &member_ids),
            member_ids,
            title,
            client_key: key,
            conversation_id: self.ids.new_id(),
            site_id: SiteId::default(),
            verdict: Ok(()),
            is_allowed: true,
            members_max: 4,
        })
    }

    fn feed(&mut self, change: (UserId, Arc<[u8]>), is_stale: bool) -> Command {
        let after_position = self.roster_position - i64::from(is_stale);
        if !is_stale {
            self.roster_position += 1;
        }
        let position = after_position + 1;
        Command::FeedRoster(FeedRoster {
            after_position,
            position,
            changes: vec![change],
        })
    }

    fn site(&self, number: u8) -> SiteId {
        self.sites[usize::from(number) % self.sites.len()].clone()
    }

    fn age(&self, kind: AgeKind, site: u8, seconds: u8) -> Command {
        let age = std::time::Duration::from_secs(u64::from(seconds));
        Command::Age(Due {
            kind,
            site_id: self.site(site),
            before: self.clock.now() - age,
        })
    }
}
