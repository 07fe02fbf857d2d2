//! Dependencies point inward within a service.

use crate::paths::paths;
use crate::tree::{SERVICES, files, hold, read};

/// What a module of a service may see.
struct Layer {
    module: &'static str,
    /// Of the modules below, those it may use.
    may_use: &'static [&'static str],
    /// Crates it must not use.
    never: &'static [&'static str],
}

/// The modules with rules. Others (`sql`, a module of one service) are free to be used.
const KNOWN: [&str; 8] = [
    "domain", "ports", "usecase", "store", "grpc", "worker", "error", "config",
];

/// The table of ARCHITECTURE.md. Settings are plain values and may be seen by all but the domain.
const LAYERS: [Layer; 6] = [
    Layer {
        module: "domain",
        may_use: &["domain"],
        never: &[
            "tokio",
            "sqlx",
            "tonic",
            "prost",
            "axum",
            "reqwest",
            "im_store",
            "im_bus",
            "im_proto",
            "im_runtime",
        ],
    },
    Layer {
        module: "ports",
        may_use: &["ports", "domain", "error", "config"],
        never: &["sqlx", "tonic", "prost", "axum", "im_proto"],
    },
    Layer {
        module: "usecase",
        may_use: &["usecase", "domain", "ports", "error", "config"],
        never: &["sqlx", "tonic", "prost", "axum", "im_proto", "im_store"],
    },
    Layer {
        module: "store",
        may_use: &["store", "domain", "ports", "error", "config"],
        never: &["sqlx", "tonic", "prost", "axum", "im_proto", "im_bus"],
    },
    Layer {
        module: "grpc",
        // Also ports: the views that a read answers with, and ports that are implemented by rpcs.
        may_use: &["grpc", "usecase", "domain", "ports", "error", "config"],
        never: &["sqlx", "im_store"],
    },
    Layer {
        module: "worker",
        may_use: &["worker", "usecase", "domain", "ports", "error", "config"],
        never: &["sqlx", "tonic", "im_store"],
    },
];

/// Where a file is in its crate: `src/domain/user.rs` is `domain::user`.
fn module_of(file: &str) -> Vec<String> {
    let inner = file.split_once("/src/").map_or(file, |(_, inner)| inner);
    let mut module: Vec<String> = inner
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if module
        .last()
        .is_some_and(|last| last == "mod" || last == "lib")
    {
        module.pop();
    }
    module
}

/// What one service may besides, with the reason. The list only gets shorter.
fn is_excepted(file: &str, path: &[String]) -> bool {
    let text = path.join("::");
    // The words of the bus.
    let is_event = text.starts_with("im_proto::event") && file.contains("/usecase/");
    // auth has some hundred statements over one store on two engines and no port between, which
    // would be its list of functions a second time: its use cases write into `store::Unit`, a
    // transaction that takes audit and feed along. Only they do.
    let is_auth = file.starts_with("services/auth/src/usecase/")
        && within_crate(path, &module_of(file))
            .is_some_and(|inner| inner.first().is_some_and(|module| module == "store"));
    is_event || is_auth
}

fn is_test_file(module: &[String]) -> bool {
    module
        .iter()
        .any(|name| name == "tests" || name == "testing" || name.ends_with("_tests"))
        || matches!(module, [store, contract, ..] if store == "store" && contract == "contract")
}

/// A path seen from the root of the crate: `crate::` and `super::` are resolved. `None` when it
/// leads elsewhere.
fn within_crate(path: &[String], module: &[String]) -> Option<Vec<String>> {
    let mut base = module.to_vec();
    let mut rest = path;
    match rest {
        [first, tail @ ..] if first == "crate" => {
            base.clear();
            rest = tail;
        }
        [first, ..] if first == "super" || first == "self" => {}
        _ => return None,
    }
    while let [first, tail @ ..] = rest {
        if first == "super" {
            base.pop();
        } else if first != "self" {
            break;
        }
        rest = tail;
    }
    base.extend_from_slice(rest);
    Some(base)
}

fn faults_of(file: &str, source: &str, layer: &Layer) -> Vec<String> {
    let module = module_of(file);
    let mut faults = Vec::new();
    for path in paths(source) {
        let text = path.join("::");
        if is_excepted(file, &path) {
            continue;
        }
        if let Some(inner) = within_crate(&path, &module) {
            let target = inner.first().map_or("", String::as_str);
            if KNOWN.contains(&target) && !layer.may_use.contains(&target) {
                faults.push(format!("{file}: {} must not use {text}", layer.module));
            }
        } else if path
            .first()
            .is_some_and(|first| layer.never.contains(&first.as_str()))
        {
            faults.push(format!("{file}: {} must not use {text}", layer.module));
        }
    }
    faults
}

#[test]
fn dependencies_within_a_service_point_inward() {
    let mut faults = Vec::new();
    for (directory, _) in SERVICES
        .into_iter()
        .filter(|(_, name)| *name != "im-gateway")
    {
        for file in files(&format!("{directory}/src"), ".rs") {
            let module = module_of(&file);
            let layer = LAYERS
                .iter()
                .find(|layer| module.first().is_some_and(|m| m == layer.module));
            if let Some(layer) = layer.filter(|_| !is_test_file(&module)) {
                faults.extend(faults_of(&file, &read(&file), layer));
            }
        }
    }
    hold(
        "grpc -> usecase -> domain, store implements ports; only lib.rs sees both ends:",
        &faults,
    );
}

/// Whether a path leads to something that acts, rather than to a value such as an instant or a code.
fn is_io(path: &[String]) -> bool {
    let values = [
        "tokio::time::Instant",
        "tokio::time::Duration",
        "tonic::Code",
        "tonic::Status",
    ];
    let text = path.join("::");
    let is_value = values.iter().any(|value| {
        text.strip_prefix(value)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    });
    let crates = ["tokio", "axum", "tonic", "hyper", "reqwest"];
    !is_value
        && path
            .first()
            .is_some_and(|first| crates.contains(&first.as_str()))
}

#[test]
fn the_gateway_has_no_database_and_its_sessions_no_io() {
    let mut faults = Vec::new();
    for file in files("services/gateway/src", ".rs") {
        let module = module_of(&file);
        let is_session = module.first().is_some_and(|first| first == "session");
        for path in paths(&read(&file)) {
            let first = path.first().map_or("", String::as_str);
            let is_database = ["sqlx", "im_store"].contains(&first);
            if is_database || (is_session && !is_test_file(&module) && is_io(&path)) {
                faults.push(format!("{file}: {}", path.join("::")));
            }
        }
    }
    hold(
        "the gateway keeps no durable state, and session/ is state machines without I/O:",
        &faults,
    );
}

#[test]
fn the_clock_is_read_in_one_place() {
    let mut faults = Vec::new();
    for file in files("services", ".rs") {
        let is_clock = file.starts_with("services/shared/types/");
        for path in paths(&read(&file)) {
            if !is_clock && path.ends_with(&["SystemTime".to_owned(), "now".to_owned()]) {
                faults.push(file.clone());
            }
        }
    }
    hold(
        "time is an argument: SystemTime::now is called in im-types only (take a Clock):",
        &faults,
    );
}

#[test]
fn an_instant_is_a_value_and_a_clock_acts() {
    let is = |text: &str| is_io(&paths(text).concat());
    assert!(!is("tokio::time::Instant"));
    assert!(!is("tonic::Code::InvalidArgument"));
    assert!(is("tokio::time::sleep(d)") && is("tokio::net::TcpStream") && is("use axum::Router;"));
}

#[test]
fn the_rules_find_what_they_forbid() {
    let [domain, _, usecase, store, ..] = &LAYERS;
    let cases = [
        (
            "services/x/src/domain/a.rs",
            "use crate::error::Error;",
            domain,
            1,
        ),
        (
            "services/x/src/domain/a.rs",
            "use super::b::C; use super::super::store::D;",
            domain,
            1,
        ),
        (
            "services/x/src/domain.rs",
            "mod a; use self::a::B; use super::ports;",
            domain,
            1,
        ),
        (
            "services/x/src/domain/a.rs",
            "fn f() { tokio::time::sleep(d); }",
            domain,
            1,
        ),
        (
            "services/x/src/usecase/send.rs",
            "use crate::{Error, ports::Store, store};",
            usecase,
            1,
        ),
        (
            "services/x/src/store/sql.rs",
            "use crate::domain::User; use im_store::Tx;",
            store,
            0,
        ),
        (
            "services/x/src/store/sql.rs",
            "// use crate::grpc\nuse prost::Message;",
            store,
            1,
        ),
    ];
    for (file, source, layer, count) in cases {
        let faults = faults_of(file, source, layer);
        assert_eq!(faults.len(), count, "{source}: {faults:?}");
    }
}
