//! The variables by which `tests/run` names its servers.
//!
//! | variable | value |
//! | --- | --- |
//! | `IM_TEST_POSTGRES_URL` | a superuser's URL; databases may be created |
//! | `IM_TEST_NATS_URL`, `IM_TEST_NATS_BIN` | a running server; the program, to start others |
//! | `IM_TEST_MARIADB_URL` | a user who may do everything |
//! | `IM_TEST_LDAP_URL`, `…_BIND_DN`, `…_PASSWORD` | an OpenLDAP server with an administrator |

use std::path::PathBuf;

/// The value of a variable that `tests/run` sets.
///
/// # Panics
/// When it is not set.
pub fn required(name: &str) -> String {
    optional(name).unwrap_or_else(|| panic!("{name} is not set: run the tests with ./tests/run"))
}

/// The value of a variable, if it is set and not empty.
#[expect(
    clippy::disallowed_methods,
    reason = "the test command speaks through the environment"
)]
pub fn optional(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The variables that would configure a program under test by accident: all `IM_…` but
/// `IM_TEST_…`.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests keep the environment from the programs"
)]
pub(crate) fn configuring() -> Vec<String> {
    std::env::vars()
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("IM_") && !name.starts_with("IM_TEST_"))
        .collect()
}

/// Where cargo put the programs: beside the directory of the test that runs.
///
/// # Panics
/// When the test does not run from a target directory.
pub fn programs_dir() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let deps = test.parent().expect("a test is in a directory");
    if deps.ends_with("deps") {
        return deps
            .parent()
            .expect("deps is in the profile's directory")
            .to_owned();
    }
    let target = required("CARGO_TARGET_DIR");
    PathBuf::from(target).join("debug")
}
