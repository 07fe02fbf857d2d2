//! From entries to people.

use std::collections::BTreeMap;

use ldap3::SearchEntry;
use uuid::Uuid;

use super::directory::{Directory, IdForm, Logins};
use super::escape::first_value;
use crate::Class;
use crate::answer::{ExternalId, Person, StoredRow};
use crate::matching::fold;
use crate::sql::Missing;

/// Longest value that is read, in bytes.
const VALUE_BYTES_MAX: usize = 65_536;
/// Name under which a person carries the name of the entry.
const DN: &str = "dn";

/// The values of an attribute as text, whatever the case of its name.
fn values<'a>(entry: &'a SearchEntry, name: &str) -> &'a [String] {
    let mut found = entry
        .attrs
        .iter()
        .filter(|(known, _)| known.eq_ignore_ascii_case(name));
    found.next().map_or(&[], |(_, values)| values)
}

fn first_text(entry: &SearchEntry, name: &str) -> Option<String> {
    let first = values(entry, name).first()?;
    (first.len() <= VALUE_BYTES_MAX).then(|| first.clone())
}

/// The bytes of an attribute that has one value only.
fn only_bytes<'a>(entry: &'a SearchEntry, name: &str) -> Option<&'a [u8]> {
    if let [only] = values(entry, name) {
        return Some(only.as_bytes());
    }
    let mut found = entry
        .bin_attrs
        .iter()
        .filter(|(known, _)| known.eq_ignore_ascii_case(name));
    match found.next().map(|(_, values)| values.as_slice()) {
        Some([only]) => Some(only),
        _ => None,
    }
}

/// The id of an entry, if it has one and can be seen.
pub(super) fn id_of(directory: &Directory, entry: &SearchEntry) -> Option<ExternalId> {
    let bytes = only_bytes(entry, &directory.id)?;
    let text = match directory.id_form {
        IdForm::Text => String::from_utf8(bytes.to_vec()).ok()?,
        IdForm::Guid => Uuid::from_bytes_le(bytes.try_into().ok()?).to_string(),
    };
    let is_id = !text.is_empty() && text.len() <= 255 && !text.chars().any(char::is_control);
    is_id.then_some(ExternalId(text))
}

/// The person of an entry; `typed` is the login that found it. Whether it is active is not known yet.
pub(super) fn person_of(
    directory: &Directory,
    logins: &Logins,
    entry: &SearchEntry,
    typed: Option<&str>,
) -> Result<Person, Class> {
    let lacks = |attribute: &str| {
        let (table, column) = (entry.dn.clone(), Some(attribute.to_owned()));
        Class::Schema(vec![Missing { table, column }])
    };
    let external_id = id_of(directory, entry).ok_or_else(|| lacks(&directory.id))?;
    let names = || logins.plain.iter().flat_map(|name| values(entry, name));
    let wanted = typed.map(fold);
    let login = names()
        .find(|name| wanted.as_ref().is_some_and(|wanted| fold(name) == *wanted))
        .or_else(|| names().next())
        .filter(|login| login.len() <= VALUE_BYTES_MAX)
        .ok_or_else(|| lacks(logins.plain.first().map_or("", String::as_str)))?;
    let attributes: BTreeMap<_, _> = directory
        .attributes
        .iter()
        .filter_map(|(ours, theirs)| Some((ours.clone(), first_text(entry, theirs)?)))
        .collect();
    Ok(Person {
        external_id,
        login: login.clone(),
        is_active: false,
        attributes,
        groups: Vec::new(),
        row: StoredRow([(DN.to_owned(), entry.dn.clone().into_bytes())].into()),
    })
}

/// The name of the entry of a person whom [`person_of`] has made.
pub(super) fn dn_of(person: &Person) -> Option<&str> {
    let dn = person.row.0.get(DN)?;
    std::str::from_utf8(dn).ok().filter(|dn| !dn.is_empty())
}

/// Names of groups that the entry itself lists.
pub(super) fn groups_of(directory: &Directory, entry: &SearchEntry) -> Vec<String> {
    let listed = directory
        .member_of
        .as_ref()
        .map_or(&[][..], |name| values(entry, name));
    listed.iter().filter_map(|dn| first_value(dn)).collect()
}

/// The name of a group.
pub(super) fn group_name(directory: &Directory, group: &SearchEntry) -> Option<String> {
    first_text(group, &directory.group_name).or_else(|| first_value(&group.dn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DirectoryPreset;

    fn directory(preset: &str) -> (Directory, Logins) {
        let text = DirectoryPreset::shipped_text(preset).unwrap();
        let directory = DirectoryPreset::parse(text).unwrap().directory;
        let logins = directory.check().unwrap();
        (directory, logins)
    }

    fn entry(texts: &[(&str, &[&str])], bytes: &[(&str, &[u8])]) -> SearchEntry {
        let text = |values: &&[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        SearchEntry {
            dn: "CN=A,DC=x".to_owned(),
            attrs: texts
                .iter()
                .map(|(name, v)| ((*name).to_owned(), text(v)))
                .collect(),
            bin_attrs: bytes
                .iter()
                .map(|(n, v)| ((*n).to_owned(), vec![v.to_vec()]))
                .collect(),
        }
    }

    #[test]
    fn an_id_of_sixteen_bytes_is_read_as_microsoft_writes_it() {
        let (directory, _) = directory("ldap-active-directory");
        let guid: [u8; 16] = [
            0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd,
            0xee, 0xff,
        ];
        let id = id_of(&directory, &entry(&[], &[("objectguid", &guid)])).unwrap();
        assert_eq!(id.as_str(), "00112233-4455-6677-8899-aabbccddeeff");
        // Some happen to be text.
        let text = entry(&[("objectGUID", &["ABCDEFGHIJKLMNOP"])], &[]);
        assert_eq!(
            id_of(&directory, &text).unwrap().as_str(),
            "44434241-4645-4847-494a-4b4c4d4e4f50"
        );
        for wrong in [entry(&[], &[("objectGUID", &[1, 2])]), entry(&[], &[])] {
            assert_eq!(id_of(&directory, &wrong), None);
        }
    }

    #[test]
    fn nobody_is_known_by_a_name_alone() {
        let (directory, logins) = directory("ldap-openldap");
        let person = |entry: &SearchEntry| person_of(&directory, &logins, entry, Some("AL"));
        let missing = person(&entry(&[("uid", &["alice"])], &[]));
        assert!(
            matches!(missing, Err(Class::Schema(list)) if list[0].column.as_deref() == Some("entryUUID"))
        );
        let two = entry(&[("uid", &["a"]), ("entryUUID", &["1", "2"])], &[]);
        assert!(matches!(person(&two), Err(Class::Schema(_))));
        let nameless = entry(&[("entryUUID", &["1"])], &[]);
        assert!(matches!(person(&nameless), Err(Class::Schema(_))));
        let alice = person(&entry(
            &[("uid", &["alice", "al"]), ("entryuuid", &["1"])],
            &[],
        ))
        .unwrap();
        assert_eq!(
            (alice.login.as_str(), alice.external_id.as_str()),
            ("al", "1")
        );
        assert_eq!(dn_of(&alice), Some("CN=A,DC=x"));
    }
}
