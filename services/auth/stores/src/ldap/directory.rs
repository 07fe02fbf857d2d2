//! What a directory looks like: the part of a preset that is about LDAP.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::escape::escape_value;
use crate::ConfigError;

/// Deepest nesting of groups that is followed here; a server that follows by itself knows no limit.
pub(super) const NESTED_DEPTH_MAX: u8 = 10;
const FILTER_CHARACTERS_MAX: usize = 1_000;
const ATTRIBUTE_CHARACTERS_MAX: usize = 100;

/// How the id of a person is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdForm {
    /// As the server sends it (`entryUUID`).
    #[default]
    Text,
    /// Sixteen bytes in Microsoft's order (`objectGUID`), read as the text that its tools show.
    Guid,
}

/// The people of a directory. `docs/identity-stores-ldap.md` describes the lines.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// A filter: who fails it does not exist.
    pub people: String,
    /// The attributes that a typed login is compared with: `uid, @mail`. One with an `@` counts only
    /// for a login with an `@`, if the others found nobody.
    pub login: String,
    /// The attribute that never changes.
    pub id: String,
    /// How that is written.
    #[serde(default)]
    pub id_form: IdForm,
    /// A filter: who fails it is barred. Empty (as the two below): without.
    pub active: Option<String>,
    /// The attribute of a person that holds the names (DN) of the groups; only direct ones.
    pub member_of: Option<String>,
    /// A filter that finds the groups of a person: `{dn}` and `{login}` stand for the person's.
    pub groups: Option<String>,
    /// The attribute with the name of a group.
    #[serde(default = "default_group_name")]
    pub group_name: String,
    /// How often `groups` is asked again with the groups found, for groups in groups; 0 to 10.
    #[serde(default)]
    pub nested_depth: u8,
    /// Names of attributes and what they are called there.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

fn default_group_name() -> String {
    "cn".to_owned()
}

/// The login line, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Logins {
    pub(super) plain: Vec<String>,
    /// For a typed login with an `@`, if the plain ones found nobody.
    pub(super) mail: Vec<String>,
}

impl Directory {
    /// An empty line of the administrator's takes out the one of the preset.
    pub(super) fn without_empty(mut self) -> Self {
        for line in [&mut self.active, &mut self.member_of, &mut self.groups] {
            line.take_if(|text| text.is_empty());
        }
        self
    }

    pub(super) fn check(&self) -> Result<Logins, ConfigError> {
        let logins = self.logins();
        if logins.plain.is_empty() {
            return Err(fault("login names no attribute"));
        }
        for attribute in self.requested(&logins).iter().chain([&self.group_name]) {
            check_attribute(attribute)?;
        }
        for filter in [Some(&self.people), self.active.as_ref()]
            .into_iter()
            .flatten()
        {
            check_filter(filter)?;
        }
        if let Some(groups) = &self.groups {
            if !groups.contains("{dn}") && !groups.contains("{login}") {
                return Err(fault("groups has neither {dn} nor {login}"));
            }
            check_filter(&groups_filter(groups, &[("x", "x")]))?;
        }
        if self.nested_depth > NESTED_DEPTH_MAX {
            return Err(fault("nested_depth is over 10"));
        }
        Ok(logins)
    }

    fn logins(&self) -> Logins {
        let mut logins = Logins::default();
        for name in self
            .login
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            match name.strip_prefix('@') {
                Some(mail) => logins.mail.push(mail.to_owned()),
                None => logins.plain.push(name.to_owned()),
            }
        }
        logins
    }

    /// The attributes that are read of a person.
    pub(super) fn requested(&self, logins: &Logins) -> Vec<String> {
        let all = [&self.id]
            .into_iter()
            .chain(&logins.plain)
            .chain(&logins.mail)
            .chain(&self.member_of)
            .chain(self.attributes.values());
        all.cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The people among whom one of `attributes` is `login`.
    pub(super) fn person_filter(&self, attributes: &[String], login: &str) -> String {
        let value = escape_value(login);
        let mut any = String::new();
        for name in attributes {
            any = any + "(" + name + "=" + &value + ")";
        }
        format!("(&{}(|{any}))", self.people)
    }

    /// The people who are not barred.
    pub(super) fn active_filter(&self) -> Option<String> {
        self.active
            .as_ref()
            .map(|active| format!("(&{}{active})", self.people))
    }
}

/// The groups that any of these members, each a DN and a login, is in.
pub(super) fn groups_filter(template: &str, members: &[(&str, &str)]) -> String {
    let one = |(dn, login): &(&str, &str)| {
        // In one pass, so that braces in a name are not taken for a place.
        let mut filter = String::new();
        let mut rest = template;
        while let Some(at) = rest.find('{') {
            let (head, tail) = rest.split_at(at);
            filter.push_str(head);
            if let Some(after) = tail.strip_prefix("{dn}") {
                filter.push_str(&escape_value(dn));
                rest = after;
            } else if let Some(after) = tail.strip_prefix("{login}") {
                filter.push_str(&escape_value(login));
                rest = after;
            } else {
                filter.push('{');
                rest = tail.strip_prefix('{').unwrap_or_default();
            }
        }
        filter + rest
    };
    let all: String = members.iter().map(one).collect();
    if members.len() == 1 {
        all
    } else {
        format!("(|{all})")
    }
}

fn fault(text: &str) -> ConfigError {
    ConfigError::Directory(text.to_owned())
}

fn check_filter(filter: &str) -> Result<(), ConfigError> {
    let is_ok = filter.len() <= FILTER_CHARACTERS_MAX
        && filter.starts_with('(')
        && ldap3::parse_filter(filter).is_ok();
    if is_ok {
        Ok(())
    } else {
        Err(fault(&format!("{filter:?} is not a filter in parentheses")))
    }
}

fn check_attribute(name: &str) -> Result<(), ConfigError> {
    let is_ok = name.len() <= ATTRIBUTE_CHARACTERS_MAX
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-;".contains(&byte));
    if is_ok {
        Ok(())
    } else {
        Err(fault(&format!("{name:?} is not the name of an attribute")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> Directory {
        Directory {
            people: "(objectClass=person)".to_owned(),
            login: "uid, @mail".to_owned(),
            id: "entryUUID".to_owned(),
            id_form: IdForm::Text,
            active: None,
            member_of: None,
            groups: None,
            group_name: "cn".to_owned(),
            nested_depth: 0,
            attributes: BTreeMap::new(),
        }
    }

    #[test]
    fn a_typed_login_is_a_value_and_never_a_filter() {
        let filter = directory().person_filter(&["uid".to_owned()], "a)(uid=*\\\0ü");
        assert_eq!(
            filter,
            "(&(objectClass=person)(|(uid=a\\29\\28uid=\\2a\\5c\\00ü)))"
        );
        assert!(ldap3::parse_filter(filter).is_ok());
    }

    #[test]
    fn names_of_members_do_not_fill_in_templates() {
        let filter = groups_filter("(|(m={dn})(u={login}))", &[("cn={login},x=(", "{dn}")]);
        assert_eq!(filter, "(|(m=cn={login},x=\\28)(u={dn}))");
        let two = groups_filter("(m={dn})", &[("a", ""), ("b", "")]);
        assert_eq!(two, "(|(m=a)(m=b))");
    }

    #[test]
    fn what_is_no_directory_is_refused() {
        type Change = fn(&mut Directory);
        let changes: [Change; 8] = [
            |d| d.people = "objectClass=person".to_owned(),
            |d| d.people = "(objectClass=person".to_owned(),
            |d| d.login = " , ".to_owned(),
            |d| d.login = "uid)(x=*".to_owned(),
            |d| d.id = String::new(),
            |d| d.active = Some("(|".to_owned()),
            |d| d.groups = Some("(objectClass=group)".to_owned()),
            |d| d.nested_depth = 11,
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let mut directory = directory();
            change(&mut directory);
            assert!(
                matches!(directory.check(), Err(ConfigError::Directory(_))),
                "{at}"
            );
        }
        let logins = directory().check().unwrap();
        assert_eq!(
            (logins.plain, logins.mail),
            (vec!["uid".to_owned()], vec!["mail".to_owned()])
        );
    }
}
