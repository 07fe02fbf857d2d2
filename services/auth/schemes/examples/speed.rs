//! Prints how many passwords a second of processor time verifies, by scheme. Build with --release.
#![expect(clippy::print_stdout, reason = "this is what the program is for")]
#![expect(clippy::disallowed_methods, reason = "a stopwatch")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use im_auth_schemes::{Options, PasswordRule, RuleError, Work};
use im_types::Secret;

/// Scheme, what is measured, and a stored value.
const CASES: [(&str, &str, &str); 12] = [
    ("md5", "one MD5", "5c90b96a75d4f9d5a1cfaa6f532afdc8"),
    (
        "md5_md5s_md5p",
        "three MD5",
        "df859a035b03a805db8287f008be9d84",
    ),
    (
        "sha1_lu_p",
        "one SHA-1",
        "7b1369fbf9eacbbda98cd6d1034802abc29a334b",
    ),
    ("phpass", "2^11 MD5", "$H$9abcdefghAAAAAAAAAAAAAAAAAAAAA."),
    ("phpass", "2^13 MD5", "$P$Bv6yOBLnn9TMDhMPaszvM1zKTyv68N0"),
    (
        "drupal_sha512",
        "2^15 SHA-512",
        "$S$D93e7slU3b6a0WV/zKVZMTQ2adLq6u0jxKhZN5eUAEKX9ym9uYPB",
    ),
    ("crypt", "DES", "abwxqTFirElb6"),
    ("crypt", "$1$", "$1$saltsalt$Fyu1R/jDOOkg6nUr/VI0i0"),
    (
        "crypt",
        "$6$, 5000 rounds",
        "$6$saltstring0$x6afkO8ecK74b082sdAKNkYPMVAqfIBEiQCS/ALjbaLzh4S6vET5ERUMjZHR9KfTVSG9b13nwxoni0sZcJ5tH1",
    ),
    (
        "bcrypt",
        "cost 10",
        "$2y$10$abcdefghijklmnopqrstuue97r2v.U9HxbfeTbR1FHzY.X7JhmbBy",
    ),
    (
        "bcrypt",
        "cost 12",
        "$2y$12$2BEJ91WabGb.puG7y9eLTuwbSSVAI.gRqQ5ekrA73CZqcYQ9FWvv.",
    ),
    (
        "php_password",
        "Argon2id, 19 MiB, 2 passes",
        "$argon2id$v=19$m=19456,t=2,p=1$VjB6cEtNTzhGMFdGT3RFNA$FHDw6Wa5a70fMYv1AMTuLPSh7MfYYxtO7rBv+h+9cqE",
    ),
];

/// Processor time of this program where the system tells it (Linux); else the real time since
/// `start`, which is the same on an idle machine.
fn spent(start: Instant) -> Duration {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|field| field.parse().ok());
    nanoseconds.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

fn main() -> Result<(), RuleError> {
    let wrong = Secret::new(b"not the password".to_vec());
    println!("| scheme | work | verifications per second of one core |\n| --- | --- | --- |");
    for (scheme, what, stored) in CASES {
        let options = Options {
            salt: Some("salt".to_owned()),
            ..Options::default()
        };
        let rule = PasswordRule::parse(scheme, "", options)?;
        let row: BTreeMap<String, Vec<u8>> =
            [("password", stored), ("salt", "Zx9_q"), ("login", "Alice")]
                .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
                .into();
        let start = Instant::now();
        // Fast ones by the hundred, so that the stopwatch costs nothing beside them.
        let is_fast = matches!(rule.usual_work().0, Work::Digests { rounds: 1 });
        let batch = if is_fast { 100 } else { 1 };
        let mut count = 0_u32;
        let begin = spent(start);
        while spent(start) < begin + Duration::from_secs(1) {
            for _ in 0..batch {
                std::hint::black_box(rule.verify(&row, &wrong));
            }
            count += batch;
        }
        let seconds = spent(start).saturating_sub(begin).as_secs_f64();
        let rate = f64::from(count) / seconds;
        println!("| `{scheme}` | {what} | {rate:.0} |");
    }
    Ok(())
}
