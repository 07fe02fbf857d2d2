//! What auth counts. Labels are words of closed lists or ids of configured stores, never anything
//! that a client wrote.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram, UpDownCounter};

/// Instruments; made once, shared by all parts of the service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AuthMetrics {
    logins: Counter<u64>,
    throttled: Counter<u64>,
    refreshes: Counter<u64>,
    tokens_reused: Counter<u64>,
    sessions: Gauge<i64>,
    audit_entries: Counter<u64>,
    computations: Counter<u64>,
    waiting: UpDownCounter<i64>,
    wait_duration: Histogram<f64>,
    store_answers: Histogram<f64>,
}

impl Default for AuthMetrics {
    fn default() -> Self {
        Self::new()
    }
}

impl AuthMetrics {
    /// Instruments on the meter of this process.
    pub fn new() -> Self {
        let meter = im_runtime::telemetry::meter();
        let counter = |name: &'static str, description: &'static str| {
            meter
                .u64_counter(name)
                .with_description(description)
                .build()
        };
        let seconds = |name: &'static str, description: &'static str| {
            meter
                .f64_histogram(name)
                .with_unit("s")
                .with_description(description)
                .build()
        };
        Self {
            logins: counter(
                "im_auth_logins",
                "Sign-ins by outcome and kind of identity store.",
            ),
            throttled: counter(
                "im_auth_throttled",
                "Attempts that were told to wait, by cause.",
            ),
            refreshes: counter("im_auth_refreshes", "Renewals of sessions by outcome."),
            tokens_reused: counter(
                "im_auth_tokens_reused",
                "Sessions ended because a refresh token was used twice.",
            ),
            sessions: meter
                .i64_gauge("im_auth_sessions")
                .with_description("Sessions that are open.")
                .build(),
            audit_entries: counter("im_auth_audit_entries", "Entries written to the audit log."),
            computations: counter(
                "im_auth_password_computations",
                "Passwords computed, by what for.",
            ),
            waiting: meter
                .i64_up_down_counter("im_auth_password_queue")
                .with_description("Password computations that wait for a core.")
                .build(),
            wait_duration: seconds(
                "im_auth_password_wait_duration",
                "Time that a password computation waited for a core.",
            ),
            store_answers: seconds(
                "im_auth_store_duration",
                "Time to an identity store's answer, by store and answer.",
            ),
        }
    }

    /// A sign-in ended. `outcome` is `OK` or a reason, `kind` that of the store that decided.
    pub(crate) fn login(&self, outcome: &'static str, kind: &'static str) {
        let labels = [
            KeyValue::new("outcome", outcome),
            KeyValue::new("store_kind", kind),
        ];
        self.logins.add(1, &labels);
    }

    /// Somebody was told to wait.
    pub(crate) fn throttled(&self, cause: &'static str) {
        self.throttled.add(1, &[KeyValue::new("cause", cause)]);
    }

    /// A renewal ended. `outcome` is `OK` or a reason.
    pub(crate) fn refresh(&self, outcome: &'static str) {
        self.refreshes.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    /// A refresh token was used twice.
    pub(crate) fn token_reused(&self) {
        self.tokens_reused.add(1, &[]);
    }

    /// So many sessions are open.
    pub(crate) fn sessions(&self, count: i64) {
        self.sessions.record(count, &[]);
    }

    /// So many entries were written.
    pub(crate) fn audited(&self, count: usize) {
        self.audit_entries
            .add(u64::try_from(count).unwrap_or(u64::MAX), &[]);
    }

    /// A computation waits from now on.
    pub(crate) fn waits(&self) {
        self.waiting.add(1, &[]);
    }

    /// It waits no longer, whether it begins or its caller has gone.
    pub(crate) fn waited(&self, time: Duration) {
        self.waiting.add(-1, &[]);
        self.wait_duration.record(time.as_secs_f64(), &[]);
    }

    /// A computation begins. `purpose`: `hash`, `verify`, `foreign`.
    pub(crate) fn computes(&self, purpose: &'static str) {
        self.computations
            .add(1, &[KeyValue::new("purpose", purpose)]);
    }

    /// A store has answered.
    pub(crate) fn store_answered(&self, store_id: &str, answer: &'static str, time: Duration) {
        let labels = [
            KeyValue::new("store", store_id.to_owned()),
            KeyValue::new("answer", answer),
        ];
        self.store_answers.record(time.as_secs_f64(), &labels);
    }
}
