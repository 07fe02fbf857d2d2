//! Work at a steady rate, whatever the server does meanwhile: latency is told from the moment at
//! which something should have been sent, so a server that stands still is not asked less.

use std::{
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{sync::mpsc, time::Instant};

/// Work that may wait for a slow client of ours.
const WAITING_MAX: usize = 100_000;

/// Receives the moments at which to do something.
pub(crate) type Moments = mpsc::Receiver<Instant>;

/// Gives out moments at this rate, to the receivers in turn. The thread ends by itself; it says how
/// many moments nobody took.
pub(crate) fn start(
    rate_per_s: u32,
    receivers: usize,
    begin: Instant,
    duration: Duration,
) -> (JoinHandle<u64>, Vec<Moments>) {
    let (senders, moments): (Vec<_>, Vec<_>) =
        (0..receivers).map(|_| mpsc::channel(WAITING_MAX)).unzip();
    let thread = thread::spawn(move || give_out(rate_per_s, &senders, begin, duration));
    (thread, moments)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a thread of its own: the runtime's timers go by whole milliseconds"
)]
fn give_out(
    rate_per_s: u32,
    senders: &[mpsc::Sender<Instant>],
    begin: Instant,
    duration: Duration,
) -> u64 {
    let (mut missed, mut count) = (0, 0);
    for sender in senders.iter().cycle() {
        let due = Duration::from_secs(1) * count / rate_per_s;
        if due >= duration {
            break;
        }
        let at = begin + due;
        thread::sleep(at.saturating_duration_since(Instant::now()));
        if sender.try_send(at).is_err() {
            missed += 1;
        }
        count += 1;
    }
    missed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_given_in_turn_at_the_rate() {
        let begin = Instant::now();
        let (thread, mut moments) = start(1000, 2, begin, Duration::from_millis(4));
        assert_eq!(thread.join().unwrap(), 0);
        let second = moments.remove(1).blocking_recv().unwrap();
        assert_eq!(second - begin, Duration::from_millis(1));
        let mut first = moments.remove(0);
        assert_eq!(first.blocking_recv(), Some(begin));
        assert_eq!(
            first.blocking_recv(),
            Some(begin + Duration::from_millis(2))
        );
        assert_eq!(first.blocking_recv(), None);
    }
}
