//! From rows to people.

use std::collections::BTreeMap;

use crate::answer::{ExternalId, Person, StoredRow};
use crate::link::Values;
use crate::matching::MatchRule;
use crate::sql::{CANDIDATES_MAX, Field, Inputs};

/// A row with its logins, each with whether it is an address.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) person: Person,
    logins: Vec<(String, bool)>,
}

/// The row by the fields of the plan; `None` if it has no id or no login.
pub(crate) fn candidate(fields: &[Field], values: Values) -> Option<Candidate> {
    let mut id = None;
    let mut is_active = false;
    let mut logins = Vec::new();
    let mut attributes = BTreeMap::new();
    let mut row = BTreeMap::new();
    for (field, value) in fields.iter().zip(values) {
        let Some(value) = value else { continue };
        match field {
            Field::Id => id = Some(text(&value)),
            Field::IsActive => is_active = value == b"1",
            Field::Login { is_mail } => logins.push((text(&value), *is_mail)),
            Field::Attribute(name) => {
                attributes.insert(name.clone(), text(&value));
            }
            Field::Rule(name) => {
                row.insert(name.clone(), value);
            }
        }
    }
    let login = logins.first()?.0.clone();
    let person = Person {
        external_id: ExternalId(id.filter(|id| !id.is_empty())?),
        login,
        is_active,
        attributes,
        groups: Vec::new(),
        row: StoredRow(row),
    };
    Some(Candidate { person, logins })
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

/// What came out of comparing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    None,
    One(Box<Person>),
    Several,
}

/// The one whom the typed login means: by a plain column, else by an address.
pub(crate) fn choose(rule: &MatchRule, inputs: &Inputs, candidates: Vec<Candidate>) -> Choice {
    if candidates.len() > CANDIDATES_MAX {
        return Choice::Several;
    }
    let is_meant = |candidate: &Candidate, of_mail: bool| {
        let wanted = if of_mail {
            &inputs.wanted_mail
        } else {
            &inputs.wanted
        };
        candidate
            .logins
            .iter()
            .any(|(stored, is_mail)| *is_mail == of_mail && rule.is_same(wanted, stored, of_mail))
    };
    let has_plain = candidates
        .iter()
        .any(|candidate| is_meant(candidate, false));
    let mut meant = candidates
        .into_iter()
        .filter(|candidate| is_meant(candidate, !has_plain))
        .map(|candidate| candidate.person);
    let Some(first) = meant.next() else {
        return Choice::None;
    };
    // A join may give the same person twice; two people, or two passwords of one, are ambiguous.
    let is_same = |other: Person| other.external_id == first.external_id && other.row == first.row;
    if meant.all(is_same) {
        Choice::One(Box::new(first))
    } else {
        Choice::Several
    }
}
