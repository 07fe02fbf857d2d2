//! Everybody, page by page.

use std::collections::BTreeSet;

use im_auth_stores::Class;

use crate::server::{Options, Slapd, person};

const PEOPLE: usize = 2_500;

fn people() -> String {
    let one = |number: usize| {
        let own = if number.is_multiple_of(10) {
            "employeeType: left"
        } else {
            ""
        };
        person(&format!("p{number}"), "x", own)
    };
    (0..PEOPLE).map(one).collect()
}

#[tokio::test]
async fn pages_hold_everybody_once() {
    let global = "sizelimit size.soft=100 size.hard=100 size.prtotal=unlimited".to_owned();
    let server = Slapd::start(
        &people(),
        Options {
            global,
            ..Options::default()
        },
    )
    .await;
    let store = server.store("directory.active = '(!(employeeType=left))'");
    let (mut ids, mut logins, mut active, mut after) = (Vec::new(), BTreeSet::new(), 0, None);
    loop {
        let page = store.list(after.as_ref(), 700).await.unwrap();
        assert!(page.people.len() <= 700);
        for person in page.people {
            active += usize::from(person.is_active);
            assert_eq!(format!("{:?}", person.row), "{}");
            logins.insert(person.login);
            ids.push(person.external_id);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(
        (ids.len(), logins.len(), active),
        (PEOPLE, PEOPLE, PEOPLE / 10 * 9)
    );
    assert!(ids.is_sorted_by(|a, b| a < b));
    // Whoever reads on after everything was forgotten gets the same.
    let again = store.list(Some(&ids[99]), 10).await.unwrap();
    let again: Vec<_> = again
        .people
        .into_iter()
        .map(|person| person.external_id)
        .collect();
    assert_eq!(again, ids[100..110]);
}

#[tokio::test]
async fn a_set_that_is_not_whole_is_an_error() {
    // slapd gives 500 entries to whoever has no right to more, in pages as well.
    let server = Slapd::start(&people(), Options::default()).await;
    let answer = server.store("").list(None, 10).await;
    assert_eq!(answer, Err(Class::Incomplete));
    // Finding somebody among them is another thing.
    assert_eq!(
        crate::server::found(server.store("").find("p2499").await).login,
        "p2499"
    );
}
