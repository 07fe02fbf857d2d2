//! The process itself: name, memory, age.

use opentelemetry::metrics::Meter;
use tokio::time::Instant;

const PAGE_BYTES: u64 = 4096;

/// Host name and process id.
pub(super) fn instance() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}-{}", host.trim(), std::process::id())
}

/// Resident memory and time since the start, read when somebody asks.
pub(super) fn observe(meter: &Meter) {
    let started_at = Instant::now();
    let _memory = meter
        .u64_observable_gauge("im_process_resident_memory")
        .with_unit("By")
        .with_description("Resident memory.")
        .with_callback(|gauge| {
            if let Some(bytes) = resident_bytes() {
                gauge.observe(bytes, &[]);
            }
        })
        .build();
    let _uptime = meter
        .f64_observable_gauge("im_process_uptime")
        .with_unit("s")
        .with_description("Time since the start.")
        .with_callback(move |gauge| gauge.observe(started_at.elapsed().as_secs_f64(), &[]))
        .build();
}

/// The second field of statm, in pages; absent where there is no /proc.
fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * PAGE_BYTES)
}
