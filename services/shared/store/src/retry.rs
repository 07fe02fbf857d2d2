//! Trying a transaction again that collided with another one.

use std::time::Duration;

use crate::StoreError;

/// How often and how long to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryBudget {
    /// All attempts, the first included.
    pub attempts_max: u32,
    /// Longest pause after the first attempt; it doubles with each one.
    pub pause_first: Duration,
    /// Longest pause at all.
    pub pause_max: Duration,
}

impl Default for RetryBudget {
    /// Eight attempts within about half a second.
    fn default() -> Self {
        Self {
            attempts_max: 8,
            pause_first: Duration::from_millis(4),
            pause_max: Duration::from_millis(200),
        }
    }
}

/// Errors that know whether nothing happened, so that doing it again is safe.
pub trait Retryable {
    /// Whether the whole operation may be tried again at once.
    fn is_retryable(&self) -> bool;
}

impl Retryable for StoreError {
    fn is_retryable(&self) -> bool {
        Self::is_retryable(self)
    }
}

/// Runs `operation`, a whole transaction from begin to commit, until it does not collide or the
/// budget is spent; the last error is returned. Pauses are random, so that those who collided do
/// not meet again.
pub async fn retry<T, E, F>(budget: RetryBudget, mut operation: impl FnMut() -> F) -> Result<T, E>
where
    E: Retryable,
    F: Future<Output = Result<T, E>>,
{
    let mut pause = budget.pause_first;
    let mut attempts_left = budget.attempts_max;
    loop {
        attempts_left = attempts_left.saturating_sub(1);
        match operation().await {
            Err(error) if attempts_left > 0 && error.is_retryable() => {
                tokio::time::sleep(pause.mul_f64(rand::random_range(0.0..1.0))).await;
                pause = (pause * 2).min(budget.pause_max);
            }
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn attempts(budget: RetryBudget, error: fn() -> StoreError) -> u32 {
        let mut made = 0;
        let result: Result<(), StoreError> = retry(budget, || {
            made += 1;
            std::future::ready(Err(error()))
        })
        .await;
        assert!(result.is_err());
        made
    }

    #[tokio::test(start_paused = true)]
    async fn only_collisions_are_tried_again_and_not_for_ever() {
        let budget = RetryBudget {
            attempts_max: 5,
            ..RetryBudget::default()
        };
        assert_eq!(
            attempts(budget, || StoreError::Serialization("".into())).await,
            5
        );
        assert_eq!(
            attempts(budget, || StoreError::Unavailable("".into())).await,
            1
        );
        let none = RetryBudget {
            attempts_max: 0,
            ..budget
        };
        assert_eq!(
            attempts(none, || StoreError::Serialization("".into())).await,
            1
        );
    }
}
