//! Usage diagram 3: one installation, two addresses, each with its own options.

use std::time::Duration;

use im_tests::client::{Api, Listen, Person, ops};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::exact_limits::{all_at_once, people};
use crate::system::{Form, LONG, System, list, text};

/// Contacts of one user and connected users at once.
const LIMITS_A: (usize, usize) = (3, 50);
const LIMITS_B: (usize, usize) = (20, 200);
/// Until a change of policy counts.
const POLICY_BOUND: Duration = Duration::from_secs(2);

in_both_forms!(
    behaviour_1_3_two_addresses_have_limits_of_their_own_and_one_community,
    behaviour_1_3_addresses_may_be_hosts,
    behaviour_2_1_the_most_specific_address_wins,
);

fn site_scope(site: &str) -> Value {
    json!({ "level": "SITE", "siteId": site })
}

/// Makes the sites `a` and `b` with their limits and waits until they answer.
async fn make_sites(admin: &Person, a: Value, b: Value, apis: [&Api; 2]) {
    let limits = [("a", a, LIMITS_A), ("b", b, LIMITS_B)];
    for (site, address, (contacts, connected)) in limits {
        admin
            .api
            .ok(ops::create_site(site, &json!([address])))
            .await;
        for (key, value) in [
            ("contacts_max", contacts),
            ("connected_users_max", connected),
        ] {
            admin
                .api
                .ok(ops::set_policy(key, &value.to_string(), &site_scope(site)))
                .await;
        }
    }
    for (api, site) in apis.into_iter().zip(["a", "b"]) {
        im_tests::wait_until("the site answers", LONG, || async {
            let answer = api.call(ops::site()).await;
            answer.is_ok_and(|answer| answer["site"]["id"] == json!(site))
        })
        .await;
    }
    tokio::time::sleep(POLICY_BOUND).await;
}

/// How many others the person can ask to become contacts, of those given.
async fn askable(person: &Person, others: &[Person]) -> usize {
    for (asked, other) in others.iter().enumerate() {
        if let Err(refusal) = person.api.call(ops::request_contact(&other.id)).await {
            assert_eq!(
                (refusal.code, refusal.reason.as_str()),
                (8, "CONTACT_LIMIT"),
                "{refusal:?}"
            );
            return asked;
        }
    }
    others.len()
}

async fn behaviour_1_3_two_addresses_have_limits_of_their_own_and_one_community(form: Form) {
    let system = System::start(form).await;
    let admin = system.administrator().await;
    let a = Api::http(&format!("{}/a", system.base()));
    let b = Api::http(&format!("{}/b", system.other_base()));
    let addresses = [json!({ "pathPrefix": "/a" }), json!({ "pathPrefix": "/b" })];
    let [address_a, address_b] = addresses;
    make_sites(&admin, address_a, address_b, [&a, &b]).await;

    // Connected users, all at once on both.
    let guests_a = people(std::slice::from_ref(&a), "guest-a-", 70).await;
    let guests_b = people(std::slice::from_ref(&b), "guest-b-", 220).await;
    let others: Vec<Person> = guests_b
        .iter()
        .take(24)
        .map(|(person, _)| person.clone())
        .collect();
    let (inside_a, inside_b) = tokio::join!(all_at_once(guests_a), all_at_once(guests_b));
    let inside = (inside_a.inside.len(), inside_b.inside.len());
    assert_eq!(inside, (LIMITS_A.1, LIMITS_B.1), "connected on A and on B");
    drop((inside_a, inside_b));

    // Contacts of one user.
    let ann = Person::register(&a, "ann").await;
    let bob = Person::register(&b, "bob").await;
    let asked = (askable(&ann, &others).await, askable(&bob, &others).await);
    assert_eq!(asked, (LIMITS_A.0, LIMITS_B.0), "contacts on A and on B");

    talk_across(&a, &b).await;
    role_lifts(&admin, &ann, &others).await;
    policy_bites(&admin, &a, &others).await;
}

/// Users of A and B talk to each other.
async fn talk_across(a: &Api, b: &Api) {
    let carl = Person::register(a, "carl").await;
    let dora = Person::register(b, "dora").await;
    carl.befriend(&dora).await;
    // B is full of people for a while yet; reading needs no place.
    let position = dora.api.ok(ops::entries("", 1)).await;
    let id = carl.direct(&dora).await;
    carl.send(&id, "k1", "hello from A").await;
    dora.send(&id, "k1", "hello from B").await;
    let told = dora
        .api
        .ok(ops::entries(text(&position["cursor"]), 100))
        .await;
    let texts: Vec<&str> = list(&told["entries"])
        .iter()
        .filter_map(|entry| entry["message"]["text"].as_str())
        .collect();
    assert_eq!(texts, ["hello from A", "hello from B"]);
    assert_eq!(carl.direct(&dora).await, dora.direct(&carl).await);
    // One database: whoever registered on A signs in on B, under the limits of B.
    let there = Person::login(b, "carl").await;
    assert_eq!(there.id, carl.id);
    let refusal = a.with_token(bearer(&there)).refused(ops::user("me")).await;
    assert_eq!((refusal.code, refusal.reason.as_str()), (16, "WRONG_SITE"));
}

fn bearer(person: &Person) -> &str {
    person.api.token().expect("somebody who has signed in")
}

/// §5.2: a role's value counts instead of the site's, for whoever has the role.
async fn role_lifts(admin: &Person, ann: &Person, others: &[Person]) {
    let role = admin.api.ok(ops::create_role("collectors", &[])).await;
    let role_id = text(&role["role"]["id"]).to_owned();
    let scope = json!({ "level": "ROLE", "roleId": role_id });
    admin
        .api
        .ok(ops::set_policy("contacts_max", "10", &scope))
        .await;
    admin.api.ok(ops::grant_role(&ann.id, &role_id)).await;
    let begin = Instant::now();
    while ann
        .api
        .call(ops::request_contact(&others[3].id))
        .await
        .is_err()
    {
        assert!(
            begin.elapsed() < POLICY_BOUND,
            "the role does not lift the limit"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("a role counted after {:?}", begin.elapsed());
    assert_eq!(askable(ann, &others[4..]).await, 6, "ten in all");
    let explained = admin
        .api
        .ok(ops::explain_policy(&ann.id, "a", "contacts_max"))
        .await;
    let explanation = &list(&explained["explanations"])[0];
    assert_eq!(explanation["effective"]["value"], "10", "{explained}");
    let levels: Vec<(&str, &str)> = list(&explanation["levels"])
        .iter()
        .map(|level| (text(&level["scope"]["level"]), text(&level["value"])))
        .collect();
    assert_eq!(levels, [("DEFAULT", "500"), ("SITE", "3"), ("ROLE", "10")]);
}

/// §5.3: a change counts within 2 s and is in the audit log.
async fn policy_bites(admin: &Person, a: &Api, others: &[Person]) {
    let eve = Person::register(a, "eve").await;
    assert_eq!(askable(&eve, others).await, LIMITS_A.0);
    admin
        .api
        .ok(ops::set_policy("contacts_max", "4", &site_scope("a")))
        .await;
    let begin = Instant::now();
    while eve
        .api
        .call(ops::request_contact(&others[3].id))
        .await
        .is_err()
    {
        assert!(begin.elapsed() < POLICY_BOUND, "the change does not count");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("a change of policy counted after {:?}", begin.elapsed());
    let log = admin.api.ok(ops::audit("policy.")).await;
    let newest = &list(&log["entries"])[0];
    assert_eq!(newest["actorId"], json!(admin.id), "{newest}");
    let told = newest.to_string();
    assert!(
        told.contains("contacts_max") && told.contains('3') && told.contains('4'),
        "{told}"
    );
}

async fn behaviour_1_3_addresses_may_be_hosts(form: Form) {
    let system = System::start(form).await;
    let admin = system.administrator().await;
    let a = system.api().with_header("host", "a.example");
    let b = system.api().with_header("host", "b.example:8080");
    let addresses = [
        json!({ "host": "a.example" }),
        json!({ "host": "b.example" }),
    ];
    let [address_a, address_b] = addresses;
    make_sites(&admin, address_a, address_b, [&a, &b]).await;
    let others: Vec<Person> = people(&[system.api()], "other", 21)
        .await
        .into_iter()
        .map(|(person, _)| person)
        .collect();
    let ann = Person::register(&a, "ann").await;
    let bob = Person::register(&b, "bob").await;
    assert_eq!(askable(&ann, &others).await, LIMITS_A.0);
    assert_eq!(askable(&bob, &others).await, LIMITS_B.0);
    // The stream is on the site too.
    let (stream, _) = ann.listen(Listen::default()).await;
    stream.close().await;
    let elsewhere = ann.api.with_header("host", "b.example");
    let refusal = elsewhere.refused(ops::user("me")).await;
    assert_eq!(refusal.reason, "WRONG_SITE");
    let unknown = system.api().with_header("host", "unknown.example");
    assert_eq!(unknown.ok(ops::site()).await["site"]["id"], "default");
}

async fn behaviour_2_1_the_most_specific_address_wins(form: Form) {
    let system = System::start(form).await;
    let admin = system.administrator().await;
    for (site, address) in [
        ("host", json!({ "host": "a.example" })),
        ("path", json!({ "pathPrefix": "/x" })),
        ("both", json!({ "host": "a.example", "pathPrefix": "/x" })),
        ("deeper", json!({ "pathPrefix": "/x/y" })),
    ] {
        admin
            .api
            .ok(ops::create_site(site, &json!([address])))
            .await;
    }
    tokio::time::sleep(POLICY_BOUND).await;
    for (host, path, site) in [
        ("other.example", "", "default"),
        ("a.example", "", "host"),
        ("A.Example", "", "host"),
        ("other.example", "/x", "path"),
        ("a.example", "/x", "both"),
        ("other.example", "/x/y", "deeper"),
        ("other.example", "/xy", ""),
    ] {
        for door in &system.doors {
            let api = Api::http(&format!("{}{path}", door.base)).with_header("host", host);
            match api.call(ops::site()).await {
                Ok(answer) => assert_eq!(answer["site"]["id"], json!(site), "{host}{path}"),
                // A part of a segment is no prefix: there is nothing at this path.
                Err(refusal) => assert_eq!((site, refusal.code), ("", 5), "{host}{path}"),
            }
        }
    }
}
