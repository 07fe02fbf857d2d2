//! Terms of a store as JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use im_types::{GroupId, RoleId};
use serde::{Deserialize, Serialize};

use crate::domain::identity_store::{
    Attribute, AttributeMode, ConflictRule, GroupRule, OnMissing, ShadowTerms, StoreTerms,
};

#[derive(Serialize, Deserialize)]
struct Terms {
    attributes: BTreeMap<String, String>,
    conflict: Option<String>,
    new_accounts_wait: bool,
    on_missing: String,
    group_rules: Vec<Rule>,
    shadow: Option<Shadow>,
}

#[derive(Serialize, Deserialize)]
struct Rule {
    when_group: String,
    give_role: Option<String>,
    join_group: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Shadow {
    max_age_s: u64,
    for_administrators: bool,
}

/// This version cannot read what stands there.
#[derive(Debug, thiserror::Error)]
#[error("the terms of an identity store cannot be read")]
pub(super) struct UnknownTerms;

/// JSON of plain values, which always can be written.
pub(super) fn text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(super) fn write(terms: &StoreTerms) -> String {
    let attributes = terms.attributes.iter();
    let rule = |rule: &GroupRule| Rule {
        when_group: rule.when_group.clone(),
        give_role: rule.give_role.map(|id| id.to_string()),
        join_group: rule.join_group.map(|id| id.to_string()),
    };
    text(&Terms {
        attributes: attributes
            .map(|(name, mode)| (name.as_str().to_owned(), mode.as_str().to_owned()))
            .collect(),
        conflict: terms.conflict.map(|rule| rule.as_str().to_owned()),
        new_accounts_wait: terms.new_accounts_wait,
        on_missing: terms.on_missing.as_str().to_owned(),
        group_rules: terms.group_rules.iter().map(rule).collect(),
        shadow: terms.shadow.map(|shadow| Shadow {
            max_age_s: shadow.max_age.as_secs(),
            for_administrators: shadow.for_administrators,
        }),
    })
}

pub(super) fn parse(text: &str) -> Result<StoreTerms, UnknownTerms> {
    let terms: Terms = serde_json::from_str(text).map_err(|_| UnknownTerms)?;
    let attribute = |(name, mode): (&String, &String)| {
        let attribute = Attribute::parse(name).map_err(|_| UnknownTerms)?;
        let mode = AttributeMode::parse(mode).map_err(|_| UnknownTerms)?;
        Ok((attribute, mode))
    };
    let rule = |rule: Rule| {
        Ok(GroupRule {
            when_group: rule.when_group,
            give_role: known(rule.give_role, RoleId::parse)?,
            join_group: known(rule.join_group, GroupId::parse)?,
        })
    };
    Ok(StoreTerms {
        attributes: terms
            .attributes
            .iter()
            .map(attribute)
            .collect::<Result<_, _>>()?,
        conflict: known(terms.conflict, ConflictRule::parse)?,
        new_accounts_wait: terms.new_accounts_wait,
        on_missing: OnMissing::parse(&terms.on_missing).map_err(|_| UnknownTerms)?,
        group_rules: terms
            .group_rules
            .into_iter()
            .map(rule)
            .collect::<Result<_, _>>()?,
        shadow: terms.shadow.map(|shadow| ShadowTerms {
            max_age: Duration::from_secs(shadow.max_age_s),
            for_administrators: shadow.for_administrators,
        }),
    })
}

fn known<T, E>(
    text: Option<String>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, UnknownTerms> {
    text.map(|text| parse(&text).map_err(|_| UnknownTerms))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_come_back_as_they_were() {
        let id = uuid::Uuid::from_u128(7);
        let terms = StoreTerms {
            attributes: BTreeMap::from([(Attribute::Email, AttributeMode::Force)]),
            conflict: Some(ConflictRule::NameAtStore),
            new_accounts_wait: true,
            on_missing: OnMissing::Disable,
            group_rules: vec![GroupRule {
                when_group: "Staff".to_owned(),
                give_role: Some(im_types::Id::from_uuid(id)),
                join_group: None,
            }],
            shadow: Some(ShadowTerms {
                max_age: Duration::from_hours(24),
                for_administrators: true,
            }),
        };
        assert_eq!(parse(&write(&terms)).unwrap(), terms);
        let default = StoreTerms::default();
        assert_eq!(parse(&write(&default)).unwrap(), default);
        assert!(parse("{}").is_err());
    }
}
