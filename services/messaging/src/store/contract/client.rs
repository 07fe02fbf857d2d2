//! A client that knows nothing but its mailbox and what it reads when told to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use im_types::{ConversationId, UserId};

use super::operations::PEOPLE;
use crate::domain::{Entry, EntryBody, Membership, MembershipChange, Message};
use crate::ports::{HistoryRange, Store};

/// A conversation as a client shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shown {
    title: String,
    members: BTreeSet<UserId>,
    messages: BTreeMap<i64, Message>,
    own_read_seq: i64,
    /// Of others: shown as read, and delivered.
    receipts: BTreeMap<UserId, (i64, i64)>,
}

/// The state of one person's client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Client {
    user_id: UserId,
    pub(super) position: i64,
    conversations: BTreeMap<ConversationId, Shown>,
    contacts: Vec<Vec<u8>>,
    /// The last receipt of each person, while the person is there.
    told: BTreeMap<(ConversationId, UserId), (i64, i64)>,
}

impl Client {
    /// Position first, then the state: what comes in between is only told twice.
    pub(super) async fn snapshot(store: &dyn Store, user_id: UserId) -> Self {
        let mailbox = store.mailboxes(&[user_id]).await.unwrap();
        let position = mailbox.first().map_or(0, |(_, range)| range.last_seq);
        let mut client = Self {
            user_id,
            position,
            conversations: BTreeMap::new(),
            contacts: Vec::new(),
            told: BTreeMap::new(),
        };
        for view in store.conversations(user_id, None, 100).await.unwrap() {
            client.load(store, view.conversation.id).await;
        }
        client
    }

    /// Reads a conversation anew.
    async fn load(&mut self, store: &dyn Store, id: ConversationId) {
        let Some(view) = store.conversation(self.user_id, id).await.unwrap() else {
            self.conversations.remove(&id);
            return;
        };
        let messages = store
            .messages(id, HistoryRange::After(0), 1_000)
            .await
            .unwrap();
        let unread = messages.iter().filter(|message| {
            let is_new = message.seq > view.pointers.read_seq;
            is_new && message.sender_id != self.user_id && message.removal.is_none()
        });
        assert_eq!(
            i64::try_from(unread.count()).unwrap(),
            view.unread_count,
            "computed unread"
        );
        assert_eq!(
            view.last_message.map(|m| m.seq),
            messages.last().map(|m| m.seq)
        );
        let shown = Shown {
            title: view.conversation.title,
            members: view.member_ids.into_iter().collect(),
            messages: messages
                .iter()
                .map(|m| (m.seq, Message::clone(m)))
                .collect(),
            own_read_seq: view.pointers.read_seq,
            receipts: others(store, id, self.user_id).await,
        };
        self.conversations.insert(id, shown);
    }

    /// Reads the mailbox to its end.
    pub(super) async fn sync(&mut self, store: &dyn Store) {
        loop {
            let page = store
                .entries(&[(self.user_id, self.position)], 7)
                .await
                .unwrap();
            if page.is_empty() {
                return;
            }
            for (owner, entry) in page {
                assert_eq!(
                    (owner, entry.seq),
                    (self.user_id, self.position + 1),
                    "no gap"
                );
                self.position = entry.seq;
                self.apply(store, entry).await;
            }
        }
    }

    async fn apply(&mut self, store: &dyn Store, entry: Entry) {
        match entry.body {
            EntryBody::Message { message, .. } => self.put(&message),
            EntryBody::Receipt {
                conversation_id,
                user_id,
                read_seq,
                delivered_seq,
            } => {
                let told = (read_seq, delivered_seq);
                let before = self.told.insert((conversation_id, user_id), told);
                let is_forward = |last: (i64, i64)| last.0 <= told.0 && last.1 <= told.1;
                assert!(before.is_none_or(is_forward), "pointers move forward");
                let Some(shown) = self.conversations.get_mut(&conversation_id) else {
                    return;
                };
                if self.user_id == user_id {
                    shown.own_read_seq = shown.own_read_seq.max(read_seq);
                } else {
                    let known = shown.receipts.entry(user_id).or_default();
                    *known = (known.0.max(read_seq), known.1.max(delivered_seq));
                }
            }
            EntryBody::Membership(membership) => self.change_people(store, &membership).await,
            EntryBody::Contact(contact) => self.contacts.push(contact.to_vec()),
            EntryBody::Advanced {
                conversation_id, ..
            } => {
                if self.conversations.contains_key(&conversation_id) {
                    self.load(store, conversation_id).await;
                }
            }
        }
    }

    fn put(&mut self, message: &Arc<Message>) {
        let Some(shown) = self.conversations.get_mut(&message.conversation_id) else {
            return;
        };
        let known = shown.messages.get(&message.seq);
        if known.is_none_or(|known| message.revision >= known.revision) {
            shown.messages.insert(message.seq, Message::clone(message));
        }
    }

    async fn change_people(&mut self, store: &dyn Store, membership: &Membership) {
        let id = membership.conversation_id;
        let is_me = membership.user_ids.contains(&self.user_id);
        match membership.change {
            MembershipChange::Created | MembershipChange::Added if is_me => {
                self.load(store, id).await;
            }
            MembershipChange::Removed if is_me => {
                self.conversations.remove(&id);
                self.told.retain(|(of, _), _| *of != id);
            }
            change => {
                let now = others(store, id, self.user_id).await;
                let Some(shown) = self.conversations.get_mut(&id) else {
                    return;
                };
                shown.title.clone_from(&membership.title);
                for user_id in &membership.user_ids {
                    if change == MembershipChange::Removed {
                        shown.members.remove(user_id);
                        shown.receipts.remove(user_id);
                        self.told.remove(&(id, *user_id));
                    } else {
                        shown.members.insert(*user_id);
                        // Newcomers have read and got everything; a client lists them.
                        shown
                            .receipts
                            .extend(now.get(user_id).map(|at| (*user_id, *at)));
                    }
                }
            }
        }
    }

    /// Whether this is the state of the server now. In large conversations nobody is told of
    /// receipts, so there they are passed over.
    pub(super) async fn check(&self, store: &dyn Store, receipt_members_max: usize) {
        let mut now = Self::snapshot(store, self.user_id).await;
        now.contacts.clone_from(&self.contacts);
        now.told.clone_from(&self.told);
        if receipt_members_max < PEOPLE {
            for (id, shown) in &self.conversations {
                let same = now.conversations.get_mut(id);
                same.unwrap().receipts.clone_from(&shown.receipts);
            }
        }
        assert_eq!(*self, now, "state and entries make the later state");
    }
}

/// The pointers of the others, as one of them may see them.
async fn others(
    store: &dyn Store,
    id: ConversationId,
    own_id: UserId,
) -> BTreeMap<UserId, (i64, i64)> {
    let members = store.members(id, None, 100).await.unwrap();
    let others = members.iter().filter(|view| view.member.user_id != own_id);
    others
        .map(|view| {
            let at = view.pointers;
            (view.member.user_id, (at.shown_read_seq, at.delivered_seq))
        })
        .collect()
}
