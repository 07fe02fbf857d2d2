//! What an administrator is told.

use im_auth_stores::{Class, LdapStore, Missing};
use im_types::Secret;

use crate::server::{BASE, Options, Slapd, person};

#[tokio::test]
async fn a_directory_in_order() {
    let ldif = [
        person("alice", "x", "mail: alice@example.org"),
        person("off", "x", "employeeType: left"),
    ];
    let server = Slapd::start(&ldif.concat(), Options::default()).await;
    let report = server
        .store("directory.active = '(!(employeeType=left))'")
        .check()
        .await;
    assert_eq!(report.fault, None);
    assert_eq!(report.version.as_deref(), Some("OpenLDAP"));
    assert_eq!((report.sample.rows, report.sample.active), (2, 1));
    assert!(
        report.absent.contains(&"title".to_owned()),
        "{:?}",
        report.absent
    );
    assert!(!report.absent.contains(&"mail".to_owned()));
    assert!(report.explanation[0].starts_with("connected to ldap://127.0.0.1:"));
    assert!(!format!("{report:?}").contains("alice"), "nobody is named");
}

#[tokio::test]
async fn what_is_not_in_order_is_named() {
    let server = Slapd::start(&person("alice", "x", ""), Options::default()).await;
    let mut config = server.config("");
    config.base = format!("ou=nowhere,{BASE}");
    let report = LdapStore::open(&config).unwrap().check().await;
    let missing = Missing {
        table: config.base.clone(),
        column: None,
    };
    assert_eq!(report.missing, [missing]);

    let report = server
        .store("directory.id = 'employeeNumber'")
        .check()
        .await;
    assert_eq!(report.missing[0].column.as_deref(), Some("employeeNumber"));

    let mut config = server.config("");
    config.account = Some((format!("cn=search,{BASE}"), Secret::from("wrong")));
    let store = LdapStore::open(&config).unwrap();
    assert_eq!(store.check().await.fault, Some(Class::Denied));

    config.account = None;
    let report = LdapStore::open(&config).unwrap().check().await;
    assert!(
        report.fault.is_some(),
        "who is nobody sees nothing: {report:?}"
    );
}
