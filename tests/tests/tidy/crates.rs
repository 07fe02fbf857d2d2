//! Which crate may depend on which.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::tree::{SERVICES, files, hold, read};

struct Crate {
    file: String,
    name: String,
    manifest: Table,
    /// All kinds together.
    dependencies: BTreeSet<String>,
}

/// The tables of a manifest with dependencies in them.
const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

fn crates() -> Vec<Crate> {
    let mut found = Vec::new();
    for file in files("services", "Cargo.toml")
        .into_iter()
        .chain(["tests/Cargo.toml".to_owned()])
    {
        let manifest: Table = read(&file)
            .parse()
            .unwrap_or_else(|e| panic!("{file}: {e}"));
        let name = manifest["package"]["name"].as_str().unwrap().to_owned();
        let dependencies = KINDS
            .iter()
            .filter_map(|kind| manifest.get(*kind)?.as_table())
            .flat_map(|table| table.keys().cloned())
            .collect();
        found.push(Crate {
            file,
            name,
            manifest,
            dependencies,
        });
    }
    assert!(found.len() > 10, "only {} crates found", found.len());
    found
}

fn is_service(name: &str) -> bool {
    SERVICES.iter().any(|(_, service)| *service == name)
}

#[test]
fn services_do_not_depend_on_each_other() {
    let mut faults = Vec::new();
    for one in crates() {
        if ["intramessenger", "im-tests"].contains(&one.name.as_str()) {
            continue;
        }
        for dependency in one.dependencies.iter().filter(|name| is_service(name)) {
            faults.push(format!("{}: {dependency}", one.file));
        }
    }
    hold(
        "services meet on the network: only standalone and tests depend on their crates:",
        &faults,
    );
}

#[test]
fn what_is_shared_is_used_by_two() {
    let crates = crates();
    let mut faults = Vec::new();
    for one in crates
        .iter()
        .filter(|one| one.file.starts_with("services/shared/"))
    {
        let users = crates
            .iter()
            .filter(|user| user.dependencies.contains(&one.name))
            .count();
        if users < 2 {
            faults.push(format!("{} is used by {users}", one.name));
        }
    }
    hold(
        "services/shared holds what at least two crates use, and nothing else:",
        &faults,
    );
}

/// Who may use a driver. im-auth-stores reads databases of others, which im-store, made for our own
/// two engines and our own tables, does not fit.
const OWNERS: [(&str, &[&str]); 2] = [
    ("sqlx", &["im-store", "im-auth-stores"]),
    ("async-nats", &["im-bus"]),
];

#[test]
fn one_crate_knows_the_database_and_one_the_bus() {
    let mut faults = Vec::new();
    for one in crates() {
        for (dependency, owners) in OWNERS {
            if one.dependencies.contains(dependency) && !owners.contains(&one.name.as_str()) {
                faults.push(format!("{}: {dependency} belongs to {owners:?}", one.file));
            }
        }
    }
    hold(
        "only im-store and im-auth-stores depend on sqlx, only im-bus on async-nats:",
        &faults,
    );
}

#[test]
fn versions_and_lints_are_named_once() {
    let mut faults = Vec::new();
    for one in crates() {
        let tables = KINDS
            .iter()
            .filter_map(|kind| one.manifest.get(*kind)?.as_table());
        for (name, value) in tables.flatten() {
            if value.get("workspace").and_then(Value::as_bool) != Some(true) {
                faults.push(format!("{}: {name}", one.file));
            }
        }
        let lints = one
            .manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"));
        if lints.and_then(Value::as_bool) != Some(true) {
            faults.push(format!("{}: [lints] workspace = true is missing", one.file));
        }
    }
    hold(
        "versions, features and lints are in the Cargo.toml of the workspace:",
        &faults,
    );
}
