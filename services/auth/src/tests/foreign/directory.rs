//! A real directory, if the test command names one.

use std::collections::{HashMap, HashSet};

use im_proto::auth as proto;

use super::super::harness::{every_engine, reason};
use super::database::variable;
use super::{SECRET, create, list_at, user_of};

/// Adds a person with a name of the test's own; the directory goes with the test command.
async fn add_person(url: &str, base: &str, uid: &str) {
    let bind_dn = variable("IM_TEST_LDAP_BIND_DN").unwrap();
    let password = variable("IM_TEST_LDAP_PASSWORD").unwrap();
    let (connection, mut ldap) = ldap3::LdapConnAsync::new(url).await.unwrap();
    let mut driver = tokio::task::JoinSet::new();
    driver.spawn(connection.drive());
    let bound = ldap.simple_bind(&bind_dn, &password).await.unwrap();
    bound.success().unwrap();
    let mail = format!("{uid}@ldap.example");
    let attributes = [
        ("objectClass", "inetOrgPerson"),
        ("uid", uid),
        ("cn", "Lena L"),
        ("sn", "L"),
        ("displayName", "Lena of the directory"),
        ("mail", &mail),
        ("userPassword", SECRET),
    ];
    let attributes = attributes.map(|(name, value)| (name, HashSet::from([value])));
    let dn = format!("uid={uid},ou=people,{base}");
    let added = ldap.add(&dn, attributes.to_vec()).await.unwrap();
    added.success().unwrap();
    ldap.unbind().await.unwrap();
}

#[tokio::test]
async fn people_of_a_directory_sign_in() {
    let Some(address) = variable("IM_TEST_LDAP_URL") else {
        return;
    };
    let (url, base) = address.rsplit_once('/').unwrap();
    let ids = im_types::Ids::system(im_types::Clock::system());
    let uid = format!("lena-{}", &ids.new_uuid().simple().to_string()[20..]);
    add_person(url, base, &uid).await;
    for auth in every_engine().await {
        let boss = auth.administrator().await;
        let settings = [
            ("servers", url),
            ("base", base),
            ("account", &variable("IM_TEST_LDAP_BIND_DN").unwrap()),
            ("tls", "off"),
        ];
        let store = proto::IdentityStore {
            id: "ldap".to_owned(),
            kind: proto::identity_store::Kind::Ldap.into(),
            name: "Directory".to_owned(),
            preset: "ldap-openldap".to_owned(),
            settings: settings
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            enabled: true,
            ..Default::default()
        };
        let password = variable("IM_TEST_LDAP_PASSWORD").unwrap();
        let request = proto::CreateIdentityStoreRequest {
            store: Some(store),
            secrets: HashMap::from([("password".to_owned(), password)]),
        };
        create(&auth, &boss, request).await.unwrap();
        list_at(&auth, &boss, "default", &["ldap"]).await;
        let lena = user_of(&auth.login(&uid, SECRET).await.unwrap());
        assert_eq!(lena.display_name, "Lena of the directory");
        assert_eq!(lena.email, format!("{uid}@ldap.example"));
        let by_mail = auth.login(&lena.email, SECRET).await.unwrap();
        assert_eq!(user_of(&by_mail).id, lena.id);
        for (login, password) in [
            (uid.as_str(), "Secret124"),
            ("nobody", SECRET),
            ("*", SECRET),
        ] {
            let wrong = auth.login(login, password).await;
            assert_eq!(reason(wrong), "INVALID_CREDENTIALS", "{login}");
        }
        auth.stop().await;
    }
}
