//! The caller's roster.

use std::collections::HashMap;
use std::sync::Arc;

use im_types::{SiteId, UserId};

use super::{Caller, News, Presence, directory_error};
use crate::domain::contact::{ContactError, Entry, Marks, Pair, Request, RosterLimits, Side};
use crate::domain::person::{Person, Rules};
use crate::domain::visibility::consent;
use crate::error::Error;
use crate::ports::PairPlan;

/// An entry with the names of who is on it.
#[derive(Debug, Clone)]
pub struct ContactView {
    /// The entry.
    pub entry: Entry,
    /// Who it is; `None` if the account is gone.
    pub peer: Option<Arc<Person>>,
}

impl Presence {
    /// Asks a person to become a contact, or accepts if they have asked.
    pub async fn create_contact(
        &self,
        caller: &Caller,
        peer_id: UserId,
        note: String,
    ) -> Result<ContactView, Error> {
        let peer = self.peer_of(caller, peer_id).await?;
        if !peer.is_active {
            return Err(Error::UserNotFound);
        }
        let rules = self.rules(&caller.site_id, &caller.person);
        let request = Request {
            note,
            consent: consent(&rules, &caller.person, &peer),
            limits: self.limits(&rules, caller, &peer).await?,
        };
        let now = self.clock.now();
        let plan = move |pair: Pair| Ok(pair.request(&request, now)?);
        self.change(caller, &peer, &plan).await
    }

    /// Accepts a request.
    pub async fn accept_contact(
        &self,
        caller: &Caller,
        peer_id: UserId,
    ) -> Result<ContactView, Error> {
        let peer = self.peer_of(caller, peer_id).await?;
        let rules = self.rules(&caller.site_id, &caller.person);
        let limits = self.limits(&rules, caller, &peer).await?;
        self.change(caller, &peer, &move |pair| Ok(pair.accept(limits)?))
            .await
    }

    /// Declines a request.
    pub async fn decline_contact(&self, caller: &Caller, peer_id: UserId) -> Result<(), Error> {
        let peer = self.peer_of(caller, peer_id).await?;
        // The pause is the asking side's, so its rules count.
        let pause = self.rules(&caller.site_id, &peer).request_pause;
        let now = self.clock.now();
        self.change(caller, &peer, &move |pair| Ok(pair.decline(now, pause)?))
            .await?;
        Ok(())
    }

    /// Blocks a person.
    pub async fn block_contact(
        &self,
        caller: &Caller,
        peer_id: UserId,
    ) -> Result<ContactView, Error> {
        let peer = self.peer_of(caller, peer_id).await?;
        let seen_at = self.frozen_seen_at(caller.user_id()).await?;
        self.change(caller, &peer, &move |pair: Pair| Ok(pair.block(seen_at)))
            .await
    }

    /// Ends a block.
    pub async fn unblock_contact(&self, caller: &Caller, peer_id: UserId) -> Result<(), Error> {
        let peer = self.peer_of(caller, peer_id).await?;
        self.change(caller, &peer, &|pair: Pair| Ok(pair.unblock()))
            .await?;
        Ok(())
    }

    /// Changes alias, heading and marks.
    pub async fn update_contact(
        &self,
        caller: &Caller,
        peer_id: UserId,
        marks: Marks,
    ) -> Result<ContactView, Error> {
        let peer = self.peer_of(caller, peer_id).await?;
        let seen_at = match marks.is_hidden_from {
            Some(true) => self.frozen_seen_at(caller.user_id()).await?,
            _ => None,
        };
        self.change(caller, &peer, &move |pair: Pair| {
            Ok(pair.mark(&marks, seen_at))
        })
        .await
    }

    /// Takes a person off the roster.
    pub async fn delete_contact(&self, caller: &Caller, peer_id: UserId) -> Result<(), Error> {
        let peer = self.peer_of(caller, peer_id).await?;
        self.change(caller, &peer, &|pair: Pair| Ok(pair.remove()?))
            .await?;
        Ok(())
    }

    /// A page of the roster, by user id; one more than `limit` tells that another page follows.
    pub async fn list_contacts(
        &self,
        caller: &Caller,
        after: Option<UserId>,
        limit: i64,
    ) -> Result<Vec<ContactView>, Error> {
        let entries = self
            .store
            .list_contacts(caller.user_id(), after, limit)
            .await?;
        self.name_entries(entries).await
    }

    /// Adds the names of the people on the entries.
    pub(super) async fn name_entries(
        &self,
        entries: Vec<Entry>,
    ) -> Result<Vec<ContactView>, Error> {
        let ids: Vec<UserId> = entries.iter().map(|entry| entry.peer_id).collect();
        let people: HashMap<UserId, Arc<Person>> =
            self.directory.users(&ids).await.map_err(directory_error)?;
        let view = |entry: Entry| {
            let peer = people.get(&entry.peer_id).cloned();
            ContactView { entry, peer }
        };
        Ok(entries.into_iter().map(view).collect())
    }

    async fn change(
        &self,
        caller: &Caller,
        peer: &Arc<Person>,
        plan: &PairPlan<'_>,
    ) -> Result<ContactView, Error> {
        let (owner_id, peer_id) = (caller.user_id(), peer.user_id);
        let now = self.clock.now();
        let changed = self.store.change_pair(owner_id, peer_id, now, plan).await;
        let (pair, position) = changed.map_err(|error| error.at(now))?;
        self.roster_bell.notify_one();
        self.tell(News::Roster {
            position,
            user_ids: vec![owner_id, peer_id],
        })
        .await;
        let side: Side = pair.mine;
        let entry = Entry {
            owner_id,
            peer_id,
            side,
        };
        Ok(ContactView {
            entry,
            peer: Some(Arc::clone(peer)),
        })
    }

    /// The other person of a change. Whoever left can still be taken off a roster.
    async fn peer_of(&self, caller: &Caller, peer_id: UserId) -> Result<Arc<Person>, Error> {
        if peer_id == caller.user_id() {
            return Err(ContactError::OneSelf.into());
        }
        self.find_person(peer_id).await?.ok_or(Error::UserNotFound)
    }

    /// The other roster's limit is that of the site where its owner was last, because a limit is
    /// an option of the address that a person uses.
    async fn limits(
        &self,
        rules: &Rules,
        caller: &Caller,
        peer: &Person,
    ) -> Result<RosterLimits, Error> {
        let sightings = self.store.list_sightings(&[peer.user_id]).await?;
        let site_id = sightings
            .first()
            .and_then(|it| SiteId::parse(&it.site_id).ok());
        let site_id = site_id.unwrap_or_else(|| caller.site_id.clone());
        let theirs = self.rules(&site_id, peer).contacts_max;
        Ok(RosterLimits {
            mine: rules.contacts_max,
            theirs,
        })
    }

    /// What those who are shut out from now on are told as "last seen".
    async fn frozen_seen_at(&self, user_id: UserId) -> Result<Option<im_types::Timestamp>, Error> {
        let stored = self.store.list_sightings(&[user_id]).await?;
        let stored = stored.first().and_then(|sighting| sighting.last_seen_at);
        Ok(self
            .hub
            .with(|board, now| board.frozen_seen_at(user_id, stored, now)))
    }
}
