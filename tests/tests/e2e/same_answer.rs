//! §3: an unknown user and a wrong password are one and the same answer, in the same time.

use std::time::Duration;

use im_tests::client::{Person, ops};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::system::{Form, System, set_policies};

/// Sign-ins of each kind.
const LOGINS: usize = 200;
/// So many standard errors apart never happens by chance (once in a hundred million runs), while
/// a hash that is left out is apart by more than ten.
const Z_MAX: f64 = 5.5;

/// Password hashing is that of the product here, for its time is what is compared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behaviour_3_unknown_user_and_wrong_password_cannot_be_told_apart() {
    let system = System::start_with(Form::Standalone, "").await;
    let admin = system.administrator().await;
    set_policies(&admin, &[("throttle_enabled", "false")]).await;
    system.person("ann").await;
    let json = system.api().json();
    let seed: u64 = rand::random();
    let mut kinds: Vec<&str> = ["ann", "nobody"].repeat(LOGINS);
    kinds.shuffle(&mut StdRng::seed_from_u64(seed));
    let mut answers: Vec<Value> = Vec::new();
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    // The first ones pay for connections and caches.
    for warming in ["ann", "nobody", "ann", "nobody"] {
        let request = json!({ "username": warming, "password": "Wrong-password-0" });
        json.post("/v1/auth:login", request).await;
    }
    for (number, username) in kinds.into_iter().enumerate() {
        // Different passwords, because the same one repeated counts once.
        let password = format!("Wrong-password-{number}");
        let request = json!({ "username": username, "password": password });
        let begin = Instant::now();
        let (status, mut body) = json.post("/v1/auth:login", request).await;
        let took = begin.elapsed();
        assert_eq!(status, 401, "{body}");
        body["requestId"] = json!("");
        if !answers.contains(&body) {
            answers.push(body);
        }
        let times = if username == "ann" {
            &mut known
        } else {
            &mut unknown
        };
        times.push(took);
    }
    assert_eq!(answers.len(), 1, "one and the same answer: {answers:#?}");
    let z = rank_test(&known, &unknown);
    println!(
        "wrong password: median {:?}, unknown user: median {:?}, rank test z = {z:.2} (seed {seed})",
        median(&known),
        median(&unknown)
    );
    assert!(z.abs() < Z_MAX, "the times differ: z = {z:.2}");
    // The audit log of the administrators sees the difference.
    let log = admin.api.ok(ops::audit("login.")).await.to_string();
    assert!(log.contains("nobody") && log.contains("ann"), "{log}");
    Person::login(&system.api(), "ann").await;
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// Mann and Whitney's test in its normal approximation: how many standard errors the ranks of the
/// two samples are apart.
#[expect(clippy::cast_precision_loss, reason = "a few hundred are exact")]
fn rank_test(one: &[Duration], two: &[Duration]) -> f64 {
    let wins: usize = one
        .iter()
        .map(|a| two.iter().filter(|b| a > *b).count())
        .sum();
    let (n, m) = (one.len() as f64, two.len() as f64);
    let expected = n * m / 2.0;
    let deviation = (n * m * (n + m + 1.0) / 12.0).sqrt();
    (wins as f64 - expected) / deviation
}

#[test]
fn the_rank_test_sees_a_shift_and_nothing_else() {
    let times = |first: u64, step: usize| -> Vec<Duration> {
        (first..)
            .step_by(step)
            .take(200)
            .map(Duration::from_micros)
            .collect()
    };
    assert!(rank_test(&times(1000, 2), &times(1001, 2)).abs() < 1.0);
    assert!(rank_test(&times(1000, 2), &times(1200, 2)) < -Z_MAX);
}
