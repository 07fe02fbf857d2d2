//! Between rows and the domain's words.

use std::sync::Arc;

use im_store::{Arg, FromRow, Row, StoreError};
use im_types::{ConnectionId, SiteId, Timestamp, UserId};

use crate::domain::claim::{Choice, Claim};
use crate::domain::contact::{Entry, Link, RosterChange, Side};
use crate::ports::{NodeLease, Place, Sighting, SiteCount};

pub(super) const fn link_code(link: Link) -> i64 {
    match link {
        Link::None => 0,
        Link::Requested => 1,
        Link::Pending => 2,
        Link::Accepted => 3,
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0} is none of the codes")]
struct UnknownCode(i64);

fn unknown(column: &str, code: i64) -> StoreError {
    StoreError::Decode {
        column: column.to_owned(),
        source: Box::new(UnknownCode(code)),
    }
}

fn link_of(row: &Row) -> Result<Link, StoreError> {
    match row.get_i64("link")? {
        0 => Ok(Link::None),
        1 => Ok(Link::Requested),
        2 => Ok(Link::Pending),
        3 => Ok(Link::Accepted),
        code => Err(unknown("link", code)),
    }
}

pub(super) const fn choice_code(choice: Option<Choice>) -> i64 {
    match choice {
        None => 0,
        Some(Choice::Online) => 1,
        Some(Choice::Away) => 2,
        Some(Choice::Busy) => 3,
        Some(Choice::DoNotDisturb) => 4,
        Some(Choice::Invisible) => 5,
    }
}

fn choice_of(row: &Row) -> Result<Option<Choice>, StoreError> {
    match row.get_i64("state")? {
        0 => Ok(None),
        1 => Ok(Some(Choice::Online)),
        2 => Ok(Some(Choice::Away)),
        3 => Ok(Some(Choice::Busy)),
        4 => Ok(Some(Choice::DoNotDisturb)),
        5 => Ok(Some(Choice::Invisible)),
        code => Err(unknown("state", code)),
    }
}

/// Columns where 0 says "none".
pub(super) fn or_zero(at: Option<Timestamp>) -> i64 {
    at.map_or(0, Timestamp::as_micros)
}

fn non_zero(at: Timestamp) -> Option<Timestamp> {
    (at != Timestamp::EPOCH).then_some(at)
}

/// The columns that the feed has too.
fn shared_side(row: &Row) -> Result<Side, StoreError> {
    Ok(Side {
        link: link_of(row)?,
        is_blocked: row.get_bool("is_blocked")?,
        is_hidden_from: row.get_bool("is_hidden_from")?,
        is_vip: row.get_bool("is_vip")?,
        alias: row.get_text("alias")?,
        personal_group: row.get_text("personal_group")?,
        note: row.get_text("note")?,
        frozen_seen_at: None,
        paused_until: Timestamp::EPOCH,
        created_at: row.get_timestamp("created_at_us")?,
        updated_at: row.get_timestamp("updated_at_us")?,
    })
}

impl FromRow for Entry {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            owner_id: row.get_id("owner_id")?,
            peer_id: row.get_id("peer_id")?,
            side: Side {
                frozen_seen_at: row.get_opt_timestamp("frozen_seen_at_us")?,
                paused_until: row.get_timestamp("paused_until_us")?,
                ..shared_side(row)?
            },
        })
    }
}

impl FromRow for RosterChange {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let entry = Entry {
            owner_id: row.get_id("owner_id")?,
            peer_id: row.get_id("peer_id")?,
            side: shared_side(row)?,
        };
        Ok(Self {
            position: row.get_i64("position")?,
            entry,
        })
    }
}

/// The values of a side in the order of the table, without the ids.
pub(super) fn side_args(side: &Side) -> [Arg; 11] {
    [
        link_code(side.link).into(),
        side.is_blocked.into(),
        side.is_hidden_from.into(),
        side.is_vip.into(),
        side.alias.as_str().into(),
        side.personal_group.as_str().into(),
        side.note.as_str().into(),
        side.frozen_seen_at.into(),
        side.paused_until.into(),
        side.created_at.into(),
        side.updated_at.into(),
    ]
}

/// How many contacts an owner has.
pub(super) struct ContactCount {
    pub(super) owner_id: UserId,
    pub(super) count: u64,
}

impl FromRow for ContactCount {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            owner_id: row.get_id("owner_id")?,
            count: row.get_int("contact_count")?,
        })
    }
}

impl FromRow for Claim {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            user_id: row.get_id("user_id")?,
            revision: row.get_i64("revision")?,
            choice: choice_of(row)?,
            reason: Arc::from(row.get_text("reason")?),
            expires_at: non_zero(row.get_timestamp("expires_at_us")?),
            is_last_seen_hidden: row.get_bool("is_last_seen_hidden")?,
        })
    }
}

impl FromRow for Sighting {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            user_id: row.get_id("user_id")?,
            site_id: row.get_text("site_id")?,
            last_seen_at: non_zero(row.get_timestamp("last_seen_at_us")?),
        })
    }
}

impl FromRow for NodeLease {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            node_id: row.get_id("node_id")?,
            epoch: row.get_i64("epoch")?,
            expires_at: row.get_timestamp("expires_at_us")?,
            is_open: row.get_bool("is_open")?,
            draining_at: non_zero(row.get_timestamp("draining_at_us")?),
        })
    }
}

/// A place with its site, as admission needs it.
pub(super) struct SitePlace {
    pub(super) place: Place,
    pub(super) site_id: String,
}

impl FromRow for SitePlace {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let place = Place {
            connection_id: row.get_id("connection_id")?,
            node_id: row.get_id("node_id")?,
            epoch: row.get_i64("epoch")?,
            user_id: row.get_id("user_id")?,
            opened_at: row.get_timestamp("opened_at_us")?,
            kept_until: non_zero(row.get_timestamp("kept_until_us")?),
        };
        Ok(Self {
            place,
            site_id: row.get_text("site_id")?,
        })
    }
}

impl FromRow for SiteCount {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            site_id: row.get_parsed("site_id", SiteId::parse)?,
            connection_count: row.get_int("connection_count")?,
            user_count: row.get_int("user_count")?,
        })
    }
}

/// A place that was given up.
pub(super) struct LeftPlace {
    pub(super) connection_id: ConnectionId,
    pub(super) user_id: UserId,
}

impl FromRow for LeftPlace {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            connection_id: row.get_id("connection_id")?,
            user_id: row.get_id("user_id")?,
        })
    }
}
