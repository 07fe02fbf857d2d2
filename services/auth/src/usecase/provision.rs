//! The account behind a person of an identity store: made at the first sign-in, kept as the terms
//! of the store say at the others.

use std::collections::BTreeSet;

use im_types::{DisplayName, GroupId, RoleId, UserId, Username};

use super::admin::conflict_of;
use super::login::Login;
use super::{App, ProfilePatch};
use crate::Error;
use crate::domain::change::Change;
use crate::domain::identity_store::{
    Attribute, AttributeMode, ConflictRule, StoreTerms, handle_of,
};
use crate::domain::login::Refusal;
use crate::domain::people::{NewUser, User, UserState};
use crate::domain::site::LOCAL_STORE;
use crate::ports::{IdentityStore, Match};
use crate::store::Unit;

/// Longest id of a person in a store, in bytes.
const EXTERNAL_ID_BYTES_MAX: usize = 512;

impl App {
    /// The account of a person whose password was right.
    pub(super) async fn account_of(
        &self,
        login: &Login<'_>,
        store: &dyn IdentityStore,
        found: &Match,
    ) -> Result<UserId, Error> {
        if found.external_id.is_empty() || found.external_id.len() > EXTERNAL_ID_BYTES_MAX {
            return Err(Error::IdentityStoreUnavailable);
        }
        let terms = store.terms();
        if let Some(missing) = terms.missing(|wanted| value_of(found, wanted).is_some()) {
            return Err(Error::StoreAttributeMissing {
                attribute: missing.as_str(),
            });
        }
        let known = self
            .store
            .find_identity(store.id(), &found.external_id)
            .await?;
        match known {
            Some(user) => {
                self.keep_account(login, store, found, user).await?;
                Ok(user)
            }
            // Removed between the two reads.
            None if store.id() == LOCAL_STORE => Err(Refusal::InvalidCredentials.into()),
            None => self.create_just_in_time(login, store, found).await,
        }
    }

    /// The account of a person who signs in for the first time through an identity store.
    async fn create_just_in_time(
        &self,
        login: &Login<'_>,
        store: &dyn IdentityStore,
        found: &Match,
    ) -> Result<UserId, Error> {
        let policy = login.snapshot.policy(&login.origin.site, &[]);
        let terms = store.terms();
        let mut unit = self.begin().await?;
        let count = unit.lock_and_count_users(&login.origin.site).await?;
        // Two first sign-ins of one person at once: the second one finds what the first has made.
        let made = unit.find_identity(store.id(), &found.external_id).await?;
        if let Some(user) = made {
            return Ok(user);
        }
        if !policy.users_max().allows(count + 1) {
            return Err(Refusal::SiteAccountsFull.into());
        }
        let username = handle_of(&found.username).ok_or(Error::UsernameConflict)?;
        let rule = terms.conflict.unwrap_or_else(|| conflict_of(&policy));
        let user = new_user(self, login, terms, found, username);
        let user = insert_named(&mut unit, user, rule, store.id()).await?;
        if !unit
            .insert_identity(store.id(), &found.external_id, user.id)
            .await?
        {
            // Made on another site since; the next attempt finds it.
            return Err(Error::UsernameConflict);
        }
        unit.change(Change::User(user.id));
        let entry = login.audit("user.create").on(user.id).by(user.id);
        let entry = entry.with("store", store.id());
        unit.audit(
            entry
                .with("username", user.username.as_str())
                .with("state", user.state.as_str()),
        );
        reconcile(&mut unit, login, store, found, user.id).await?;
        self.commit(unit).await?;
        Ok(user.id)
    }

    /// What the store says now of somebody who has an account.
    async fn keep_account(
        &self,
        login: &Login<'_>,
        store: &dyn IdentityStore,
        found: &Match,
        user: UserId,
    ) -> Result<(), Error> {
        let terms = store.terms();
        let is_forced =
            |mode: &AttributeMode| matches!(mode, AttributeMode::Force | AttributeMode::Require);
        let forces = terms.attributes.values().any(is_forced);
        let grants = !terms.group_rules.is_empty() && found.groups.is_some();
        if !forces && !grants {
            return Ok(());
        }
        let mut unit = self.begin().await?;
        let Some(present) = unit.find_user(user).await? else {
            return Ok(());
        };
        let mut has_changed = false;
        if let Some(patch) = forced(terms, found, &present) {
            let profile = patch.apply(&present)?;
            unit.set_profile(&present, &profile).await?;
            unit.change(Change::User(user));
            let entry = login.audit("user.update_from_store").on(user);
            unit.audit(
                entry
                    .with("store", store.id())
                    .with("fields", patch.fields()),
            );
            has_changed = true;
        }
        has_changed |= reconcile(&mut unit, login, store, found, user).await?;
        if has_changed {
            self.commit(unit).await?;
        }
        Ok(())
    }
}

/// Makes the account under its name, or under the one that the rule for conflicts gives.
async fn insert_named(
    unit: &mut Unit,
    mut user: NewUser,
    rule: ConflictRule,
    store_id: &str,
) -> Result<NewUser, Error> {
    if unit.insert_user(&user).await? {
        return Ok(user);
    }
    if rule == ConflictRule::NameAtStore {
        let text = format!("{}@{store_id}", user.username.as_str());
        user.username = Username::parse(&text).map_err(|_| Error::UsernameConflict)?;
        if unit.insert_user(&user).await? {
            return Ok(user);
        }
    }
    Err(Error::UsernameConflict)
}

/// Gives what the person's groups there mean here, and takes back what this store has given and
/// gives no more. What people or other stores gave stays. `true` if anything changed.
async fn reconcile(
    unit: &mut Unit,
    login: &Login<'_>,
    store: &dyn IdentityStore,
    found: &Match,
    user: UserId,
) -> Result<bool, Error> {
    let Some(groups) = &found.groups else {
        return Ok(false);
    };
    let (mut roles, joined) = store.terms().granted(groups);
    // A role that is gone cannot be given.
    roles.retain(|role| login.snapshot.roles.iter().any(|known| known.id == *role));
    let given = reconcile_roles(unit, store.id(), user, &roles).await?;
    let placed = reconcile_groups(unit, store.id(), user, &joined).await?;
    if given + placed == 0 {
        return Ok(false);
    }
    unit.change(Change::User(user));
    let entry = login.audit("user.reconcile").on(user);
    unit.audit(
        entry
            .with("store", store.id())
            .with("roles", roles.len())
            .with("groups", joined.len()),
    );
    Ok(true)
}

async fn reconcile_roles(
    unit: &mut Unit,
    store_id: &str,
    user: UserId,
    wanted: &BTreeSet<RoleId>,
) -> Result<usize, Error> {
    let present: BTreeSet<RoleId> = unit
        .list_roles_of_source(user, store_id)
        .await?
        .into_iter()
        .collect();
    for role in wanted.difference(&present) {
        unit.insert_user_role(user, *role, store_id).await?;
    }
    for role in present.difference(wanted) {
        unit.delete_user_role_of_source(user, *role, store_id)
            .await?;
    }
    Ok(wanted.symmetric_difference(&present).count())
}

async fn reconcile_groups(
    unit: &mut Unit,
    store_id: &str,
    user: UserId,
    wanted: &BTreeSet<GroupId>,
) -> Result<usize, Error> {
    let present: BTreeSet<GroupId> = unit
        .list_groups_of_source(user, store_id)
        .await?
        .into_iter()
        .collect();
    let mut changed = 0;
    for group in wanted.difference(&present) {
        // Whoever has a place that people gave keeps it as it is.
        if unit
            .insert_group_member_of_source(*group, user, store_id)
            .await?
        {
            unit.change(Change::Group(*group));
            changed += 1;
        }
    }
    for group in present.difference(wanted) {
        unit.delete_group_member_of_source(*group, user, store_id)
            .await?;
        unit.change(Change::Group(*group));
        changed += 1;
    }
    Ok(changed)
}

fn new_user(
    app: &App,
    login: &Login<'_>,
    terms: &StoreTerms,
    found: &Match,
    username: Username,
) -> NewUser {
    let value = |wanted| {
        let is_taken = terms.mode(wanted) != AttributeMode::Ignore;
        value_of(found, wanted).filter(|_| is_taken)
    };
    NewUser {
        id: app.ids.new_id(),
        display_name: value(Attribute::DisplayName)
            .and_then(|text| DisplayName::parse(&text).ok())
            .unwrap_or_else(|| DisplayName::from(&username)),
        email: value(Attribute::Email).unwrap_or_default(),
        username,
        state: if terms.new_accounts_wait {
            UserState::Waiting
        } else {
            UserState::Active
        },
        site: login.origin.site.clone(),
        is_break_glass: false,
    }
}

/// A value of the store, if it can stand in an account.
fn value_of(found: &Match, wanted: Attribute) -> Option<String> {
    let text = found
        .attributes
        .iter()
        .find(|(key, _)| key == wanted.as_str())
        .map(|(_, value)| value.trim())
        .filter(|text| !text.is_empty())?;
    match wanted {
        Attribute::DisplayName => DisplayName::parse(text)
            .ok()
            .map(|name| name.as_str().to_owned()),
        Attribute::Email => super::parse::email(text).ok(),
        Attribute::Locale => {
            super::parse::tag("locale", text, crate::domain::people::TAG_BYTES_MAX).ok()
        }
    }
}

/// What the store forces upon an account, as far as the account differs.
fn forced(terms: &StoreTerms, found: &Match, user: &User) -> Option<ProfilePatch> {
    let value = |wanted, present: &str| {
        let is_forced = matches!(
            terms.mode(wanted),
            AttributeMode::Force | AttributeMode::Require
        );
        value_of(found, wanted).filter(|text| is_forced && text != present)
    };
    let patch = ProfilePatch {
        display_name: value(Attribute::DisplayName, user.display_name.as_str()),
        email: value(Attribute::Email, &user.email),
        locale: value(Attribute::Locale, &user.locale),
        ..ProfilePatch::default()
    };
    (!patch.fields().is_empty()).then_some(patch)
}
