//! What presence counts. Labels are words of closed lists or ids of configured sites, never anything
//! that a client wrote, and nothing counts somebody invisible as there.

use std::collections::BTreeSet;
use std::time::Duration;

use im_types::SiteId;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram};

use crate::domain::board::{Census, NoticeCounts};
use crate::ports::{NodeLease, SiteCount};

/// What became well.
const OK: &str = "OK";

/// Instruments; made once, shared by all parts of the service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PresenceMetrics {
    connections: Gauge<u64>,
    people: Gauge<u64>,
    site_connections: Gauge<u64>,
    site_people: Gauge<u64>,
    watchers: Gauge<u64>,
    watched: Gauge<u64>,
    notices: Counter<u64>,
    leases: Gauge<u64>,
    admissions: Counter<u64>,
    queue: Gauge<u64>,
    store: Histogram<f64>,
}

impl Default for PresenceMetrics {
    fn default() -> Self {
        Self::new()
    }
}

impl PresenceMetrics {
    /// Instruments on the meter of this process.
    pub fn new() -> Self {
        let meter = im_runtime::telemetry::meter();
        let gauge = |name: &'static str, description: &'static str| {
            meter.u64_gauge(name).with_description(description).build()
        };
        let counter = |name: &'static str, description: &'static str| {
            meter
                .u64_counter(name)
                .with_description(description)
                .build()
        };
        Self {
            connections: gauge("im_presence_connections", "Connections by activity."),
            people: gauge("im_presence_people", "People who are there, by state."),
            site_connections: gauge("im_presence_site_connections", "Connections by site."),
            site_people: gauge("im_presence_site_people", "Connected people by site."),
            watchers: gauge("im_presence_watchers", "Viewers with a list of people."),
            watched: gauge("im_presence_watched_people", "People who are on a list."),
            notices: counter(
                "im_presence_notices",
                "Notices of one person to one viewer, by what became of them.",
            ),
            leases: gauge("im_presence_leases", "Leases of gateway nodes by state."),
            admissions: counter(
                "im_presence_admissions",
                "Connections that asked for a place, by outcome.",
            ),
            queue: gauge("im_presence_queue", "What waits in a queue."),
            store: meter
                .f64_histogram("im_presence_store_duration")
                .with_unit("s")
                .with_description("Time of a unit of work of the database, repetitions included.")
                .build(),
        }
    }

    /// What the board holds.
    pub(crate) fn census(&self, census: &Census) {
        let connections = [
            ("active", census.active),
            ("idle", census.idle),
            ("moving", census.moving),
        ];
        for (activity, count) in connections {
            self.connections
                .record(count, &[KeyValue::new("activity", activity)]);
        }
        let people = [
            ("online", census.online),
            ("away", census.away),
            ("busy", census.busy),
            ("do_not_disturb", census.do_not_disturb),
        ];
        for (state, count) in people {
            self.people.record(count, &[KeyValue::new("state", state)]);
        }
        self.watchers.record(census.watchers, &[]);
        self.watched.record(census.watched, &[]);
    }

    /// What the sites hold. `gone` are sites that were counted before and hold nobody any more.
    pub(crate) fn sites(&self, counts: &[SiteCount], gone: &BTreeSet<SiteId>) {
        let now = counts
            .iter()
            .map(|it| (&it.site_id, it.connection_count, it.user_count));
        for (site_id, connections, people) in now.chain(gone.iter().map(|it| (it, 0, 0))) {
            let labels = [KeyValue::new("site", site_id.to_string())];
            self.site_connections.record(connections, &labels);
            self.site_people.record(people, &labels);
        }
    }

    /// Notices since this was called last.
    pub(crate) fn notices(&self, counts: NoticeCounts) {
        for (outcome, count) in [("sent", counts.sent), ("coalesced", counts.coalesced)] {
            self.notices
                .add(count, &[KeyValue::new("outcome", outcome)]);
        }
    }

    /// The leases there are; those that ended are known for an hour.
    pub(crate) fn leases(&self, nodes: &[NodeLease]) {
        let (mut live, mut draining, mut ended) = (0, 0, 0);
        for node in nodes {
            match (node.is_open, node.draining_at) {
                (true, None) => live += 1,
                (true, Some(_)) => draining += 1,
                (false, _) => ended += 1,
            }
        }
        for (state, count) in [("live", live), ("draining", draining), ("ended", ended)] {
            self.leases.record(count, &[KeyValue::new("state", state)]);
        }
    }

    /// Connections asked for a place. `outcome` is `None` or the reason they were refused for.
    pub(crate) fn admitted(&self, outcome: Option<&'static str>, count: usize) {
        let labels = [KeyValue::new("outcome", outcome.unwrap_or(OK))];
        self.admissions
            .add(u64::try_from(count).unwrap_or(u64::MAX), &labels);
    }

    /// So much waits in a queue.
    pub(crate) fn queue(&self, queue: &'static str, len: usize) {
        self.queue.record(
            u64::try_from(len).unwrap_or(u64::MAX),
            &[KeyValue::new("queue", queue)],
        );
    }

    /// A unit of work of the database has ended. `outcome` is `None` or the reason it failed for.
    pub(crate) fn worked(
        &self,
        operation: &'static str,
        outcome: Option<&'static str>,
        time: Duration,
    ) {
        let labels = [
            KeyValue::new("operation", operation),
            KeyValue::new("outcome", outcome.unwrap_or(OK)),
        ];
        self.store.record(time.as_secs_f64(), &labels);
    }
}
