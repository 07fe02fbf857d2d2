//! A limit is a limit, whoever comes at the same time and through whichever gateway.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use im_tests::client::{Api, Listen, Person, ops};
use im_tests::{Received, Stream};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::system::{Form, LONG, System, set_policies, text};

const LIMIT: usize = 50;
const ATTEMPTS: usize = 500;
/// Until the places of a killed node are free: the published bound.
const NODE_BOUND: Duration = Duration::from_secs(27);
/// Registrations and sign-ins at once; each is a password computation.
const SIGN_INS_AT_ONCE: usize = 16;

in_both_forms!(behaviour_7_3_of_500_at_once_exactly_50_get_in);

/// Somebody who got in.
pub(crate) struct Inside {
    /// Who.
    pub(crate) person: Person,
    /// Through which door.
    pub(crate) door: usize,
    /// The open stream.
    pub(crate) stream: Stream,
}

/// What became of many who came at once.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Those who got in.
    pub(crate) inside: Vec<Inside>,
    /// Those who were told `SITE_FULL`, with the door they tried.
    pub(crate) outside: Vec<(Person, usize)>,
}

/// Makes many people and signs each of them in through one of the doors in turn.
pub(crate) async fn people(doors: &[Api], name: &str, count: usize) -> Vec<(Person, usize)> {
    let sign_ins = (0..count).map(|number| {
        let (door, username) = (number % doors.len(), format!("{name}{number}"));
        async move { (Person::register(&doors[door], &username).await, door) }
    });
    stream::iter(sign_ins)
        .buffered(SIGN_INS_AT_ONCE)
        .collect()
        .await
}

/// One attempt with a ticket: in, or out by the limit. Anything else fails the test.
async fn attempt(person: &Person, ticket: &str) -> Option<Stream> {
    let path = Listen::default().path(ticket);
    let opened = person.api.web_socket(&path).await;
    let mut stream = opened.unwrap_or_else(|failure| panic!("no stream: {failure:?}"));
    match stream.receive(LONG).await {
        Received::Frame(frame) if frame.get("welcome").is_some() => Some(stream),
        Received::Frame(frame) => {
            assert_eq!(frame["error"]["reason"], "SITE_FULL", "{frame}");
            assert_eq!(frame["error"]["code"], 8, "{frame}");
            let end = stream.receive(LONG).await;
            assert!(
                matches!(end, Received::Closed(_)),
                "a refusal ends the stream: {end:?}"
            );
            None
        }
        other => panic!("neither welcome nor error: {other:?}"),
    }
}

async fn try_in(person: &Person) -> Option<Stream> {
    let ticket = person.api.ok(ops::ticket()).await;
    attempt(person, text(&ticket["ticket"])).await
}

/// All of them open a stream at the same moment.
pub(crate) async fn all_at_once(people: Vec<(Person, usize)>) -> Outcome {
    let with_tickets: Vec<_> = stream::iter(people)
        .map(|(person, door)| async move {
            let ticket = person.api.ok(ops::ticket()).await;
            (person, door, text(&ticket["ticket"]).to_owned())
        })
        .buffered(SIGN_INS_AT_ONCE)
        .collect()
        .await;
    let barrier = Arc::new(Barrier::new(with_tickets.len()));
    let mut attempts = JoinSet::new();
    for (person, door, ticket) in with_tickets {
        let barrier = Arc::clone(&barrier);
        attempts.spawn(async move {
            barrier.wait().await;
            let stream = attempt(&person, &ticket).await;
            (person, door, stream)
        });
    }
    let mut outcome = Outcome::default();
    while let Some(attempted) = attempts.join_next().await {
        match attempted.expect("an attempt") {
            (person, door, Some(stream)) => outcome.inside.push(Inside {
                person,
                door,
                stream,
            }),
            (person, door, None) => outcome.outside.push((person, door)),
        }
    }
    outcome
}

/// Tries again until somebody gets in; how long that took.
async fn until_in(person: &Person, bound: Duration) -> (Stream, Duration) {
    let begin = Instant::now();
    loop {
        if let Some(stream) = try_in(person).await {
            return (stream, begin.elapsed());
        }
        assert!(
            begin.elapsed() < bound,
            "no place became free within {bound:?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn behaviour_7_3_of_500_at_once_exactly_50_get_in(form: Form) {
    let mut system = System::start(form).await;
    let admin = system.administrator().await;
    set_policies(&admin, &[("connected_users_max", &LIMIT.to_string())]).await;
    let doors: Vec<Api> = system
        .doors
        .iter()
        .map(|door| Api::http(&door.base))
        .collect();
    let everybody = people(&doors, "guest", ATTEMPTS).await;
    let mut outcome = all_at_once(everybody).await;
    println!("{form:?}: {} of {ATTEMPTS} got in", outcome.inside.len());
    assert_eq!(
        (outcome.inside.len(), outcome.outside.len()),
        (LIMIT, ATTEMPTS - LIMIT)
    );

    // It counts people: those inside may come with a second device through another door.
    let insider = &outcome.inside[0].person;
    let second = Person::login(&doors[doors.len() - 1], &insider.username).await;
    let second = try_in(&second)
        .await
        .expect("somebody who is in comes in again");
    second.close().await;

    let leaver = outcome.inside.remove(0);
    leaver.stream.close().await;
    let (person, door) = outcome.outside.remove(0);
    let (stream, waited) = until_in(&person, Duration::from_secs(15)).await;
    println!("{form:?}: the place of one who left was free after {waited:?}");
    outcome.inside.push(Inside {
        person,
        door,
        stream,
    });
    let rest: Vec<_> = outcome.outside.drain(..20).collect();
    let late = all_at_once(rest).await;
    assert_eq!(late.inside.len(), 0, "exactly one more");

    if form == Form::Distributed {
        killed_gateway(&mut system, outcome, late.outside).await;
    }
}

/// The places of a gateway that dies are free again within the bound, and only those.
async fn killed_gateway(system: &mut System, outcome: Outcome, outside: Vec<(Person, usize)>) {
    // The one that holds more: who comes first to a limit is chance.
    let held_by = |door: usize| outcome.inside.iter().filter(|one| one.door == door).count();
    let dying = (0..system.doors.len()).max_by_key(|door| held_by(*door));
    let dying = dying.expect("there are gateways");
    let held = held_by(dying);
    system.doors[dying].process.kill_hard();
    let begin = Instant::now();
    let others = outcome.outside.into_iter().chain(outside);
    let mut waiting = others
        .filter(|(_, door)| *door != dying)
        .map(|(person, _)| person);
    let mut streams = Vec::new();
    for _ in 0..held {
        let person = waiting.next().expect("enough people wait");
        let left = NODE_BOUND.saturating_sub(begin.elapsed());
        streams.push(until_in(&person, left).await.0);
    }
    println!(
        "{held} places of a killed gateway were free after {:?}",
        begin.elapsed()
    );
    for _ in 0..10 {
        let person = waiting.next().expect("enough people wait");
        assert!(
            try_in(&person).await.is_none(),
            "more than the killed gateway held"
        );
    }
    drop(outcome.inside);
}
