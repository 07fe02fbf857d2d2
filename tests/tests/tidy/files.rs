//! Size and content of files.

use crate::tree::{SERVICES, files, hold, read};

const LINES_MAX: usize = 400;

/// Files that may be longer, each with its reason.
const LONGER: [(&str, &str); 0] = [];

const MAIN_LINES_MAX: usize = 29;

#[test]
fn files_are_short() {
    let mut faults = Vec::new();
    for file in files("services", ".rs")
        .into_iter()
        .chain(files("tests", ".rs"))
    {
        let lines = read(&file).lines().count();
        let is_allowed = LONGER.iter().any(|(path, _)| *path == file);
        if lines > LINES_MAX && !is_allowed {
            faults.push(format!("{file}: {lines} lines"));
        }
        if lines <= LINES_MAX && is_allowed {
            faults.push(format!("{file} is short again: take it off the list"));
        }
    }
    hold(
        "a file has one subject and at most 400 lines (LONGER in this test lists others):",
        &faults,
    );
}

#[test]
fn a_program_is_a_function() {
    let directories = SERVICES.iter().map(|(directory, _)| *directory);
    let mut faults = Vec::new();
    for file in directories
        .chain(["services/standalone"])
        .map(|d| format!("{d}/src/main.rs"))
    {
        if !files("services", "main.rs").contains(&file) {
            continue;
        }
        let lines = read(&file).lines().count();
        if lines > MAIN_LINES_MAX {
            faults.push(format!("{file}: {lines} lines"));
        }
    }
    hold(
        "a program is a function of its library: main.rs has under 30 lines:",
        &faults,
    );
}

#[test]
fn nothing_names_a_machine() {
    // Written in halves, so that this file does not find itself.
    let patterns = [
        ("/wo", "rk/"),
        ("/tmp/", "bash"),
        ("/ro", "ot/"),
        ("/home", "/"),
        ("/Use", "rs/"),
    ];
    let mut faults = Vec::new();
    for file in files("", "") {
        let text = read(&file);
        for (head, tail) in patterns {
            let pattern = format!("{head}{tail}");
            let lines = text
                .lines()
                .enumerate()
                .filter(|(_, line)| line.contains(&pattern));
            faults.extend(lines.map(|(at, _)| format!("{file}:{}: {pattern}", at + 1)));
        }
    }
    hold(
        "the repository works on every machine, so it names no directory of one:",
        &faults,
    );
}

#[test]
fn shared_crates_explain_themselves() {
    let mut faults = Vec::new();
    for file in files("services/shared", "src/lib.rs") {
        let text = read(&file);
        // What is generated has its documentation in the protos.
        let needs_docs = !file.starts_with("services/shared/proto/");
        if needs_docs && !text.contains("#![warn(missing_docs)]") && text.lines().count() > 1 {
            faults.push(file);
        }
    }
    hold(
        "a shared crate documents all it offers: #![warn(missing_docs)] in lib.rs:",
        &faults,
    );
}
