use im_types::{GroupId, UserId};
use uuid::Uuid;

use super::*;

fn person(number: u128, level: i32, groups: &[u128]) -> Person {
    Person {
        user_id: UserId::from_uuid(Uuid::from_u128(number)),
        username: format!("user{number}"),
        display_name: String::new(),
        is_active: true,
        hierarchy_level: level,
        role_ids: Vec::new(),
        group_ids: groups
            .iter()
            .map(|id| GroupId::from_uuid(Uuid::from_u128(*id)))
            .collect(),
    }
}

fn rules(visibility: VisibilityMode) -> Rules {
    Rules {
        visibility,
        ..Rules::default()
    }
}

const MODES: [VisibilityMode; 4] = [
    VisibilityMode::Normal,
    VisibilityMode::GroupCommunity,
    VisibilityMode::OpenGroupCommunity,
    VisibilityMode::OpenCommunity,
];
const STRANGERS: Tie = Tie {
    is_accepted: false,
    has_blocked: false,
    is_blocked: false,
    is_hidden: false,
    frozen_seen_at: None,
};
const CONTACTS: Tie = Tie {
    is_accepted: true,
    ..STRANGERS
};

/// behaviour 7.4
#[test]
fn the_four_modes_show_whom_they_say() {
    let (me, other, mate) = (
        person(1, 0, &[7]),
        person(2, 0, &[8]),
        person(3, 0, &[7, 8]),
    );
    let seen = |mode, subject, tie| sight(&rules(mode), &me, Some(subject), &tie) == Sight::Open;
    assert_eq!(
        MODES.map(|mode| seen(mode, &other, STRANGERS)),
        [false, false, true, true]
    );
    assert_eq!(
        MODES.map(|mode| seen(mode, &other, CONTACTS)),
        [true, false, true, true]
    );
    assert_eq!(
        MODES.map(|mode| seen(mode, &mate, STRANGERS)),
        [false, true, true, true]
    );
}

#[test]
fn blocks_and_hiding_beat_every_mode() {
    let (me, mate) = (person(1, 0, &[7]), person(2, 0, &[7]));
    for mode in MODES {
        let rules = rules(mode);
        let blocker = Tie {
            has_blocked: true,
            ..CONTACTS
        };
        assert_eq!(sight(&rules, &me, Some(&mate), &blocker), Sight::Closed);
        assert_eq!(
            reach(&rules, &me, Some(&mate), &blocker),
            Err(Refusal::Blocked)
        );
        let at = Some(Timestamp::from_micros(5));
        let blocked = Tie {
            is_blocked: true,
            frozen_seen_at: at,
            ..CONTACTS
        };
        assert_eq!(sight(&rules, &me, Some(&mate), &blocked), Sight::Frozen);
        let refusal = reach(&rules, &me, Some(&mate), &blocked).unwrap_err();
        assert_ne!(refusal, Refusal::Blocked, "a block is not told");
        let hidden = Tie {
            is_hidden: true,
            frozen_seen_at: at,
            ..CONTACTS
        };
        assert_eq!(sight(&rules, &me, Some(&mate), &hidden), Sight::Frozen);
        assert_eq!(reach(&rules, &me, Some(&mate), &hidden), Ok(()));
    }
}

#[test]
fn whoever_is_seen_may_be_written_to() {
    let me = person(1, 5, &[7]);
    for mode in MODES {
        for groups in [&[7_u128][..], &[8]] {
            for tie in [STRANGERS, CONTACTS] {
                for is_active in [true, false] {
                    let other = Person {
                        is_active,
                        ..person(2, 1, groups)
                    };
                    let rules = Rules {
                        is_hierarchy_enforced: true,
                        ..rules(mode)
                    };
                    let is_seen = sight(&rules, &me, Some(&other), &tie) == Sight::Open;
                    let is_reached = reach(&rules, &me, Some(&other), &tie).is_ok();
                    assert_eq!(
                        is_seen, is_reached,
                        "{mode:?} {groups:?} {tie:?} {is_active}"
                    );
                }
            }
        }
    }
}

#[test]
fn refusals_say_why() {
    let (me, boss) = (person(1, 5, &[7]), person(2, 1, &[8]));
    let normal = Rules {
        is_hierarchy_enforced: true,
        ..rules(VisibilityMode::Normal)
    };
    assert_eq!(
        reach(&normal, &me, Some(&boss), &STRANGERS),
        Err(Refusal::Hierarchy)
    );
    assert_eq!(
        reach(&normal, &boss, Some(&me), &STRANGERS),
        Err(Refusal::NotAContact)
    );
    assert_eq!(reach(&normal, &me, Some(&boss), &CONTACTS), Ok(()));
    let group = rules(VisibilityMode::GroupCommunity);
    assert_eq!(
        reach(&group, &me, Some(&boss), &CONTACTS),
        Err(Refusal::NoCommonGroup)
    );
    assert_eq!(
        reach(&group, &me, None, &CONTACTS),
        Err(Refusal::UserNotFound)
    );
    assert_eq!(reach(&normal, &me, Some(&me), &STRANGERS), Ok(()));
    let equal = person(3, 5, &[]);
    assert_eq!(consent(&normal, &me, &equal), Consent::Needed);
    assert_eq!(consent(&normal, &me, &boss), Consent::Forbidden);
}
