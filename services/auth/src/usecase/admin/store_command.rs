//! From what administrators want of an identity store to a store.

use std::collections::BTreeMap;
use std::time::Duration;

use im_types::{DisplayName, GroupId, RoleId};

use super::super::Actor;
use super::roles::check_held;
use crate::Error;
use crate::domain::identity_store::{
    Attribute, AttributeMode, ConflictRule, GROUP_BYTES_MAX, GroupRule, IdentityStore, OnMissing,
    RULES_MAX, ShadowTerms, StoreKind, StoreTerms, is_store_id,
};
use crate::domain::site::Snapshot;

const SETTINGS_MAX: usize = 64;
const SETTING_NAME_BYTES_MAX: usize = 64;
pub(super) const SETTING_BYTES_MAX: usize = 8_192;
const SHADOW_DAYS_DEFAULT: i32 = 14;
const SHADOW_DAYS_MAX: i32 = 90;
const DAY: Duration = Duration::from_hours(24);

/// What people of a group there get, as it is wanted.
#[derive(Debug, Clone, Default)]
pub struct GroupRuleCommand {
    /// The group there.
    pub when_group: String,
    /// A role here, or nothing.
    pub give_role_id: String,
    /// A group here, or nothing.
    pub join_group_id: String,
}

/// A store as it is wanted.
#[derive(Debug, Clone, Default)]
pub struct IdentityStoreCommand {
    /// Its slug.
    pub id: String,
    /// What it is; `None` if that was not said.
    pub kind: Option<StoreKind>,
    /// What people call it.
    pub name: String,
    /// The preset, or nothing.
    pub preset: String,
    /// See [`IdentityStore::settings`].
    pub settings: BTreeMap<String, String>,
    /// Whether it is asked at all.
    pub is_enabled: bool,
    /// See [`StoreTerms::on_missing`].
    pub on_missing: Option<OnMissing>,
    /// See [`StoreTerms::conflict`].
    pub conflict: Option<ConflictRule>,
    /// By name.
    pub attributes: BTreeMap<String, AttributeMode>,
    /// See [`StoreTerms::new_accounts_wait`].
    pub new_accounts_wait: bool,
    /// See [`StoreTerms::group_rules`].
    pub group_rules: Vec<GroupRuleCommand>,
    /// Days for which a verifier of our own stands in, and whether it does so for administrators.
    pub shadow: Option<(i32, bool)>,
}

pub(super) fn check_name(field: &'static str, name: &str) -> Result<(), Error> {
    let is_inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if (1..=SETTING_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_inner) {
        return Ok(());
    }
    Err(Error::invalid(
        field,
        "a name has 1 to 64 letters, digits and - _ .",
    ))
}

pub(super) fn parse_store(
    actor: &Actor,
    snapshot: &Snapshot,
    command: IdentityStoreCommand,
    kind: StoreKind,
) -> Result<IdentityStore, Error> {
    if !is_store_id(&command.id) {
        let text = "has to be 1 to 32 of a-z 0-9 -, and not local";
        return Err(Error::invalid("store.id", text));
    }
    let name =
        DisplayName::parse(&command.name).map_err(|error| Error::invalid("store.name", error))?;
    if command.settings.len() > SETTINGS_MAX {
        return Err(Error::invalid("store.settings", "at most 64"));
    }
    for (name, value) in &command.settings {
        check_name("store.settings", name)?;
        if value.len() > SETTING_BYTES_MAX {
            let text = "a value has at most 8192 bytes";
            return Err(Error::invalid("store.settings", text));
        }
    }
    if !command.preset.is_empty() {
        check_name("store.preset", &command.preset)?;
    }
    let terms = parse_terms(&command)?;
    check_rules_held(actor, snapshot, &terms)?;
    let epoch = im_types::Timestamp::EPOCH;
    Ok(IdentityStore {
        id: command.id,
        kind,
        name: name.as_str().to_owned(),
        preset: command.preset,
        settings: command.settings,
        secret_names: Vec::new(),
        is_enabled: command.is_enabled,
        terms,
        version: 1,
        created_at: epoch,
        updated_at: epoch,
    })
}

fn parse_terms(command: &IdentityStoreCommand) -> Result<StoreTerms, Error> {
    let attribute = |(name, mode): (&String, &AttributeMode)| {
        let text = "names are display_name, email and locale";
        let attribute =
            Attribute::parse(name).map_err(|_| Error::invalid("store.attributes", text))?;
        Ok::<_, Error>((attribute, *mode))
    };
    if command.group_rules.len() > RULES_MAX {
        return Err(Error::invalid("store.group_rules", "at most 100"));
    }
    let shadow = command.shadow.map(|(days, for_administrators)| {
        let days = if days == 0 { SHADOW_DAYS_DEFAULT } else { days };
        let days = u32::try_from(days.min(SHADOW_DAYS_MAX + 1)).unwrap_or_default();
        if days == 0 || i64::from(days) > i64::from(SHADOW_DAYS_MAX) {
            return Err(Error::invalid(
                "store.shadow.max_age_days",
                "has to be 1 to 90",
            ));
        }
        Ok(ShadowTerms {
            max_age: DAY * days,
            for_administrators,
        })
    });
    Ok(StoreTerms {
        attributes: command
            .attributes
            .iter()
            .map(attribute)
            .collect::<Result<_, _>>()?,
        conflict: command.conflict,
        new_accounts_wait: command.new_accounts_wait,
        on_missing: command.on_missing.unwrap_or(OnMissing::Ignore),
        group_rules: command
            .group_rules
            .iter()
            .map(parse_rule)
            .collect::<Result<_, _>>()?,
        shadow: shadow.transpose()?,
    })
}

fn parse_rule(rule: &GroupRuleCommand) -> Result<GroupRule, Error> {
    const FIELD: &str = "store.group_rules";
    let when_group = rule.when_group.trim();
    if when_group.is_empty() || when_group.len() > GROUP_BYTES_MAX {
        return Err(Error::invalid(FIELD, "a group has 1 to 200 bytes"));
    }
    let role = Some(rule.give_role_id.as_str()).filter(|text| !text.is_empty());
    let group = Some(rule.join_group_id.as_str()).filter(|text| !text.is_empty());
    if role.is_none() && group.is_none() {
        return Err(Error::invalid(FIELD, "a rule gives a role or a group"));
    }
    Ok(GroupRule {
        when_group: when_group.to_owned(),
        give_role: role
            .map(RoleId::parse)
            .transpose()
            .map_err(|error| Error::invalid(FIELD, error))?,
        join_group: group
            .map(GroupId::parse)
            .transpose()
            .map_err(|error| Error::invalid(FIELD, error))?,
    })
}

/// Whoever lets a store give roles gives them.
pub(super) fn check_rules_held(
    actor: &Actor,
    snapshot: &Snapshot,
    terms: &StoreTerms,
) -> Result<(), Error> {
    let roles: Vec<RoleId> = terms
        .group_rules
        .iter()
        .filter_map(|rule| rule.give_role)
        .collect();
    check_held(actor, snapshot.permissions(&roles))
}
