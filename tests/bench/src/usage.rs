//! What processes use, as the kernel counts it.

use std::fs;

use anyhow::Context as _;

/// Ticks of `/proc/<pid>/stat` in a second: part of the kernel's interface on all common machines.
const TICKS_PER_S: f64 = 100.0;

/// Processor time of these processes so far, seconds.
pub(crate) fn cpu_s(pids: &[u32]) -> anyhow::Result<f64> {
    let mut ticks = 0;
    for pid in pids {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("a server is gone")?;
        ticks += ticks_of(&stat).context("/proc/<pid>/stat reads differently")?;
    }
    Ok(as_f64(ticks) / TICKS_PER_S)
}

/// Processor time of this process so far, seconds.
pub(crate) fn own_cpu_s() -> anyhow::Result<f64> {
    cpu_s(&[std::process::id()])
}

/// User and system time. The name of the program may hold spaces and parentheses.
fn ticks_of(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Memory of processes, KiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Resident.
    pub(crate) rss_kib: u64,
    /// Resident, what is shared divided by those who share it.
    pub(crate) pss_kib: u64,
}

/// Memory of these processes.
pub(crate) fn memory(pids: &[u32]) -> anyhow::Result<Memory> {
    let mut memory = Memory {
        rss_kib: 0,
        pss_kib: 0,
    };
    for pid in pids {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
            .context("the memory of a server cannot be read")?;
        memory.rss_kib += kib_of(&text, "Rss:").context("no Rss")?;
        memory.pss_kib += kib_of(&text, "Pss:").context("no Pss")?;
    }
    Ok(memory)
}

fn kib_of(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Counts as numbers to divide by; exact below 2^53.
#[expect(
    clippy::cast_precision_loss,
    reason = "figures are for people and counts are small"
)]
pub(crate) const fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_files_are_understood() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 9 0 1 2 3";
        assert_eq!(ticks_of(stat), Some(300));
        assert_eq!(kib_of("x\nRss:     12 kB\nPss:  7 kB\n", "Pss:"), Some(7));
        assert!(own_cpu_s().unwrap() >= 0.0);
        assert!(memory(&[std::process::id()]).unwrap().rss_kib > 100);
    }
}
