//! Which work is usual in a store, so that people who do not exist cost the same.

use std::sync::{Mutex, PoisonError};

use crate::work::Work;

/// Kinds of work that are counted; a table has two or three generations.
const KINDS_MAX: usize = 8;
/// Halves the counts when one gets here, so that newer rows weigh more.
const COUNT_MAX: u32 = 1024;
/// Most repetitions that are remembered.
const TIMES_MAX: u32 = 64;

/// Counts the work of verified rows.
#[derive(Debug)]
pub(crate) struct Usual {
    first: Work,
    seen: Mutex<Vec<Seen>>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    work: Work,
    times: u32,
    count: u32,
}

impl Usual {
    /// Starts with this until a row was seen.
    pub(crate) fn starting_with(first: Option<Work>) -> Self {
        Self {
            first: first.unwrap_or(Work::Digests { rounds: 1 }),
            seen: Mutex::new(Vec::new()),
        }
    }

    /// A row was verified with so much work for each candidate.
    pub(crate) fn saw(&self, work: Work, times: u32) {
        let times = times.clamp(1, TIMES_MAX);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = seen.iter_mut().find(|s| s.work == work && s.times == times) {
            known.count += 1;
            if known.count >= COUNT_MAX {
                seen.iter_mut().for_each(|one| one.count /= 2);
            }
            return;
        }
        if seen.len() >= KINDS_MAX {
            seen.retain(|one| one.count > 1);
            seen.truncate(KINDS_MAX - 1);
        }
        seen.push(Seen {
            work,
            times,
            count: 1,
        });
    }

    /// The work met most often, and how often it is done for each candidate.
    pub(crate) fn most_common(&self) -> (Work, u32) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter()
            .max_by_key(|one| one.count)
            .map_or((self.first, 1), |one| (one.work, one.times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_common_work_wins_and_the_list_stays_short() {
        let usual = Usual::starting_with(Some(Work::Bcrypt { cost: 10 }));
        assert_eq!(usual.most_common(), (Work::Bcrypt { cost: 10 }, 1));
        usual.saw(Work::Phpass { log2: 13 }, 1);
        usual.saw(Work::Phpass { log2: 13 }, 1);
        for rounds in 0..100 {
            usual.saw(Work::Digests { rounds }, 2);
        }
        assert_eq!(usual.most_common(), (Work::Phpass { log2: 13 }, 1));
        assert!(usual.seen.lock().unwrap().len() <= KINDS_MAX);
        for _ in 0..5000 {
            usual.saw(Work::Digests { rounds: 1 }, 1000);
        }
        assert_eq!(
            usual.most_common(),
            (Work::Digests { rounds: 1 }, TIMES_MAX)
        );
    }
}
