//! The `grpc-timeout` header.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

/// The header's name.
pub(super) const HEADER: &str = "grpc-timeout";
/// The reason of a call that ran out of time.
pub(super) const REASON: &str = "DEADLINE_EXCEEDED";
/// The longest time a caller can ask for.
pub(super) const TIMEOUT_MAX: Duration = Duration::from_hours(1);

/// Most digits the protocol allows.
const DIGITS_MAX: usize = 8;

/// The time a caller gives; `None` if the header is absent or not understood (the protocol says to
/// ignore it then).
pub(super) fn parse(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(HEADER)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let well_formed = (1..=DIGITS_MAX).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !well_formed {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(value * 3600)),
        "M" => Some(Duration::from_secs(value * 60)),
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
}

/// Writes what is left until `at`, in milliseconds ([`TIMEOUT_MAX`] fits in 8 digits).
pub(super) fn insert(headers: &mut HeaderMap, at: Instant) {
    let left = at
        .saturating_duration_since(Instant::now())
        .min(TIMEOUT_MAX);
    if let Ok(value) = HeaderValue::from_str(&format!("{}m", left.as_millis())) {
        headers.insert(HEADER, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &'static str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_static(text));
        parse(&headers)
    }

    #[test]
    fn every_unit_is_understood() {
        assert_eq!(parsed("2H"), Some(Duration::from_hours(2)));
        assert_eq!(parsed("2M"), Some(Duration::from_mins(2)));
        assert_eq!(parsed("2S"), Some(Duration::from_secs(2)));
        assert_eq!(parsed("2m"), Some(Duration::from_millis(2)));
        assert_eq!(parsed("2u"), Some(Duration::from_micros(2)));
        assert_eq!(parsed("99999999n"), Some(Duration::from_nanos(99_999_999)));
    }

    #[test]
    fn nonsense_is_ignored() {
        for text in ["", "m", "1", "1x", "123456789m", "+1m", "-1m", " 1m"] {
            assert_eq!(parsed(text), None, "{text:?}");
        }
    }
}
