//! Groups, and groups in groups.

use im_auth_stores::{Class, Lookup};

use crate::server::{BASE, Options, Slapd, found, person};

fn group(name: &str, class: &str, members: &[String]) -> String {
    let attribute = match class {
        "groupOfNames" => "member",
        "groupOfUniqueNames" => "uniqueMember",
        _ => "memberUid",
    };
    let members = members.iter().fold(String::new(), |all, member| {
        all + attribute + ": " + member + "\n"
    });
    let number = if class == "posixGroup" {
        "gidNumber: 7\n"
    } else {
        ""
    };
    format!("dn: cn={name},ou=groups,{BASE}\nobjectClass: {class}\ncn: {name}\n{number}{members}\n")
}

fn entry(name: &str) -> String {
    format!("uid={name},ou=people,{BASE}")
}

fn group_entry(name: &str) -> String {
    format!("cn={name},ou=groups,{BASE}")
}

/// alice is in three kinds of groups; `team` is in `department`, that in `house`, and that again in
/// `team`.
fn people() -> String {
    [
        person("alice", "Secret123", ""),
        person("bob", "Secret123", ""),
        group(
            "team",
            "groupOfNames",
            &[entry("alice"), group_entry("house")],
        ),
        group("unique", "groupOfUniqueNames", &[entry("alice")]),
        group("posix", "posixGroup", &["alice".to_owned()]),
        group("department", "groupOfNames", &[group_entry("team")]),
        group("house", "groupOfNames", &[group_entry("department")]),
        group("others", "groupOfNames", &[entry("bob")]),
    ]
    .concat()
}

#[tokio::test]
async fn groups_are_found_by_their_members() {
    let server = Slapd::start(&people(), Options::default()).await;
    for (own, expected) in [
        ("", vec!["posix", "team", "unique"]),
        (
            "directory.nested_depth = 1",
            vec!["department", "posix", "team", "unique"],
        ),
        (
            "directory.nested_depth = 10",
            vec!["department", "house", "posix", "team", "unique"],
        ),
        ("directory.groups = '(memberUid={login})'", vec!["posix"]),
    ] {
        let alice = found(server.store(own).find("alice").await);
        assert_eq!(alice.groups, expected, "{own}");
    }
    let mut config = server.config("");
    config.groups_base = Some(format!("ou=people,{BASE}"));
    let store = im_auth_stores::LdapStore::open(&config).unwrap();
    assert!(
        found(store.find("alice").await).groups.is_empty(),
        "none below that entry"
    );
}

#[tokio::test]
async fn groups_are_read_from_the_person() {
    let options = Options {
        modules: &["memberof"],
        database: "overlay memberof\nmemberof-dangling ignore".to_owned(),
        ..Options::default()
    };
    // The overlay writes the attribute; here it is written like the rest.
    let ldif = format!(
        "{}{}",
        person(
            "alice",
            "Secret123",
            &format!(
                "memberOf: cn=M\\C3\\BCller\\, Jörg,{BASE}\n\
             memberOf: {}",
                group_entry("team")
            )
        ),
        group("team", "groupOfNames", &[entry("alice")]),
    );
    let server = Slapd::start(&ldif, options).await;
    let own = "directory.member_of = 'memberOf'\ndirectory.groups = ''";
    let alice = found(server.store(own).find("alice").await);
    assert_eq!(alice.groups, ["Müller, Jörg", "team"]);
}

#[tokio::test]
async fn too_many_groups_are_not_some_groups() {
    let mut ldif = person("alice", "Secret123", "");
    for number in 0..1_001 {
        ldif += &group(&format!("g{number}"), "groupOfNames", &[entry("alice")]);
    }
    let options = Options {
        global: "sizelimit unlimited".to_owned(),
        ..Options::default()
    };
    let server = Slapd::start(&ldif, options).await;
    let answer = server.store("").find("alice").await;
    assert_eq!(answer, Lookup::Unavailable(Class::Incomplete));
}
