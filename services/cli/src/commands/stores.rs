//! Identity stores: user tables of other applications.

use std::collections::HashMap;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use im_proto::auth::{
    CreateIdentityStoreRequest, DeleteIdentityStoreRequest, GetIdentityStoreRequest, IdentityStore,
    ListIdentityStoresRequest, ListPresetsRequest, TestIdentityStoreRequest,
    UpdateIdentityStoreRequest,
    identity_store::{AttributeMode, Conflict, GroupRule, Kind, OnMissing, Shadow},
    identity_store_service_client::IdentityStoreServiceClient,
};

use super::{Context, call, text};
use crate::password::PasswordSource;

/// What to do with identity stores.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// All stores
    List,
    /// One store
    Show {
        /// Its slug
        store_id: String,
    },
    /// Applications whose user tables are known
    Presets {
        /// Part of an id or of an application's name
        query: Option<String>,
    },
    /// Connect a store; sites list it afterwards with `sites update --stores`
    Add(Add),
    /// Change a store; what is not named stays
    Set(Set),
    /// Try everything that a sign-in needs
    Test {
        /// Its slug
        store_id: String,
        /// Whom to look for
        #[arg(long)]
        login: Option<String>,
        /// Ask for the password as well and check it
        #[arg(long, requires = "login")]
        with_password: bool,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Remove a store that no site lists
    Remove {
        /// Its slug
        store_id: String,
    },
}

/// Kinds of stores.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum KindArg {
    /// A database
    Sql,
    /// A directory
    Ldap,
}

/// What becomes of names that are taken.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ConflictArg {
    /// Policy `username_conflict` decides
    Policy,
    /// Nobody gets in
    Refuse,
    /// The account is called `name@store`
    NameAtStore,
}

/// A new store.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Its slug: 1 to 32 of a-z 0-9 -
    store_id: String,
    /// What it is
    #[arg(long, value_enum, default_value = "sql")]
    kind: KindArg,
    #[command(flatten)]
    fields: Fields,
}

/// A store that is there.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// Its slug
    store_id: String,
    #[command(flatten)]
    fields: Fields,
}

/// What can be said of a store.
#[derive(Debug, Args)]
pub(crate) struct Fields {
    /// What people call it
    #[arg(long)]
    name: Option<String>,
    /// The preset that the settings start from, see `stores presets`
    #[arg(long)]
    preset: Option<String>,
    /// A setting, name=value, such as driver=mysql host=db database=forum user=reader; an empty
    /// value removes it; repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    setting: Vec<String>,
    /// A secret, `name=env:IM_STORE_…` or `name=file:NAME`, both of the server; repeatable
    #[arg(long, value_name = "NAME=REFERENCE")]
    secret: Vec<String>,
    /// A secret whose value is read from standard input
    #[arg(long, value_name = "NAME")]
    secret_stdin: Option<String>,
    /// Whether it is asked at all
    #[arg(long)]
    enabled: Option<bool>,
    /// What becomes of names that are taken
    #[arg(long, value_enum)]
    conflict: Option<ConflictArg>,
    /// Switch accounts off that are gone there; kept for synchronisation, which is not there yet
    #[arg(long)]
    disable_missing: Option<bool>,
    /// New accounts wait for an administrator
    #[arg(long)]
    new_accounts_wait: Option<bool>,
    /// `display_name`, `email` or `locale` = ignore, suggest, force or require; repeatable
    #[arg(long, value_name = "NAME=MODE")]
    attribute: Vec<String>,
    /// A group there and the role (rol_…) or group (grp_…) that it gives here; replaces all rules;
    /// repeatable
    #[arg(long, value_name = "GROUP=ID")]
    group_rule: Vec<String>,
    /// Days for which people can sign in while the store is away; 0 for never
    #[arg(long, value_name = "DAYS")]
    shadow_days: Option<i32>,
}

fn pair(argument: &str) -> anyhow::Result<(String, String)> {
    let (name, value) = argument
        .split_once('=')
        .with_context(|| format!("{argument:?} is not written name=value"))?;
    Ok((name.to_owned(), value.to_owned()))
}

fn mode(text: &str) -> anyhow::Result<AttributeMode> {
    Ok(match text {
        "ignore" => AttributeMode::Ignore,
        "suggest" => AttributeMode::Suggest,
        "force" => AttributeMode::Force,
        "require" => AttributeMode::Require,
        _ => bail!("{text:?} is none of ignore, suggest, force, require"),
    })
}

fn rule(argument: &str) -> anyhow::Result<GroupRule> {
    let (when_group, id) = argument
        .rsplit_once('=')
        .with_context(|| format!("{argument:?} is not written group=id"))?;
    let mut rule = GroupRule {
        when_group: when_group.to_owned(),
        ..GroupRule::default()
    };
    match id.split_once('_') {
        Some(("rol", _)) => id.clone_into(&mut rule.give_role_id),
        Some(("grp", _)) => id.clone_into(&mut rule.join_group_id),
        _ => bail!("{id:?} is neither a role (rol_…) nor a group (grp_…)"),
    }
    Ok(rule)
}

impl Fields {
    /// Puts what was said into the store.
    fn apply(&self, store: &mut IdentityStore) -> anyhow::Result<()> {
        if let Some(name) = &self.name {
            store.name.clone_from(name);
        }
        if let Some(preset) = &self.preset {
            store.preset.clone_from(preset);
        }
        for argument in &self.setting {
            let (name, value) = pair(argument)?;
            if value.is_empty() {
                store.settings.remove(&name);
            } else {
                store.settings.insert(name, value);
            }
        }
        for argument in &self.attribute {
            let (name, value) = pair(argument)?;
            store.attributes.insert(name, mode(&value)?.into());
        }
        if !self.group_rule.is_empty() {
            let rules = self.group_rule.iter().map(|argument| rule(argument));
            store.group_rules = rules.collect::<anyhow::Result<_>>()?;
        }
        if let Some(enabled) = self.enabled {
            store.enabled = enabled;
        }
        if let Some(waits) = self.new_accounts_wait {
            store.new_accounts_wait = waits;
        }
        if let Some(disables) = self.disable_missing {
            let rule = if disables {
                OnMissing::Disable
            } else {
                OnMissing::Leave
            };
            store.on_missing = rule.into();
        }
        if let Some(conflict) = self.conflict {
            let rule = match conflict {
                ConflictArg::Policy => Conflict::Unspecified,
                ConflictArg::Refuse => Conflict::Refuse,
                ConflictArg::NameAtStore => Conflict::NameAtStore,
            };
            store.username_conflict = rule.into();
        }
        if let Some(days) = self.shadow_days {
            let before = store.shadow.unwrap_or_default();
            store.shadow = Some(Shadow {
                enabled: days != 0,
                max_age_days: days,
                ..before
            });
        }
        Ok(())
    }

    fn secrets(&self) -> anyhow::Result<HashMap<String, String>> {
        let mut secrets = HashMap::new();
        for argument in &self.secret {
            let (name, value) = pair(argument)?;
            let is_reference = value.starts_with("env:") || value.starts_with("file:");
            if !is_reference && !value.is_empty() {
                bail!("arguments are seen by everybody on this machine: use --secret-stdin {name}");
            }
            secrets.insert(name, value);
        }
        if let Some(name) = &self.secret_stdin {
            let text =
                std::io::read_to_string(std::io::stdin()).context("cannot read standard input")?;
            let text = text.trim_end_matches(['\r', '\n']);
            secrets.insert(name.clone(), text.to_owned());
        }
        Ok(secrets)
    }
}

async fn get(ctx: &Context, store_id: &str) -> anyhow::Result<IdentityStore> {
    let message = GetIdentityStoreRequest {
        store_id: store_id.to_owned(),
    };
    let answer = call!(ctx, IdentityStoreServiceClient.get_identity_store, message);
    answer
        .store
        .context("the server answered without the store")
}

async fn add(ctx: &Context, command: &Add) -> anyhow::Result<()> {
    let kind = match command.kind {
        KindArg::Sql => Kind::Sql,
        KindArg::Ldap => Kind::Ldap,
    };
    let mut store = IdentityStore {
        id: command.store_id.clone(),
        kind: kind.into(),
        name: command.store_id.clone(),
        enabled: true,
        ..IdentityStore::default()
    };
    command.fields.apply(&mut store)?;
    let message = CreateIdentityStoreRequest {
        store: Some(store),
        secrets: command.fields.secrets()?,
    };
    ctx.printer.answer(
        &call!(
            ctx,
            IdentityStoreServiceClient.create_identity_store,
            message
        ),
        &[],
    )
}

async fn set(ctx: &Context, command: &Set) -> anyhow::Result<()> {
    let mut store = get(ctx, &command.store_id).await?;
    command.fields.apply(&mut store)?;
    let message = UpdateIdentityStoreRequest {
        store: Some(store),
        secrets: command.fields.secrets()?,
    };
    ctx.printer.answer(
        &call!(
            ctx,
            IdentityStoreServiceClient.update_identity_store,
            message
        ),
        &[],
    )
}

pub(crate) async fn run(ctx: &Context, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List => {
            let message = ListIdentityStoresRequest {};
            ctx.printer.answer(
                &call!(
                    ctx,
                    IdentityStoreServiceClient.list_identity_stores,
                    message
                ),
                &["id", "kind", "name", "preset", "enabled", "problem"],
            )
        }
        Command::Show { store_id } => {
            let message = GetIdentityStoreRequest {
                store_id: store_id.clone(),
            };
            let answer = call!(ctx, IdentityStoreServiceClient.get_identity_store, message);
            ctx.printer.answer(&answer, &[])
        }
        Command::Presets { query } => {
            let message = ListPresetsRequest {
                query: text(query.as_ref()),
            };
            ctx.printer.answer(
                &call!(ctx, IdentityStoreServiceClient.list_presets, message),
                &["id", "application", "versions", "unverified", "secret"],
            )
        }
        Command::Add(command) => add(ctx, command).await,
        Command::Set(command) => set(ctx, command).await,
        Command::Test {
            store_id,
            login,
            with_password,
            password,
        } => {
            let password = if *with_password {
                password.read("Password")?.expose().clone()
            } else {
                String::new()
            };
            let message = TestIdentityStoreRequest {
                store_id: store_id.clone(),
                login: text(login.as_ref()),
                password,
            };
            let answer = call!(ctx, IdentityStoreServiceClient.test_identity_store, message);
            ctx.printer.answer(&answer, &[])
        }
        Command::Remove { store_id } => {
            let message = DeleteIdentityStoreRequest {
                store_id: store_id.clone(),
            };
            ctx.printer.answer(
                &call!(
                    ctx,
                    IdentityStoreServiceClient.delete_identity_store,
                    message
                ),
                &[],
            )
        }
    }
}
