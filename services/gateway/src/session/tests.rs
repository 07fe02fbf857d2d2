use im_proto::{
    gateway::{Ack, Activity, ClientFrame, Hello, Ping, Typing, Watch, client_frame},
    messaging::{Batch, Entry, SendMessageRequest},
};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const HEARTBEAT: Duration = Duration::from_secs(25);

fn limits() -> SessionLimits {
    SessionLimits {
        frames_per_s: 10,
        frames_burst: 5,
        sends_pending_max: 2,
        watch_max: 3,
        typing_interval: Duration::from_secs(2),
        heartbeat_max: Duration::from_secs(30),
    }
}

fn identity() -> SessionIdentity {
    SessionIdentity {
        user_id: UserId::from_uuid(Uuid::from_u128(1)),
        session_id: SessionId::from_uuid(Uuid::from_u128(2)),
        connection_id: ConnectionId::from_uuid(Uuid::from_u128(3)),
    }
}

fn opening(now: Instant) -> Session {
    Session::new(identity(), limits(), HEARTBEAT, true, now)
}

fn open(now: Instant) -> Session {
    let mut session = opening(now);
    session.handle(
        Input::Opened {
            cursor: "1.0".to_owned(),
        },
        now,
    );
    session
}

fn client(frame: client_frame::Frame) -> Input {
    Input::Client(ClientFrame { frame: Some(frame) })
}

fn reasons(actions: &[Action]) -> Vec<String> {
    let frames = actions.iter().filter_map(|action| match action {
        Action::Send(Frame::Error(error)) => Some(error.reason.clone()),
        Action::Send(Frame::Goaway(goaway)) => Some(goaway.reason.clone()),
        _ => None,
    });
    frames.collect()
}

#[tokio::test]
async fn what_is_said_beside_a_stream_that_opens_counts_once_it_stands() {
    let now = Instant::now();
    let mut session = opening(now);
    let watch = client_frame::Frame::Watch(Watch {
        user_ids: Vec::new(),
    });
    assert!(session.handle(client(watch), now).is_empty());
    let actions = session.handle(
        Input::Opened {
            cursor: "7.3".to_owned(),
        },
        now,
    );
    let [Action::Send(Frame::Welcome(_)), Action::Watch(watched)] = actions.as_slice() else {
        panic!("{actions:?}")
    };
    assert!(watched.is_empty());
}

#[tokio::test]
async fn welcome_comes_first_and_names_the_stream() {
    let now = Instant::now();
    let mut session = opening(now);
    assert!(
        !session.is_listening(),
        "what a client says waits for the welcome"
    );
    assert!(
        session
            .handle(Input::Batch(Batch::default()), now)
            .is_empty()
    );
    let actions = session.handle(
        Input::Opened {
            cursor: "7.3".to_owned(),
        },
        now,
    );
    let [Action::Send(Frame::Welcome(welcome))] = actions.as_slice() else {
        panic!("{actions:?}");
    };
    assert_eq!(welcome.cursor, "7.3");
    assert_eq!(welcome.heartbeat_ms, 30_000);
    assert_eq!(welcome.session_id, identity().session_id.to_string());
    assert!(session.is_listening());
    let again = session.handle(
        Input::Opened {
            cursor: "7.9".to_owned(),
        },
        now,
    );
    assert!(
        again.is_empty(),
        "an attachment that was renewed is no news"
    );
}

#[tokio::test]
async fn entries_are_told_before_their_room_is_given_back() {
    let now = Instant::now();
    let batch = Batch {
        entries: vec![Entry::default(); 3],
        cursor: "1.3".to_owned(),
    };
    let actions = open(now).handle(Input::Batch(batch.clone()), now);
    assert_eq!(
        actions,
        [
            Action::Send(Frame::Batch(batch)),
            Action::Credit { entries: 3 }
        ]
    );
}

#[tokio::test]
async fn each_frame_of_a_client_has_its_effect() {
    use client_frame::Frame as Said;
    let now = Instant::now();
    let user_id = identity().user_id;
    let send = SendMessageRequest {
        client_key: "k".to_owned(),
        ..Default::default()
    };
    let cases = [
        (
            Said::Ping(Ping {}),
            vec![Action::Send(Frame::Pong(gateway::Pong {}))],
        ),
        (
            Said::Watch(Watch {
                user_ids: vec![user_id.to_string()],
            }),
            vec![Action::Watch(vec![user_id])],
        ),
        (
            Said::Typing(Typing {
                conversation_id: "cnv_1".to_owned(),
                user_id: String::new(),
            }),
            vec![Action::PublishTyping {
                conversation_id: "cnv_1".to_owned(),
            }],
        ),
        (
            Said::Ack(Ack {
                cursor: "1.2".to_owned(),
            }),
            vec![Action::Acknowledge {
                cursor: "1.2".to_owned(),
            }],
        ),
        (
            Said::Activity(Activity { idle: true }),
            vec![Action::ReportActivity { is_idle: true }],
        ),
        (Said::Activity(Activity { idle: false }), vec![]),
        (Said::Send(send.clone()), vec![Action::SubmitSend(send)]),
    ];
    for (frame, expected) in cases {
        assert_eq!(
            open(now).handle(client(frame.clone()), now),
            expected,
            "{frame:?}"
        );
    }
}

#[tokio::test]
async fn bad_frames_are_refused_and_the_stream_goes_on() {
    use client_frame::Frame as Said;
    let now = Instant::now();
    let cases = [
        (Input::Client(ClientFrame { frame: None }), "FRAME_INVALID"),
        (
            Input::Malformed {
                message: "no JSON".to_owned(),
            },
            "FRAME_INVALID",
        ),
        (client(Said::Hello(Hello::default())), "HELLO_OUT_OF_PLACE"),
        (
            client(Said::Watch(Watch {
                user_ids: vec!["x".to_owned()],
            })),
            "FRAME_INVALID",
        ),
        (
            client(Said::Watch(Watch {
                user_ids: vec!["x".to_owned(); 4],
            })),
            "WATCH_TOO_LARGE",
        ),
        (
            client(Said::Ack(Ack {
                cursor: String::new(),
            })),
            "FRAME_INVALID",
        ),
        (
            client(Said::Ack(Ack {
                cursor: "x".repeat(300),
            })),
            "FRAME_INVALID",
        ),
    ];
    for (input, reason) in cases {
        let mut session = open(now);
        assert_eq!(reasons(&session.handle(input, now)), [reason]);
        assert!(session.is_listening());
    }
}

#[tokio::test]
async fn typing_is_told_once_in_two_seconds() {
    let now = Instant::now();
    let mut session = open(now);
    let typing = || {
        client(client_frame::Frame::Typing(Typing {
            conversation_id: "cnv_1".to_owned(),
            user_id: String::new(),
        }))
    };
    assert_eq!(session.handle(typing(), now).len(), 1);
    assert!(
        session
            .handle(typing(), now + Duration::from_millis(1_999))
            .is_empty()
    );
    assert_eq!(
        session.handle(typing(), now + Duration::from_secs(2)).len(),
        1
    );
}

#[tokio::test]
async fn too_many_frames_are_refused_with_the_time_to_wait() {
    let now = Instant::now();
    let mut session = open(now);
    for _ in 0..5 {
        session.handle(client(client_frame::Frame::Ping(Ping {})), now);
    }
    let request = SendMessageRequest {
        client_key: "k7".to_owned(),
        ..Default::default()
    };
    let actions = session.handle(client(client_frame::Frame::Send(request)), now);
    let [Action::Send(Frame::Error(error))] = actions.as_slice() else {
        panic!("{actions:?}")
    };
    assert_eq!(
        (error.reason.as_str(), error.client_key.as_str()),
        ("RATE_LIMITED", "k7")
    );
    let wait = Duration::from_millis(u64::try_from(error.retry_after_ms).unwrap());
    let ping = client(client_frame::Frame::Ping(Ping {}));
    assert!(reasons(&session.handle(ping, now + wait)).is_empty());
}

#[tokio::test]
async fn a_client_with_many_open_sends_is_not_listened_to() {
    let now = Instant::now();
    let mut session = open(now);
    for _ in 0..2 {
        session.handle(
            client(client_frame::Frame::Send(SendMessageRequest::default())),
            now,
        );
    }
    assert!(!session.is_listening());
    session.handle(Input::Sent(gateway::Sent::default()), now);
    assert!(session.is_listening());
}

#[tokio::test]
async fn a_silent_peer_is_given_up_within_two_intervals() {
    let start = Instant::now();
    let mut session = open(start);
    assert_eq!(session.next_tick(), start + HEARTBEAT);
    let first = session.handle(Input::Tick, start + HEARTBEAT);
    assert_eq!(
        first,
        [Action::Send(Frame::Pong(gateway::Pong {})), Action::Probe]
    );
    let second = session.handle(Input::Tick, start + HEARTBEAT * 2);
    assert_eq!(reasons(&second), ["HEARTBEAT_LOST"]);
    assert_eq!(second.last(), Some(&Action::Close));
}

#[tokio::test]
async fn a_peer_that_answers_stays() {
    let mut now = Instant::now();
    let mut session = open(now);
    for _ in 0..10 {
        now += HEARTBEAT;
        assert!(reasons(&session.handle(Input::Tick, now)).is_empty());
        session.handle(Input::Alive, now + Duration::from_secs(5));
    }
}

#[tokio::test]
async fn one_way_peers_need_not_answer() {
    let start = Instant::now();
    let mut session = Session::new(identity(), limits(), HEARTBEAT, false, start);
    session.handle(
        Input::Opened {
            cursor: String::new(),
        },
        start,
    );
    for tick in 1..10 {
        assert!(reasons(&session.handle(Input::Tick, start + HEARTBEAT * tick)).is_empty());
    }
}

fn input() -> impl Strategy<Value = Input> {
    let fault = || Fault {
        code: 8,
        reason: "SITE_FULL".to_owned(),
        message: String::new(),
        client_key: String::new(),
        retry_after_ms: 0,
    };
    (0..11_u8).prop_map(move |choice| match choice {
        0 => Input::Opened {
            cursor: "1.1".to_owned(),
        },
        1 => Input::Batch(Batch::default()),
        2 => Input::Tick,
        3 => Input::Alive,
        4 => Input::Malformed {
            message: String::new(),
        },
        5 => Input::End(End::SlowReader),
        6 => Input::End(End::Failed(fault())),
        7 => Input::SendFailed(fault()),
        8 => client(client_frame::Frame::Ping(Ping {})),
        9 => Input::End(End::Draining {
            reconnect_after_ms: 5,
        }),
        _ => Input::Presence(gateway::PresenceBatch::default()),
    })
}

proptest! {
    /// Whatever happens in whatever order: welcome first, one final frame, nothing after it.
    #[test]
    fn streams_begin_and_end_as_promised(inputs in prop::collection::vec(input(), 0..40)) {
        let now = Instant::now();
        let mut session = opening(now);
        let mut has_welcome = false;
        let mut is_closed = false;
        for input in inputs {
            let actions = session.handle(input, now);
            prop_assert!(!is_closed || actions.is_empty(), "{actions:?} after the end");
            if let Some(index) = actions.iter().position(|action| *action == Action::Close) {
                prop_assert_eq!(index + 1, actions.len());
                prop_assert!(matches!(
                    actions.get(index - 1),
                    Some(Action::Send(Frame::Goaway(_) | Frame::Error(_)))
                ));
                is_closed = true;
            }
            for action in &actions {
                if let Action::Send(frame) = action {
                    let is_welcome = matches!(frame, Frame::Welcome(_));
                    prop_assert!(has_welcome || is_welcome || is_closed, "{frame:?} too early");
                    prop_assert!(!(has_welcome && is_welcome), "a second welcome");
                    has_welcome |= is_welcome;
                }
            }
        }
        prop_assert_eq!(session.is_ended(), is_closed);
    }
}
