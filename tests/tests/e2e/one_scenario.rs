//! Two people meet and talk; what each of them is told is the same over every transport and in both
//! forms.

mod normal;

use im_tests::Received;
use im_tests::client::{Api, Events, Listen, Person, Transport, ops};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::system::{Form, LONG, SOON, System, list, text};
use normal::Normal;

/// What was answered and told, in order, with labels.
type Transcript = Vec<(String, Value)>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_over_every_transport_and_in_both_forms() {
    let mut first: Option<(String, Transcript)> = None;
    for form in [Form::Standalone, Form::Distributed] {
        if !form.is_available() {
            continue;
        }
        let system = System::start(form).await;
        for transport in Transport::ALL {
            let name = format!("{form:?} over {transport:?}");
            println!("{name}");
            let transcript = Scenario::start(&system, transport).await.play().await;
            match &first {
                None => {
                    assert_complete(&transcript);
                    first = Some((name, transcript));
                }
                Some(first) => assert_same(first, &(name, transcript)),
            }
        }
    }
}

/// That there is something to compare.
fn assert_complete(transcript: &Transcript) {
    let told = serde_json::to_string(transcript).expect("a transcript is JSON");
    let kinds = [
        "\"MESSAGE\"",
        "\"EDIT\"",
        "\"DELETE\"",
        "\"REACTION\"",
        "\"RECEIPT\"",
        "\"CONTACT\"",
        "\"BUSY\"",
        "CLIENT_KEY_REUSED",
        "while away",
        "typing",
    ];
    for kind in kinds {
        assert!(told.contains(kind), "{kind} is missing in {told}");
    }
}

fn assert_same((first_name, first): &(String, Transcript), (name, other): &(String, Transcript)) {
    for ((label, expected), (_, seen)) in first.iter().zip(other) {
        let (expected, seen) = (format!("{expected:#}"), format!("{seen:#}"));
        let differing = expected.lines().zip(seen.lines()).find(|(a, b)| a != b);
        assert!(
            expected == seen,
            "{label} differs at {differing:?}\n{first_name}: {expected}\n{name}: {seen}"
        );
    }
    assert_eq!(first.len(), other.len());
}

/// One person's stream, with all mailbox entries that came over it.
struct Reader {
    person: Person,
    events: Events,
    start: String,
    cursor: String,
    entries: Vec<Value>,
    /// What was told of others since somebody asked.
    presences: Vec<Value>,
}

impl Reader {
    async fn open(person: Person, watch: &[&str]) -> Self {
        let options = Listen::watching(watch.iter().copied());
        let (events, cursor) = person.listen(options).await;
        Self {
            person,
            events,
            start: cursor.clone(),
            cursor,
            entries: Vec::new(),
            presences: Vec::new(),
        }
    }

    fn keep(&mut self, batch: &Value) {
        self.entries.extend(list(&batch["entries"]).iter().cloned());
        text(&batch["cursor"]).clone_into(&mut self.cursor);
    }

    /// Reads until a frame fits; keeps the entries that come in between.
    async fn until(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + LONG;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let frame = match self.events.receive(left).await {
                Received::Frame(frame) => frame,
                other => panic!("{what} expected, not {other:?} after {:#?}", self.entries),
            };
            if let Some(batch) = frame.get("batch") {
                self.keep(batch);
            }
            if let Some(batch) = frame.get("presence") {
                self.presences
                    .extend(list(&batch["presences"]).iter().cloned());
            }
            if fits(&frame) {
                return frame;
            }
        }
    }

    /// Reads until an entry fits, also among those that are there.
    async fn until_entry(&mut self, what: &str, fits: impl Fn(&Value) -> bool + Copy) {
        if !self.entries.iter().any(fits) {
            self.until(what, |frame| {
                frame
                    .get("batch")
                    .is_some_and(|batch| list(&batch["entries"]).iter().any(fits))
            })
            .await;
        }
    }

    async fn until_state(&mut self, user_id: &str, state: &str) -> Value {
        let end = Instant::now() + LONG;
        loop {
            let mut told = std::mem::take(&mut self.presences).into_iter();
            let wanted = told.find(|one| one["userId"] == user_id && one["state"] == state);
            if let Some(presence) = wanted {
                self.presences = told.collect();
                return presence;
            }
            assert!(Instant::now() < end, "{state} is not told");
            self.until(state, |frame| frame.get("presence").is_some())
                .await;
        }
    }

    /// All entries since the beginning, once those of the stream are as many as those of the
    /// mailbox; that they are the same is checked here.
    async fn all_entries(&mut self) -> Value {
        let page = self.person.api.ok(ops::entries(&self.start, 500)).await;
        let mailbox = list(&page["entries"]).to_vec();
        while self.entries.len() < mailbox.len() {
            self.until("an entry", |frame| frame.get("batch").is_some())
                .await;
        }
        assert_eq!(self.entries.len(), mailbox.len(), "{:#?}", self.entries);
        let identity = |entry: &Value| (entry["seq"].clone(), entry["kind"].clone());
        let streamed: Vec<_> = self.entries.iter().map(identity).collect();
        assert_eq!(streamed, mailbox.iter().map(identity).collect::<Vec<_>>());
        json!(mailbox)
    }
}

struct Scenario {
    api: Api,
    ann: Reader,
    bob: Reader,
    transcript: Transcript,
}

impl Scenario {
    /// Two new people, whose names end alike.
    async fn start(system: &System, transport: Transport) -> Self {
        let api = system.api().over(transport);
        let suffix = format!("{transport:?}").to_lowercase();
        let mut transcript = Transcript::new();
        let mut people = Vec::new();
        for name in ["ann", "bob"] {
            let username = format!("{name}.{suffix}");
            let account = json!({ "username": username, "password": Person::PASSWORD });
            transcript.push((
                format!("{name} registers"),
                api.ok(ops::register_as(account)).await,
            ));
            people.push(Person::login(&api, &username).await);
        }
        let (bob, ann) = (people.pop().expect("bob"), people.pop().expect("ann"));
        let bob_id = bob.id.clone();
        Self {
            api,
            ann: Reader::open(ann, &[&bob_id]).await,
            bob: Reader::open(bob, &[]).await,
            transcript,
        }
    }

    fn note(&mut self, label: &str, value: Value) {
        self.transcript.push((label.to_owned(), value));
    }

    async fn play(mut self) -> Transcript {
        self.meet().await;
        let conversation = self.talk().await;
        self.change(&conversation).await;
        self.come_back(&conversation).await;
        self.look_back(&conversation).await;
        let mut normal = Normal::of(&[&self.ann.person.username, &self.bob.person.username]);
        self.transcript
            .into_iter()
            .map(|(label, value)| (label, normal.of_value(value)))
            .collect()
    }

    async fn meet(&mut self) {
        let (ann, bob) = (self.ann.person.clone(), self.bob.person.clone());
        let asked = ann.api.ok(ops::request_contact(&bob.id)).await;
        self.note("ann asks", asked);
        self.bob
            .until_entry("a request", |e| e["contact"]["state"] == "PENDING")
            .await;
        self.ann
            .until_entry("the request", |e| e["contact"]["state"] == "REQUESTED")
            .await;
        let accepted = bob.api.ok(ops::accept_contact(&ann.id)).await;
        self.note("bob accepts", accepted);
        self.ann
            .until_entry("a contact", |e| e["contact"]["state"] == "ACCEPTED")
            .await;
        self.bob
            .until_entry("a contact", |e| e["contact"]["state"] == "ACCEPTED")
            .await;
        let seen = self.ann.until_state(&bob.id, "ONLINE").await;
        self.note("ann sees bob", seen);
        bob.api
            .ok(ops::set_presence("BUSY", "counting stock"))
            .await;
        let seen = self.ann.until_state(&bob.id, "BUSY").await;
        self.note("ann sees bob busy", seen);
    }

    async fn talk(&mut self) -> String {
        let (ann, bob) = (self.ann.person.clone(), self.bob.person.clone());
        let made = ann.api.ok(ops::direct(&bob.id)).await;
        let id = text(&made["conversation"]["id"]).to_owned();
        self.note("ann opens a conversation", made);
        for (key, message) in [("k1", "one"), ("k2", "two"), ("k3", "three")] {
            let sent = ann.api.ok(ops::send(&id, key, message)).await;
            self.note("ann sends", sent);
        }
        let again = ann.api.ok(ops::send(&id, "k3", "three")).await;
        self.note("ann repeats", again);
        let refused = ann.api.refused(ops::send(&id, "k3", "four")).await;
        let told =
            json!({ "code": refused.code, "reason": refused.reason, "message": refused.message });
        self.note("ann reuses a key", told);
        self.bob
            .until_entry("three", |e| e["message"]["text"] == "three")
            .await;
        self.ann
            .until_entry("three", |e| e["message"]["text"] == "three")
            .await;
        let frame = json!({ "typing": { "conversationId": id } });
        self.bob.events.say(frame).await;
        let typing = self
            .ann
            .until("typing", |frame| frame.get("typing").is_some())
            .await;
        self.note("bob types", typing);
        id
    }

    async fn change(&mut self, id: &str) {
        let (ann, bob) = (self.ann.person.clone(), self.bob.person.clone());
        let edited = ann.api.ok(ops::edit(id, 1, "ONE")).await;
        self.note("ann edits", edited);
        self.bob
            .until_entry("the edit", |e| e["kind"] == "EDIT")
            .await;
        let reacted = bob.api.ok(ops::react(id, 2, "👍")).await;
        self.note("bob reacts", reacted);
        self.ann
            .until_entry("the reaction", |e| e["kind"] == "REACTION")
            .await;
        let deleted = ann.api.ok(ops::delete_message(id, 3)).await;
        self.note("ann deletes", deleted);
        self.bob
            .until_entry("the deletion", |e| e["kind"] == "DELETE")
            .await;
        let read = bob.api.ok(ops::mark_read(id, 3)).await;
        self.note("bob reads", read);
        self.ann
            .until_entry("the receipt", |e| e["receipt"]["readSeq"] == "3")
            .await;
    }

    /// Bob is away for a message and goes on from his cursor.
    async fn come_back(&mut self, id: &str) {
        let (ann, bob) = (self.ann.person.clone(), self.bob.person.clone());
        self.bob.all_entries().await;
        let events = std::mem::replace(
            &mut self.bob.events,
            self.bob.person.listen(Listen::default()).await.0,
        );
        events.close().await;
        let sent = ann.api.ok(ops::send(id, "k4", "while away")).await;
        self.note("ann sends", sent);
        let options = Listen::after(&self.bob.cursor);
        self.bob.events = bob.listen(options).await.0;
        self.bob
            .until_entry("the message", |e| e["message"]["text"] == "while away")
            .await;
    }

    async fn look_back(&mut self, id: &str) {
        let (ann, bob) = (self.ann.person.clone(), self.bob.person.clone());
        let entries = self.ann.all_entries().await;
        self.note("ann's mailbox", entries);
        let entries = self.bob.all_entries().await;
        self.note("bob's mailbox", entries);
        for person in [&ann, &bob] {
            let history = person.api.ok(ops::history(id, "pageSize=50")).await;
            self.note("history", history);
            let own = person.api.ok(ops::conversations()).await;
            self.note("conversations", own);
            let roster = person.api.ok(ops::contacts()).await;
            self.note("roster", roster);
        }
        let site = self.api.ok(ops::site()).await;
        self.note("site", site);
        // Nothing more comes.
        let rest = self.bob.events.receive(SOON / 5).await;
        let is_quiet = match &rest {
            Received::Silence => true,
            Received::Frame(frame) => frame.get("batch").is_none(),
            Received::Closed(_) => false,
        };
        assert!(is_quiet, "{rest:?}");
    }
}
