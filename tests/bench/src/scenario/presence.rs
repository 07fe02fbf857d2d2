//! Changes of presence and those who are told. Every change carries its moment as its reason, so a
//! watcher knows how late it comes. Changes may be merged on the way; the last one may not be lost.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use clap::Args;
use im_proto::{gateway::server_frame::Frame, presence::Presence as Notice};
use serde_json::json;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep_until, timeout_at},
};

use crate::{
    args::Cli,
    client::Api,
    pace::{self, Moments},
    people::{People, Person},
    report::{Interval, Latencies, Report},
    server::{Passwords, Server},
    stream::{Door, Stream},
    usage::as_f64,
};

/// How long the last changes may take to arrive.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Args)]
pub(crate) struct Presence {
    /// People who change
    #[arg(long, default_value_t = 100)]
    pub(crate) subjects: usize,
    /// People who watch all of them
    #[arg(long, default_value_t = 20)]
    pub(crate) watchers: usize,
    /// Changes per second of all together; 0 for as many as go
    #[arg(long, default_value_t = 800)]
    pub(crate) rate: u32,
    /// Not measured, first
    #[arg(long, default_value_t = 2_000)]
    pub(crate) warm_up_ms: u64,
    /// How long is measured
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
}

/// The last reason of each person who changed, by user id.
type Last = HashMap<String, String>;

/// One who watches.
struct Watcher {
    stream: Stream,
    begin: Instant,
    measured_from: Instant,
    notices: Arc<AtomicU64>,
    seen: Last,
    latencies: Latencies,
}

impl Presence {
    pub(crate) async fn run(&self, cli: &Cli) -> anyhow::Result<Report> {
        let server = Server::start(cli, Passwords::Cheap).await?;
        let people = People::make(&server.address, self.subjects + self.watchers).await?;
        let (subjects, watchers) = people.people.split_at(self.subjects);
        people.befriend(&self.friendships()).await?;
        let door = Door {
            address: server.address.clone(),
            transport: cli.transport,
        };
        let mut listening = JoinSet::new();
        for person in subjects {
            listening.spawn(listen(door.open(person, "").await?));
        }
        let notices = Arc::new(AtomicU64::new(0));
        let mut streams = Vec::new();
        for person in watchers {
            let mut stream = door.open(person, "").await?;
            let watched = subjects.iter().map(|subject| subject.user_id.clone());
            stream.watch(watched.collect()).await?;
            streams.push(stream);
        }
        let begin = Instant::now() + Duration::from_millis(200);
        let measured_from = begin + Duration::from_millis(self.warm_up_ms);
        let end = measured_from + Duration::from_secs(self.seconds);
        let (finish, finished) = watch::channel(None);
        let mut watching = JoinSet::new();
        for stream in streams {
            let watcher = Watcher {
                stream,
                begin,
                measured_from,
                notices: Arc::clone(&notices),
                seen: Last::new(),
                latencies: Latencies::new()?,
            };
            watching.spawn(watcher.watch(finished.clone()));
        }
        let (pacer, mut changing) = self.change(&server.address, subjects, begin, end)?;
        sleep_until(measured_from).await;
        let interval = Interval::begin(&server)?;
        let before = notices.load(Ordering::Relaxed);
        sleep_until(end).await;
        let spent = interval.end(&server)?;
        let count = notices.load(Ordering::Relaxed) - before;

        let (mut last, mut changes) = (Last::new(), 0);
        while let Some(done) = changing.join_next().await {
            let (user_id, reason, own_changes) = done??;
            last.insert(user_id, reason);
            changes += own_changes;
        }
        finish.send_replace(Some(last));
        let mut report = Report::new("presence", self.parameters(cli));
        report.work(count, &spent);
        let seconds = Duration::from_millis(self.warm_up_ms).as_secs_f64() + as_f64(self.seconds);
        report.figure("changes_per_s", as_f64(changes) / seconds);
        let mut latencies = Latencies::new()?;
        while let Some(done) = watching.join_next().await {
            let (missing, own_latencies) = done??;
            latencies.add(&own_latencies)?;
            report.losses += missing;
        }
        report.latencies(&latencies);
        report.memory(&server)?;
        if let Some(pacer) = pacer {
            let missed = pacer.join().ok().context("the pacer panicked")?;
            anyhow::ensure!(missed == 0, "the client itself missed {missed} changes");
        }
        Ok(report)
    }

    /// All who watch with all who change.
    fn friendships(&self) -> Vec<(usize, usize)> {
        (0..self.subjects)
            .flat_map(|subject| (0..self.watchers).map(move |at| (subject, self.subjects + at)))
            .collect()
    }

    fn parameters(&self, cli: &Cli) -> serde_json::Value {
        json!({
            "subjects": self.subjects, "watchers": self.watchers, "changes_per_s": self.rate,
            "seconds": self.seconds, "transport": format!("{:?}", cli.transport).to_lowercase(),
        })
    }

    #[expect(clippy::type_complexity, reason = "a thread and the tasks it feeds")]
    fn change(
        &self,
        address: &str,
        subjects: &[Person],
        begin: Instant,
        end: Instant,
    ) -> anyhow::Result<(
        Option<std::thread::JoinHandle<u64>>,
        JoinSet<anyhow::Result<(String, String, u64)>>,
    )> {
        let mut tasks = JoinSet::new();
        if self.rate == 0 {
            for person in subjects {
                let subject = Subject::new(address, person, begin)?;
                tasks.spawn(subject.change_until(end));
            }
            return Ok((None, tasks));
        }
        let (thread, moments) = pace::start(self.rate, self.subjects, begin, end - begin);
        for (person, moments) in subjects.iter().zip(moments) {
            let subject = Subject::new(address, person, begin)?;
            tasks.spawn(subject.change_at(moments));
        }
        Ok((Some(thread), tasks))
    }
}

/// One who changes.
struct Subject {
    api: Api,
    person: Person,
    begin: Instant,
    last: String,
    changes: u64,
}

impl Subject {
    fn new(address: &str, person: &Person, begin: Instant) -> anyhow::Result<Self> {
        Ok(Self {
            api: Api::new(address)?,
            person: person.clone(),
            begin,
            last: String::new(),
            changes: 0,
        })
    }

    async fn change(&mut self, at: Instant) -> anyhow::Result<()> {
        self.last = (at - self.begin).as_micros().to_string();
        self.api
            .set_busy(&self.person.token, self.last.clone())
            .await?;
        self.changes += 1;
        Ok(())
    }

    async fn change_until(mut self, end: Instant) -> anyhow::Result<(String, String, u64)> {
        sleep_until(self.begin).await;
        while Instant::now() < end {
            self.change(Instant::now()).await?;
        }
        Ok((self.person.user_id, self.last, self.changes))
    }

    async fn change_at(mut self, mut moments: Moments) -> anyhow::Result<(String, String, u64)> {
        while let Some(at) = moments.recv().await {
            self.change(at).await?;
        }
        Ok((self.person.user_id, self.last, self.changes))
    }
}

impl Watcher {
    /// Watches until the last changes are known and seen; says how many were never seen.
    async fn watch(
        mut self,
        mut finished: watch::Receiver<Option<Last>>,
    ) -> anyhow::Result<(u64, Latencies)> {
        let last = loop {
            tokio::select! {
                frame = self.stream.next() => self.take(&frame?),
                changed = finished.changed() => {
                    changed?;
                    break finished.borrow().clone().unwrap_or_default();
                }
            }
        };
        let end = Instant::now() + DRAIN_TIMEOUT;
        while self.missing(&last) > 0 {
            match timeout_at(end, self.stream.next()).await {
                Ok(frame) => self.take(&frame?),
                Err(_late) => break,
            }
        }
        Ok((self.missing(&last), self.latencies))
    }

    fn missing(&self, last: &Last) -> u64 {
        let unseen =
            |(user_id, reason): &(&String, &String)| self.seen.get(*user_id) != Some(*reason);
        last.iter()
            .filter(unseen)
            .count()
            .try_into()
            .unwrap_or(u64::MAX)
    }

    fn take(&mut self, frame: &Frame) {
        let Frame::Presence(batch) = frame else {
            return;
        };
        for notice in &batch.presences {
            self.note(notice);
        }
    }

    fn note(&mut self, notice: &Notice) {
        let Ok(us) = notice.reason.parse() else {
            return;
        };
        let is_news = match self.seen.get_mut(&notice.user_id) {
            Some(seen) if *seen == notice.reason => false,
            Some(seen) => {
                seen.clone_from(&notice.reason);
                true
            }
            None => {
                self.seen
                    .insert(notice.user_id.clone(), notice.reason.clone());
                true
            }
        };
        let at = self.begin + Duration::from_micros(us);
        if is_news {
            self.notices.fetch_add(1, Ordering::Relaxed);
        }
        if is_news && at >= self.measured_from {
            self.latencies.record(at.elapsed());
        }
    }
}

/// Reads what comes, so that the stream stays open.
async fn listen(mut stream: Stream) -> anyhow::Error {
    loop {
        if let Err(error) = stream.next().await {
            return error;
        }
    }
}
