//! What viewers are told, and that there is no trace of those whom they may not see.

use super::*;

/// behaviour 7.4: the stream about somebody invisible is that of somebody offline.
#[test]
fn somebody_invisible_leaves_no_trace() {
    let tell = |is_there: bool, sight: Sight| {
        let mut board = board();
        let mut told = Vec::new();
        board.claim(claim(Some(Choice::Invisible), 1), NOW);
        let stream = viewer(&mut board, sight);
        for step in 0..40_u32 {
            let now = NOW + step * SECOND;
            if is_there {
                let activity = [Activity::Active, Activity::Idle, Activity::Closed];
                let activity = activity[step as usize % 3];
                board.hold(holding(1, u128::from(step / 3), activity, now), now);
                let mut other = claim(Some(Choice::Invisible), i64::from(step) + 2);
                other.reason = Arc::from(format!("reason {step}"));
                board.claim(other, now);
            }
            board.tick(now);
            told.push((board.take_rung(), board.drain(stream, now, 10)));
        }
        told
    };
    assert_eq!(tell(true, Sight::Open), tell(false, Sight::Open));
}

/// The same for those who are hidden, blocking or out of reach, whatever they do.
#[test]
fn whoever_may_not_be_seen_leaves_no_trace() {
    let unseen = [
        (Sight::Closed, None),
        (Sight::Frozen, Some(NOW)),
        (Sight::Frozen, None),
    ];
    for (sight, frozen_seen_at) in unseen {
        let tell = |is_there: bool| {
            let mut board = board();
            let stream = viewer(&mut board, sight);
            let mut list = [watching(1, sight)];
            list[0].tie.frozen_seen_at = frozen_seen_at;
            board.resight(board.viewer_keys()[0], true, &list);
            let mut told = Vec::new();
            for step in 0..40_u32 {
                let now = NOW + step * SECOND;
                if is_there {
                    let activity = [Activity::Active, Activity::Idle, Activity::Closed];
                    let activity = activity[step as usize % 3];
                    board.hold(holding(1, u128::from(step / 3), activity, now), now);
                    board.claim(claim(Some(Choice::Busy), i64::from(step)), now);
                }
                board.tick(now);
                told.push((board.take_rung(), board.drain(stream, now, 10)));
            }
            told
        };
        assert_eq!(tell(true), tell(false), "{sight:?} {frozen_seen_at:?}");
    }
}

/// Becoming invisible, or hiding, looks as if the person had gone the usual time ago.
#[test]
fn becoming_invisible_is_told_as_going() {
    let told = |is_closing: bool| {
        let mut board = board();
        let stream = viewer(&mut board, Sight::Open);
        board.hold(holding(1, 1, Activity::Active, NOW), NOW);
        board.drain(stream, NOW, 10);
        let at = NOW + 30 * SECOND;
        if is_closing {
            board.hold(
                holding(1, 1, Activity::Closed, at - DEBOUNCE),
                at - DEBOUNCE,
            );
            board.tick(at);
        } else {
            board.claim(claim(Some(Choice::Invisible), 1), at);
        }
        (
            board.frozen_seen_at(user(1), None, at),
            board.drain(stream, at, 10),
        )
    };
    assert_eq!(told(true), told(false));
}

#[test]
fn a_viewer_is_told_each_change_once_and_the_newest_only() {
    let mut board = board();
    let stream = viewer(&mut board, Sight::Open);
    let first = board.drain(stream, NOW, 10);
    assert!(first[0].is_snapshot && first[0].version == 1);
    board.hold(holding(1, 1, Activity::Active, NOW), NOW);
    assert_eq!(board.take_rung(), [stream]);
    board.claim(claim(Some(Choice::Busy), 1), NOW);
    board.claim(claim(Some(Choice::DoNotDisturb), 2), NOW);
    let views = board.drain(stream, NOW, 10);
    assert_eq!((views.len(), views[0].seen.len()), (1, 1));
    assert_eq!(views[0].seen[0].shown.state, State::DoNotDisturb);
    assert!(
        views[0].seen[0].revision > first[0].seen[0].revision,
        "also in the same instant"
    );
    assert_eq!(board.drain(stream, NOW, 10), []);
    // There and back between two messages: nothing to tell.
    board.claim(claim(Some(Choice::Busy), 3), NOW);
    board.claim(claim(Some(Choice::DoNotDisturb), 4), NOW);
    assert_eq!(board.drain(stream, NOW, 10), []);
}

#[test]
fn a_new_list_replaces_and_an_empty_one_ends() {
    let mut board = board();
    let stream = viewer(&mut board, Sight::Open);
    board.drain(stream, NOW, 10);
    let connection_id = ConnectionId::from_uuid(Uuid::from_u128(900));
    let viewer = |version| Viewer {
        connection_id,
        user_id: user(9),
        site_id: SiteId::default(),
        version,
        is_last_seen_told: true,
    };
    let list = |number| vec![watching(number, Sight::Open)];
    assert!(board.watch(stream, viewer(3), list(2)));
    assert!(
        !board.watch(stream, viewer(2), list(1)),
        "an older list is late"
    );
    let views = board.drain(stream, NOW, 10);
    assert_eq!(
        (views.len(), views[0].version, views[0].seen[0].user_id),
        (1, 3, user(2))
    );
    board.hold(holding(1, 1, Activity::Active, NOW), NOW);
    assert_eq!(board.drain(stream, NOW, 10), []);
    assert!(board.watch(stream, viewer(4), Vec::new()));
    board.hold(holding(2, 2, Activity::Active, NOW), NOW);
    assert_eq!(board.drain(stream, NOW, 10), []);
    board.close_stream(stream);
    assert!(board.viewer_keys().is_empty());
}

#[test]
fn a_changed_sight_is_told() {
    let mut board = board();
    let stream = viewer(&mut board, Sight::Open);
    board.hold(holding(1, 1, Activity::Active, NOW), NOW);
    assert_eq!(states(&mut board, stream, NOW), [State::Online]);
    let key = board.viewer_keys_of(user(9))[0];
    assert_eq!(board.watchers_of(user(1)), [key]);
    for (sight, state) in [
        (Sight::Closed, State::Offline),
        (Sight::Open, State::Online),
    ] {
        let list = [watching(1, sight)];
        board.resight(key, true, &list);
        assert_eq!(states(&mut board, stream, NOW), [state]);
        board.resight(key, true, &list);
        assert_eq!(states(&mut board, stream, NOW), []);
    }
}

/// Also in the figures of the operator, which may be public.
#[test]
fn nobody_invisible_is_counted_as_there() {
    let mut board = board();
    for number in 1..=3 {
        board.hold(holding(number, number, Activity::Active, NOW), NOW);
    }
    board.hold(holding(3, 3, Activity::Idle, NOW + SECOND), NOW + SECOND);
    board.claim(claim(Some(Choice::Invisible), 1), NOW);
    viewer(&mut board, Sight::Open);
    let expected = Census {
        active: 2,
        idle: 1,
        online: 1,
        away: 1,
        watchers: 1,
        watched: 1,
        ..Census::default()
    };
    assert_eq!(board.census(), expected);
}

#[test]
fn notices_are_counted() {
    let mut board = board();
    let stream = viewer(&mut board, Sight::Open);
    board.drain(stream, NOW, 10);
    board.hold(holding(1, 1, Activity::Active, NOW), NOW);
    board.claim(claim(Some(Choice::Busy), 1), NOW);
    board.drain(stream, NOW, 10);
    board.claim(claim(None, 2), NOW);
    board.claim(claim(Some(Choice::Busy), 3), NOW);
    board.drain(stream, NOW, 10);
    let expected = NoticeCounts {
        sent: 2,
        coalesced: 3,
    };
    assert_eq!(board.take_notices(), expected);
    assert_eq!(board.take_notices(), NoticeCounts::default());
}
