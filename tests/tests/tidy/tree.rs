//! Finding and reading the files of the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// Directories of things that are made, not written.
const MADE: [&str; 7] = [
    ".git",
    "target",
    "node_modules",
    "data",
    "dist",
    ".svelte-kit",
    "__pycache__",
];

/// The services, by directory and crate.
pub(crate) const SERVICES: [(&str, &str); 4] = [
    ("services/auth", "im-auth"),
    ("services/presence", "im-presence"),
    ("services/messaging", "im-messaging"),
    ("services/gateway", "im-gateway"),
];

/// The directory of the repository. Asked at run time, not at build time: checkouts may share a
/// target directory, and then this program may have been built in another one.
#[expect(
    clippy::disallowed_methods,
    reason = "cargo says where it runs in the environment"
)]
pub(crate) fn root() -> PathBuf {
    let tests = std::env::var("CARGO_MANIFEST_DIR").expect("run by cargo");
    Path::new(&tests).parent().unwrap().to_owned()
}

/// All files below a directory of the repository whose name ends so, as paths from the root, in
/// order. None when there is no such directory.
pub(crate) fn files(below: &str, ending: &str) -> Vec<String> {
    let (root, mut found) = (root(), Vec::new());
    walk(&root.join(below), &mut found);
    let mut names: Vec<String> = found
        .iter()
        .map(|path| {
            path.strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name.ends_with(ending))
        .collect();
    names.sort();
    names
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            if !MADE.contains(&entry.file_name().to_string_lossy().as_ref()) {
                walk(&entry.path(), found);
            }
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
}

/// The text of a file; what is not UTF-8 (an image) reads as empty.
pub(crate) fn read(name: &str) -> String {
    let bytes = fs::read(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    String::from_utf8(bytes).unwrap_or_default()
}

/// Fails with the rule and everything that breaks it.
#[track_caller]
pub(crate) fn hold(rule: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{rule}\n  {}", faults.join("\n  "));
}
