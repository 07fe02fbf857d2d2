use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);
const FREE: RosterLimits = RosterLimits {
    mine: Limit::Unlimited,
    theirs: Limit::Unlimited,
};

fn request(consent: Consent) -> Request {
    Request {
        note: "hello".to_owned(),
        consent,
        limits: FREE,
    }
}

fn flipped(pair: Pair) -> Pair {
    Pair {
        mine: pair.theirs,
        theirs: pair.mine,
        my_count: pair.their_count,
        their_count: pair.my_count,
    }
}

fn asked() -> Pair {
    Pair::default()
        .request(&request(Consent::Needed), NOW)
        .unwrap()
}

fn linked() -> Pair {
    flipped(flipped(asked()).accept(FREE).unwrap())
}

#[test]
fn a_request_waits_until_it_is_accepted() {
    let pair = asked();
    assert_eq!(
        (pair.mine.link, pair.theirs.link),
        (Link::Requested, Link::Pending)
    );
    assert_eq!(pair.theirs.note, "hello");
    assert_eq!(pair.clone().accept(FREE), Err(ContactError::NotRequested));
    let pair = flipped(pair).accept(FREE).unwrap();
    assert_eq!(
        (pair.mine.link, pair.theirs.link),
        (Link::Accepted, Link::Accepted)
    );
    assert_eq!(
        pair.clone().accept(FREE).unwrap(),
        pair,
        "accepting twice changes nothing"
    );
}

#[test]
fn asking_whoever_asked_accepts() {
    let pair = flipped(asked())
        .request(&request(Consent::Forbidden), NOW)
        .unwrap();
    assert_eq!(
        (pair.mine.link, pair.theirs.link),
        (Link::Accepted, Link::Accepted)
    );
}

#[test]
fn asking_twice_is_told_and_hierarchy_forbids() {
    assert_eq!(
        asked().request(&request(Consent::Needed), NOW),
        Err(ContactError::Exists)
    );
    assert_eq!(
        linked().request(&request(Consent::Needed), NOW),
        Err(ContactError::Exists)
    );
    let forbidden = Pair::default().request(&request(Consent::Forbidden), NOW);
    assert_eq!(forbidden, Err(ContactError::Hierarchy));
}

#[test]
fn where_no_consent_is_needed_the_contact_is_there_at_once() {
    let pair = Pair::default()
        .request(&request(Consent::NotNeeded), NOW)
        .unwrap();
    assert_eq!(
        (pair.mine.link, pair.theirs.link),
        (Link::Accepted, Link::Accepted)
    );
}

#[test]
fn after_a_decline_there_is_a_pause() {
    let pause = Duration::from_mins(1);
    let pair = flipped(flipped(asked()).decline(NOW, pause).unwrap());
    assert!(!pair.mine.is_listed() && !pair.theirs.is_listed());
    assert!(!pair.mine.is_void(NOW) && pair.theirs.is_void(NOW));
    let until = NOW + pause;
    let again = pair.clone().request(&request(Consent::Needed), NOW);
    assert_eq!(again, Err(ContactError::Paused { until }));
    assert!(
        pair.clone()
            .request(&request(Consent::Needed), until)
            .is_ok()
    );
    assert!(
        flipped(pair)
            .request(&request(Consent::Needed), NOW)
            .is_ok(),
        "the other may ask"
    );
}

#[test]
fn a_block_is_not_told_and_gives_back_what_was() {
    let before = linked();
    let blocked = before.clone().block(Some(NOW));
    assert!(blocked.mine.is_blocked);
    assert_eq!(
        blocked.theirs, before.theirs,
        "the blocked one's row does not change"
    );
    assert_eq!(blocked.unblock(), before);
}

#[test]
fn a_request_to_a_blocker_looks_like_any_other() {
    let blocked = flipped(Pair::default().block(None));
    let ordinary = asked();
    let pair = blocked
        .clone()
        .request(&request(Consent::Needed), NOW)
        .unwrap();
    assert_eq!(pair.mine, ordinary.mine);
    assert!(
        pair.theirs.looks_like(&blocked.theirs),
        "the blocker sees nothing of it"
    );
    assert_eq!(
        pair.theirs.link,
        Link::Pending,
        "it is there when the block ends"
    );
    assert_eq!(
        flipped(pair).request(&request(Consent::Needed), NOW),
        Err(ContactError::Blocked)
    );
}

#[test]
fn removing_ends_both_sides_and_keeps_blocks() {
    let pair = linked().remove().unwrap();
    assert!(!pair.mine.is_listed() && !pair.theirs.is_listed());
    assert_eq!(pair.remove(), Err(ContactError::NotFound));
    let pair = flipped(flipped(linked()).block(None)).remove().unwrap();
    assert!(pair.theirs.is_blocked);
    let withdrawn = asked().remove().unwrap();
    assert!(!withdrawn.theirs.is_listed());
}

#[test]
fn both_rosters_have_a_limit() {
    let limits = RosterLimits {
        mine: Limit::AtMost(3),
        theirs: Limit::AtMost(5),
    };
    let limited = |my_count, their_count| {
        let pair = Pair {
            my_count,
            their_count,
            ..Pair::default()
        };
        pair.request(
            &Request {
                limits,
                ..request(Consent::Needed)
            },
            NOW,
        )
    };
    assert!(limited(2, 4).is_ok());
    assert_eq!(
        limited(3, 4),
        Err(ContactError::Limit {
            is_own: true,
            contacts_max: 3
        })
    );
    assert_eq!(
        limited(2, 5),
        Err(ContactError::Limit {
            is_own: false,
            contacts_max: 5
        })
    );
    // The request already counts for whoever asked.
    let pair = Pair {
        my_count: 2,
        their_count: 5,
        ..flipped(asked())
    };
    assert!(pair.clone().accept(limits).is_ok());
    let full = Pair {
        my_count: 3,
        ..pair
    };
    assert_eq!(
        full.accept(limits),
        Err(ContactError::Limit {
            is_own: true,
            contacts_max: 3
        })
    );
}

#[test]
fn hiding_freezes_last_seen_until_nothing_shuts_out() {
    let hide = |is_hidden_from| Marks {
        is_hidden_from: Some(is_hidden_from),
        ..Marks::default()
    };
    let pair = linked().mark(&hide(true), Some(NOW));
    assert_eq!(pair.mine.frozen_seen_at, Some(NOW));
    let pair = pair.block(Some(NOW + Duration::from_secs(9)));
    assert_eq!(pair.mine.frozen_seen_at, Some(NOW), "shut out before");
    let pair = pair.unblock();
    assert_eq!(pair.mine.frozen_seen_at, Some(NOW), "still hidden");
    assert_eq!(pair.mark(&hide(false), None).mine.frozen_seen_at, None);
}
