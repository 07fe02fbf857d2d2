//! Between protobuf and the domain's words.

use im_proto::presence as proto;
use im_runtime::error::status;
use im_types::{Id, ParseIdError, SiteId, Timestamp, UserId};
use tonic::Status;

use crate::domain::board::Seen;
use crate::domain::claim::Choice;
use crate::domain::contact::{Link, Side};
use crate::domain::reduce::{Shown, State};
use crate::error::Error;
use crate::usecase::{ContactView, PresenceView};

/// An error as it leaves.
#[expect(clippy::needless_pass_by_value, reason = "stands in map_err as it is")]
pub(super) fn refuse(error: Error) -> Status {
    status(&error)
}

pub(super) fn id<I: Id + std::str::FromStr<Err = ParseIdError>>(
    field: &'static str,
    text: &str,
) -> Result<I, Status> {
    text.parse()
        .map_err(|error: ParseIdError| refuse(Error::field(field, error.to_string())))
}

pub(super) fn ids<I: Id + std::str::FromStr<Err = ParseIdError>>(
    field: &'static str,
    texts: &[String],
) -> Result<Vec<I>, Status> {
    texts.iter().map(|text| id(field, text)).collect()
}

pub(super) fn site(field: &'static str, text: &str) -> Result<SiteId, Status> {
    SiteId::parse(text).map_err(|error| refuse(Error::field(field, error.to_string())))
}

/// A text of people: trimmed, one line, at most so many characters.
pub(super) fn line(field: &'static str, text: &str, chars_max: usize) -> Result<String, Status> {
    let text = text.trim();
    if text.chars().count() > chars_max {
        return Err(refuse(Error::field(
            field,
            format!("at most {chars_max} characters"),
        )));
    }
    if text.chars().any(char::is_control) {
        return Err(refuse(Error::field(
            field,
            "must not contain control characters",
        )));
    }
    Ok(text.to_owned())
}

pub(super) fn time(at: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = at.to_seconds_nanos();
    prost_types::Timestamp { seconds, nanos }
}

pub(super) fn time_from(
    field: &'static str,
    time: prost_types::Timestamp,
) -> Result<Timestamp, Status> {
    Timestamp::from_seconds_nanos(time.seconds, time.nanos)
        .ok_or_else(|| refuse(Error::field(field, "is not a time")))
}

pub(super) fn choice_from(state: proto::presence::State) -> Result<Option<Choice>, Status> {
    use proto::presence::State as S;
    Ok(match state {
        S::Unspecified => None,
        S::Online => Some(Choice::Online),
        S::Away => Some(Choice::Away),
        S::Busy => Some(Choice::Busy),
        S::DoNotDisturb => Some(Choice::DoNotDisturb),
        S::Invisible => Some(Choice::Invisible),
        S::Offline => {
            return Err(refuse(Error::field(
                "state",
                "OFFLINE cannot be chosen; use INVISIBLE",
            )));
        }
    })
}

const fn state(state: State) -> proto::presence::State {
    use proto::presence::State as S;
    match state {
        State::Online => S::Online,
        State::Away => S::Away,
        State::Busy => S::Busy,
        State::DoNotDisturb => S::DoNotDisturb,
        State::Invisible => S::Invisible,
        State::Offline => S::Offline,
    }
}

fn presence_of(user_id: UserId, shown: &Shown, revision: i64, epoch: i64) -> proto::Presence {
    proto::Presence {
        user_id: user_id.to_string(),
        state: state(shown.state).into(),
        reason: shown.reason.to_string(),
        expire_time: shown.expires_at.map(time),
        last_seen_time: shown.last_seen_at.map(time),
        revision,
        epoch,
    }
}

pub(super) fn presence(view: &PresenceView) -> proto::Presence {
    presence_of(view.user_id, &view.shown, view.revision, view.epoch)
}

pub(super) fn seen(seen: &Seen, epoch: i64) -> proto::Presence {
    presence_of(seen.user_id, &seen.shown, seen.revision, epoch)
}

const fn contact_state(side: &Side) -> proto::contact::State {
    use proto::contact::State as S;
    if side.is_blocked {
        return S::Blocked;
    }
    match side.link {
        Link::None => S::None,
        Link::Requested => S::Requested,
        Link::Pending => S::Pending,
        Link::Accepted => S::Accepted,
    }
}

pub(super) fn contact(view: ContactView) -> proto::Contact {
    let state = contact_state(&view.entry.side).into();
    let side = view.entry.side;
    let names = view
        .peer
        .map(|peer| (peer.username.clone(), peer.display_name.clone()));
    let (username, display_name) = names.unwrap_or_default();
    proto::Contact {
        user_id: view.entry.peer_id.to_string(),
        state,
        username,
        display_name,
        alias: side.alias,
        personal_group: side.personal_group,
        is_vip: side.is_vip,
        is_hidden_from: side.is_hidden_from,
        note: side.note,
        create_time: Some(time(side.created_at)),
        update_time: Some(time(side.updated_at)),
    }
}
