//! Active Directory, as far as its documented answers go.

use im_auth_stores::{Class, DirectoryPreset, LdapConfig, LdapStore, Tls, Verified};
use im_types::Secret;

use crate::server::{MATCH, MISMATCH, found, sign_in};
use crate::talk::{
    self, BIND, BIND_ANSWER, SEARCH, SEARCH_DONE, element, entry, reference, result,
};

const GUID: [u8; 16] = [
    0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
];

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// Ann, whose right password is "right"; a password `data …` is answered with that sub-code.
fn answer(tag: u8, request: &[u8]) -> Vec<Vec<u8>> {
    let done = result(SEARCH_DONE, 0, "");
    match tag {
        BIND if holds(request, "search@x.example") || holds(request, "right") => {
            vec![result(BIND_ANSWER, 0, "")]
        }
        BIND => {
            let begin = request.windows(5).position(|window| window == b"data ");
            let code = begin.map_or("52e".into(), |at| {
                String::from_utf8_lossy(&request[at + 5..at + 8]).into_owned()
            });
            let text = format!(
                "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, \
                 data {code}, v4563\0"
            );
            vec![result(BIND_ANSWER, 49, &text)]
        }
        SEARCH if holds(request, "1.2.840.113556.1.4.1941") => {
            let group = |dn: &str, cn: &str| entry(dn, &[("cn", &[cn.as_bytes()])]);
            vec![
                group("CN=Team,DC=x", "Team"),
                group("CN=House,DC=x", "House"),
                done,
            ]
        }
        SEARCH if holds(request, "1.2.840.113556.1.4.803") => {
            let is_on = !holds(request, "CN=Off");
            let hit = is_on.then(|| entry("CN=Ann,DC=x", &[("objectGUID", &[&GUID])]));
            hit.into_iter().chain([done]).collect()
        }
        SEARCH => {
            let (dn, name) = if holds(request, "off") {
                ("CN=Off,DC=x", "off")
            } else {
                ("CN=Ann,DC=x", "Ann")
            };
            let person = entry(
                dn,
                &[
                    ("sAMAccountName", &[name.as_bytes()]),
                    ("objectGUID", &[&GUID]),
                    ("mail", &[b"a@x"]),
                ],
            );
            // Parts of the forest are elsewhere: every search from the root says so.
            vec![
                person,
                reference("ldap://ForestDnsZones.x.example/DC=ForestDnsZones"),
                done,
            ]
        }
        // Unbind and others have no answer.
        _ => Vec::new(),
    }
}

fn store(url: String) -> LdapStore {
    let text = DirectoryPreset::shipped_text("ldap-active-directory").unwrap();
    let preset = DirectoryPreset::parse(text).unwrap();
    let config = LdapConfig {
        tls: Tls::Off,
        account: Some(("search@x.example".to_owned(), Secret::from("pw"))),
        ..LdapConfig::new(vec![url], "DC=x".to_owned(), preset)
    };
    LdapStore::open(&config).unwrap()
}

/// §4.9
#[tokio::test]
async fn people_have_the_id_that_its_tools_show() {
    let (url, _server) = talk::serve(answer).await;
    let store = store(url);
    let ann = found(store.find("ann").await);
    assert_eq!(
        ann.external_id.as_str(),
        "00112233-4455-6677-8899-aabbccddeeff"
    );
    assert_eq!((ann.login.as_str(), ann.is_active), ("Ann", true));
    assert_eq!(ann.groups, ["House", "Team"]);
    assert_eq!(ann.attributes["email"], "a@x");
    assert!(!found(store.find("off").await).is_active);
}

#[tokio::test]
async fn its_reasons_are_told_apart() {
    let (url, _server) = talk::serve(answer).await;
    let store = store(url);
    let expired = Verified::Match {
        is_password_expired: true,
    };
    let locked = Verified::Mismatch { is_locked: true };
    for (password, expected) in [
        ("right", MATCH),
        ("data 52e", MISMATCH),
        ("data 525", MISMATCH),
        ("data 532", expired.clone()),
        ("data 773", expired),
        ("data 533", Verified::Disabled),
        ("data 701", Verified::Disabled),
        ("data 775", locked),
        ("data 51f", Verified::Unavailable(Class::Refused)),
    ] {
        assert_eq!(
            sign_in(&store, "ann", password).await,
            expected,
            "{password}"
        );
    }
    assert_eq!(sign_in(&store, "off", "data 773").await, Verified::Disabled);
}

#[tokio::test]
async fn nonsense_lets_nobody_in_and_breaks_nothing() {
    type Answer = fn(u8, &[u8]) -> Vec<Vec<u8>>;
    let nonsense: [Answer; 5] = [
        // Not a result.
        |_, _| vec![element(BIND_ANSWER, b"")],
        |_, _| vec![element(BIND_ANSWER, &[0x0a, 1, 0])],
        |tag, _| {
            if tag == BIND {
                vec![result(BIND_ANSWER, 0, "")]
            } else {
                vec![element(0x64, b"")]
            }
        },
        |tag, _| {
            if tag == BIND {
                vec![result(BIND_ANSWER, 0, "")]
            } else {
                vec![element(0x7f, b"x")]
            }
        },
        // More people than were asked for.
        |tag, request| match tag {
            BIND => vec![result(BIND_ANSWER, 0, "")],
            _ => [
                vec![answer(SEARCH, request)[0].clone(); 9],
                vec![result(SEARCH_DONE, 0, "")],
            ]
            .concat(),
        },
    ];
    for (at, nonsense) in nonsense.into_iter().enumerate() {
        let (url, _server) = talk::serve(nonsense).await;
        let lookup = store(url).find("ann").await;
        let is_unavailable = matches!(lookup, im_auth_stores::Lookup::Unavailable(_));
        assert!(is_unavailable, "{at}: {lookup:?}");
    }
}
