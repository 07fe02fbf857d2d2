//! Every numbered statement of the behaviour that this project promises is named by a test: as
//! `§8.2` in a comment, or as `behaviour_8_2_…`.

use std::collections::BTreeSet;

use crate::tree::{files, hold, read};

/// Section and number; 0 for a section as a whole.
type Statement = (u32, u32);

/// How many statements each section has; 0 where it is one text.
const SECTIONS: [Statement; 10] = [
    (1, 4),
    (2, 2),
    (3, 0),
    (4, 10),
    (5, 4),
    (6, 3),
    (7, 5),
    (8, 12),
    (9, 0),
    (10, 0),
];

/// Not built yet. The list only gets shorter.
const MISSING: [Statement; 0] = [];

fn promised() -> BTreeSet<Statement> {
    let numbers = |(section, last): Statement| {
        let first = last.min(1);
        (first..=last).map(move |number| (section, number))
    };
    SECTIONS.into_iter().flat_map(numbers).collect()
}

/// What a text names: every `§8.2` and `behaviour_8_2_`.
fn named(text: &str) -> BTreeSet<Statement> {
    let marks = [("§", '.'), ("behaviour_", '_')];
    let mut found = BTreeSet::new();
    for (mark, between) in marks {
        for rest in text.split(mark).skip(1) {
            let (section, rest) = leading_number(rest.trim_start());
            let number = rest.strip_prefix(between).map(leading_number);
            found.insert((section, number.map_or(0, |(number, _)| number)));
        }
    }
    found
}

/// The number that a text begins with, and what follows; 0 without one.
fn leading_number(text: &str) -> (u32, &str) {
    let end = text.find(|digit: char| !digit.is_ascii_digit());
    let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
    (digits.parse().unwrap_or(0), rest)
}

#[test]
fn every_statement_of_the_behaviour_is_named_by_a_test() {
    let mut covered = BTreeSet::new();
    for file in files("services", ".rs")
        .into_iter()
        .chain(files("tests", ".rs"))
    {
        let text = read(&file);
        if file.ends_with("tidy/behaviour.rs") {
            continue;
        }
        let is_test =
            file.contains("tests/") || text.contains("#[test]") || text.contains("#[tokio::test");
        if is_test {
            covered.extend(named(&text));
        }
    }
    let mut faults = Vec::new();
    for statement in promised() {
        let (section, number) = statement;
        // A test of one login step is a test of the section that is one text.
        let is_covered = covered.contains(&statement)
            || number == 0 && covered.iter().any(|(other, _)| *other == section);
        match (is_covered, MISSING.contains(&statement)) {
            (false, false) => faults.push(format!("§{section}.{number} is named by no test")),
            (true, true) => faults.push(format!("§{section}.{number} is not missing any more")),
            (true, false) | (false, true) => {}
        }
    }
    hold(
        "every statement of the behaviour is named by a test",
        &faults,
    );
}

#[test]
fn names_are_found_in_both_ways_of_writing() {
    let text =
        "/// §8.2, § 9: …\nfn behaviour_10_kill_9_loses_nothing() {}\nfn behaviour_1_3_two() {}";
    let expected = [(1, 3), (8, 2), (9, 0), (10, 0)];
    assert_eq!(named(text), BTreeSet::from(expected));
}
