//! What a run has found, and how it is printed.

use std::{fmt::Write as _, io::Write as _, time::Duration};

use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::{
    server::Server,
    usage::{as_f64, cpu_s, memory, own_cpu_s},
};

/// Longest latency that is told apart, microseconds.
const LATENCY_MAX_US: u64 = 120_000_000;

/// Latencies in microseconds.
#[derive(Debug, Clone)]
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1, LATENCY_MAX_US, 3)?))
    }

    /// Counts one; longer than two minutes counts as two minutes.
    pub(crate) fn record(&mut self, latency: Duration) {
        let us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(us.max(1));
    }

    pub(crate) fn add(&mut self, other: &Self) -> anyhow::Result<()> {
        self.0.add(&other.0)?;
        Ok(())
    }

    fn ms(&self, quantile: f64) -> f64 {
        as_f64(self.0.value_at_quantile(quantile)) / 1_000.0
    }
}

/// Time and processor time between two moments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interval {
    at: Instant,
    server_cpu_s: f64,
    client_cpu_s: f64,
}

impl Interval {
    pub(crate) fn begin(server: &Server) -> anyhow::Result<Self> {
        Ok(Self {
            at: Instant::now(),
            server_cpu_s: cpu_s(server.pids())?,
            client_cpu_s: own_cpu_s()?,
        })
    }

    /// The differences up to now.
    pub(crate) fn end(self, server: &Server) -> anyhow::Result<Spent> {
        Ok(Spent {
            seconds: self.at.elapsed().as_secs_f64(),
            server_cpu_s: cpu_s(server.pids())? - self.server_cpu_s,
            client_cpu_s: own_cpu_s()? - self.client_cpu_s,
        })
    }
}

/// What an interval took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    pub(crate) seconds: f64,
    server_cpu_s: f64,
    client_cpu_s: f64,
}

impl Spent {
    /// Cores that the server kept busy.
    pub(crate) fn server_cores(&self) -> f64 {
        self.server_cpu_s / self.seconds
    }
}

/// The result of one run.
#[derive(Debug)]
pub(crate) struct Report {
    scenario: &'static str,
    parameters: Value,
    figures: Vec<(&'static str, f64)>,
    /// Acknowledged and not delivered.
    pub(crate) losses: u64,
    /// Delivered twice or out of order.
    pub(crate) duplicates: u64,
}

impl Report {
    pub(crate) const fn new(scenario: &'static str, parameters: Value) -> Self {
        Self {
            scenario,
            parameters,
            figures: Vec::new(),
            losses: 0,
            duplicates: 0,
        }
    }

    /// Whether nothing was lost and nothing came twice.
    pub(crate) const fn is_sound(&self) -> bool {
        self.losses == 0 && self.duplicates == 0
    }

    pub(crate) fn figure(&mut self, name: &'static str, value: f64) {
        self.figures.push((name, value));
    }

    /// Rate and processor time of so many units of work.
    pub(crate) fn work(&mut self, count: u64, spent: &Spent) {
        let thousands = as_f64(count.max(1)) / 1_000.0;
        self.figure("count", as_f64(count));
        self.figure("seconds", spent.seconds);
        self.figure("throughput_per_s", as_f64(count) / spent.seconds);
        self.figure("server_cpu_s_per_1000", spent.server_cpu_s / thousands);
        self.figure("client_cpu_s_per_1000", spent.client_cpu_s / thousands);
        self.figure("server_cores_used", spent.server_cores());
    }

    pub(crate) fn latencies(&mut self, latencies: &Latencies) {
        self.figure("latency_p50_ms", latencies.ms(0.5));
        self.figure("latency_p99_ms", latencies.ms(0.99));
        self.figure("latency_p999_ms", latencies.ms(0.999));
        self.figure("latency_max_ms", latencies.ms(1.0));
    }

    /// Memory of the server now.
    pub(crate) fn memory(&mut self, server: &Server) -> anyhow::Result<()> {
        let memory = memory(server.pids())?;
        self.figure("rss_mib", as_f64(memory.rss_kib) / 1_024.0);
        self.figure("pss_mib", as_f64(memory.pss_kib) / 1_024.0);
        Ok(())
    }
}

/// Prints reports: JSON lines on standard output, and for people on standard error.
#[derive(Debug)]
pub(crate) struct Printer {
    form: String,
    is_json_only: bool,
}

impl Printer {
    pub(crate) const fn new(form: String, is_json_only: bool) -> Self {
        Self { form, is_json_only }
    }

    /// One run.
    pub(crate) fn report(&self, repetition: u32, report: &Report) {
        let figures = report.figures.iter();
        let figures: Map<String, Value> = figures
            .map(|(name, value)| ((*name).to_owned(), json!(rounded(*value))))
            .collect();
        let mut fields = self.head(report);
        fields.insert("repetition".to_owned(), json!(repetition));
        fields.extend(figures);
        fields.insert("losses".to_owned(), json!(report.losses));
        fields.insert("duplicates".to_owned(), json!(report.duplicates));
        self.line(fields);
    }

    /// Median and spread of several runs.
    pub(crate) fn summary(&self, reports: &[Report]) {
        let Some(first) = reports.first() else { return };
        let mut fields = self.head(first);
        fields.insert("repetitions".to_owned(), json!(reports.len()));
        for (name, _) in &first.figures {
            let values = reports.iter().flat_map(|report| &report.figures);
            let values = values.filter(|(other, _)| other == name);
            let values: Vec<f64> = values.map(|(_, value)| *value).collect();
            if let Some([min, median, max]) = spread(values) {
                let text =
                    json!({"median": rounded(median), "min": rounded(min), "max": rounded(max)});
                fields.insert((*name).to_owned(), text);
            }
        }
        let losses: u64 = reports.iter().map(|report| report.losses).sum();
        let duplicates: u64 = reports.iter().map(|report| report.duplicates).sum();
        fields.insert("losses".to_owned(), json!(losses));
        fields.insert("duplicates".to_owned(), json!(duplicates));
        self.line(fields);
    }

    fn head(&self, report: &Report) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("scenario".to_owned(), json!(report.scenario));
        fields.insert("form".to_owned(), json!(self.form));
        fields.insert("parameters".to_owned(), report.parameters.clone());
        fields
    }

    #[expect(clippy::print_stdout, reason = "this is what the program is for")]
    fn line(&self, fields: Map<String, Value>) {
        if !self.is_json_only {
            complain(&for_people(&fields));
        }
        println!("{}", Value::Object(fields));
    }
}

/// To standard error.
pub(crate) fn complain(text: &str) {
    // Nobody reads it if it is closed.
    let _closed = writeln!(std::io::stderr(), "{text}");
}

fn for_people(fields: &Map<String, Value>) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        let value = match value {
            Value::Object(spread) if spread.contains_key("median") => format!(
                "{} ({} to {})",
                shown(spread.get("median")),
                shown(spread.get("min")),
                shown(spread.get("max"))
            ),
            other => shown(Some(other)),
        };
        // Writing to a String cannot fail.
        let _infallible = writeln!(text, "  {name:<24} {value}");
    }
    text
}

fn shown(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// Four digits that count are more than one can measure.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10_f64.powf(3.0 - value.abs().log10().floor());
    let scale = if value.abs() >= 1_000.0 { 1.0 } else { scale };
    (value * scale).round() / scale
}

/// Least, middle and greatest.
fn spread(mut values: Vec<f64>) -> Option<[f64; 3]> {
    values.sort_by(f64::total_cmp);
    let (min, max) = (*values.first()?, *values.last()?);
    let middle = *values.get(values.len() / 2)?;
    let median = if values.len() % 2 == 1 {
        middle
    } else {
        f64::midpoint(middle, *values.get(values.len() / 2 - 1)?)
    };
    Some([min, median, max])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_digits() {
        assert_eq!(spread(vec![3.0, 1.0, 2.0]), Some([1.0, 2.0, 3.0]));
        assert_eq!(spread(vec![4.0, 1.0]), Some([1.0, 2.5, 4.0]));
        assert_eq!(spread(vec![]), None);
        let digits = [0.012_345_6, 12.345_6, 12_345.6].map(|value| rounded(value).to_string());
        assert_eq!(digits, ["0.01235", "12.35", "12346"]);
    }

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let mut latencies = Latencies::new().unwrap();
        for ms in 1..=100 {
            latencies.record(Duration::from_millis(ms));
        }
        assert!((latencies.ms(0.5) - 50.0).abs() < 0.1);
        assert!((latencies.ms(1.0) - 100.0).abs() < 0.1);
    }
}
