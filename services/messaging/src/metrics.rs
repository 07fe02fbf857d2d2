//! What messaging counts. Labels are words of this file or reasons of [`Error`], never what somebody
//! wrote, so there are few series.

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram, UpDownCounter},
};

use im_runtime::error::ServiceError as _;

use crate::error::Error;

/// Requests in one transaction; `messaging.batch_commands_max` is at most the last.
const BATCH_BOUNDS: [f64; 10] = [
    1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0, 512.0, 1_024.0, 4_096.0,
];

/// Instruments; made once, shared by all.
#[derive(Debug, Clone)]
pub(crate) struct MessagingMetrics {
    sends: Counter<u64>,
    queued: UpDownCounter<i64>,
    queue_wait: Histogram<f64>,
    batch: Histogram<u64>,
    commit: Histogram<f64>,
    written: Counter<u64>,
    bells: Counter<u64>,
    bells_missed: Counter<u64>,
    streams: UpDownCounter<i64>,
    readers: UpDownCounter<i64>,
    delivered: Counter<u64>,
    aged: Counter<u64>,
    rounds: Counter<u64>,
}

/// Where entries came from that a reader got.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// The hub.
    Memory,
    /// The database.
    Database,
}

/// What upkeep took away.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Aged {
    /// Texts that nobody read in time.
    Expired,
    /// Texts that are kept no longer.
    Retained,
    /// Rows of messages.
    Pruned,
    /// Entries of long mailboxes.
    Entries,
}

impl Aged {
    const fn name(self) -> &'static str {
        match self {
            Self::Expired => "EXPIRED",
            Self::Retained => "RETAINED",
            Self::Pruned => "PRUNED",
            Self::Entries => "ENTRIES",
        }
    }
}

fn amount(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn change(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl MessagingMetrics {
    /// The instruments of this process.
    pub(crate) fn new() -> Self {
        let meter = im_runtime::telemetry::meter();
        Self {
            sends: meter
                .u64_counter("im_messaging_sends")
                .with_description("Messages that were to be sent, by what became of them.")
                .build(),
            queued: meter
                .i64_up_down_counter("im_messaging_queued_commands")
                .with_description("Requests that wait for a transaction or are in one.")
                .build(),
            queue_wait: meter
                .f64_histogram("im_messaging_queue_wait")
                .with_unit("s")
                .with_description("Time that requests waited for their transaction to begin.")
                .build(),
            batch: meter
                .u64_histogram("im_messaging_batch_commands")
                .with_description("Requests in one transaction.")
                .with_boundaries(BATCH_BOUNDS.to_vec())
                .build(),
            commit: meter
                .f64_histogram("im_messaging_commit_duration")
                .with_unit("s")
                .with_description("Time of a transaction from its beginning to the commit.")
                .build(),
            written: meter
                .u64_counter("im_messaging_entries_written")
                .with_description("Lines written to mailboxes.")
                .build(),
            bells: meter
                .u64_counter("im_messaging_bells")
                .with_description("Mailboxes that the bus was told of, by direction.")
                .build(),
            bells_missed: meter
                .u64_counter("im_messaging_bells_missed")
                .with_description("Mailboxes in which the poll found what no bell had told of.")
                .build(),
            streams: meter
                .i64_up_down_counter("im_messaging_streams")
                .with_description("Gateway nodes that read here.")
                .build(),
            readers: meter
                .i64_up_down_counter("im_messaging_readers")
                .with_description("Clients that read a mailbox here.")
                .build(),
            delivered: meter
                .u64_counter("im_messaging_entries_delivered")
                .with_description("Lines of mailboxes given to readers, by where they came from.")
                .build(),
            aged: meter
                .u64_counter("im_messaging_aged")
                .with_description("What upkeep took away.")
                .build(),
            rounds: meter
                .u64_counter("im_messaging_upkeep_rounds")
                .with_description("Rounds of upkeep by how they ended.")
                .build(),
        }
    }

    /// Messages that are kept, new ones and repeated ones.
    pub(crate) fn kept(&self, new: usize, duplicates: usize) {
        for (outcome, count) in [("KEPT", new), ("DUPLICATE", duplicates)] {
            if count > 0 {
                let labels = [KeyValue::new("outcome", outcome)];
                self.sends.add(amount(count), &labels);
            }
        }
    }

    /// A message that is not.
    pub(crate) fn not_kept(&self, why: &Error) {
        self.sends.add(1, &[KeyValue::new("outcome", why.reason())]);
    }

    pub(crate) fn queued(&self, commands: usize) {
        self.queued.add(change(commands), &[]);
    }

    pub(crate) fn answered(&self, commands: usize) {
        self.queued.add(-change(commands), &[]);
    }

    pub(crate) fn waited(&self, seconds: f64) {
        self.queue_wait.record(seconds, &[]);
    }

    pub(crate) fn committed(&self, commands: usize, seconds: f64) {
        self.batch.record(amount(commands), &[]);
        self.commit.record(seconds, &[]);
    }

    pub(crate) fn written(&self, entries: usize) {
        self.written.add(amount(entries), &[]);
    }

    pub(crate) fn bells_sent(&self, mailboxes: usize) {
        let labels = [KeyValue::new("direction", "SENT")];
        self.bells.add(amount(mailboxes), &labels);
    }

    pub(crate) fn bells_heard(&self, mailboxes: usize) {
        let labels = [KeyValue::new("direction", "HEARD")];
        self.bells.add(amount(mailboxes), &labels);
    }

    pub(crate) fn bells_missed(&self, mailboxes: usize) {
        self.bells_missed.add(amount(mailboxes), &[]);
    }

    pub(crate) fn stream_opened(&self) {
        self.streams.add(1, &[]);
    }

    pub(crate) fn stream_ended(&self) {
        self.streams.add(-1, &[]);
    }

    pub(crate) fn reader_opened(&self) {
        self.readers.add(1, &[]);
    }

    pub(crate) fn readers_gone(&self, count: usize) {
        self.readers.add(-change(count), &[]);
    }

    pub(crate) fn delivered(&self, source: Source, entries: usize) {
        let source = match source {
            Source::Memory => "MEMORY",
            Source::Database => "DATABASE",
        };
        self.delivered
            .add(amount(entries), &[KeyValue::new("source", source)]);
    }

    pub(crate) fn aged(&self, what: Aged, count: usize) {
        self.aged
            .add(amount(count), &[KeyValue::new("what", what.name())]);
    }

    pub(crate) fn round(&self, is_done: bool) {
        let outcome = if is_done { "DONE" } else { "PUT_OFF" };
        self.rounds.add(1, &[KeyValue::new("outcome", outcome)]);
    }
}
