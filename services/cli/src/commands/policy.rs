//! Limits and options.

use clap::{Args, Subcommand};
use im_proto::auth::{
    ClearPolicyValueRequest, ExplainPolicyRequest, GetPolicyRequest, ListPolicyKeysRequest,
    ListPolicyValuesRequest, PolicyScope, SetPolicyValueRequest, policy_scope::Level,
    policy_service_client::PolicyServiceClient,
};

use super::{Context, call, text};

/// What to do with policy.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The values that count for oneself here
    Show,
    /// Every key with type, default and meaning
    Keys,
    /// What has been set
    List(Scope),
    /// Set a value: for the whole installation, a site or a role
    Set {
        /// An entry of the registry
        key: String,
        /// Its value
        value: String,
        #[command(flatten)]
        scope: Scope,
    },
    /// Take a value away
    Clear {
        /// An entry of the registry
        key: String,
        #[command(flatten)]
        scope: Scope,
    },
    /// Why a value is what it is
    Explain {
        /// An entry of the registry; all if absent
        key: Option<String>,
        /// For this person; oneself if absent
        #[arg(long)]
        user: Option<String>,
        /// On this site; the one called if absent
        #[arg(long)]
        site: Option<String>,
    },
}

/// The level of a value.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Scope {
    /// Of this site
    #[arg(long)]
    site: Option<String>,
    /// Of this role, rol_…
    #[arg(long)]
    role: Option<String>,
}

impl Scope {
    fn message(&self) -> PolicyScope {
        let level = match (&self.site, &self.role) {
            (Some(_), _) => Level::Site,
            (_, Some(_)) => Level::Role,
            _ => Level::Global,
        };
        PolicyScope {
            level: level.into(),
            site_id: text(self.site.as_ref()),
            role_id: text(self.role.as_ref()),
        }
    }
}

/// Columns of a list of values.
const VALUE_COLUMNS: &[&str] = &[
    "key",
    "value",
    "scope.level",
    "scope.siteId",
    "scope.roleId",
    "updatedBy",
];

pub(crate) async fn run(ctx: &Context, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Show => {
            let answer = call!(ctx, PolicyServiceClient.get_policy, GetPolicyRequest {});
            ctx.printer
                .answer(&answer, &["key", "value", "scope.level"])
        }
        Command::Keys => {
            let message = ListPolicyKeysRequest {};
            let answer = call!(ctx, PolicyServiceClient.list_policy_keys, message);
            ctx.printer.answer(
                &answer,
                &["key", "kind", "unit", "defaultValue", "description"],
            )
        }
        Command::List(scope) => {
            let message = ListPolicyValuesRequest {
                site_id: text(scope.site.as_ref()),
                role_id: text(scope.role.as_ref()),
            };
            let answer = call!(ctx, PolicyServiceClient.list_policy_values, message);
            ctx.printer.answer(&answer, VALUE_COLUMNS)
        }
        Command::Set { key, value, scope } => {
            let message = SetPolicyValueRequest {
                key: key.clone(),
                value: value.clone(),
                scope: Some(scope.message()),
            };
            ctx.printer.answer(
                &call!(ctx, PolicyServiceClient.set_policy_value, message),
                &[],
            )
        }
        Command::Clear { key, scope } => {
            let message = ClearPolicyValueRequest {
                key: key.clone(),
                scope: Some(scope.message()),
            };
            ctx.printer.answer(
                &call!(ctx, PolicyServiceClient.clear_policy_value, message),
                &[],
            )
        }
        Command::Explain { key, user, site } => {
            let user_id = match user {
                Some(user) => ctx.user_id(user).await?,
                None => String::new(),
            };
            let message = ExplainPolicyRequest {
                user_id,
                site_id: text(site.as_ref()),
                key: text(key.as_ref()),
            };
            let answer = call!(ctx, PolicyServiceClient.explain_policy, message);
            let columns = &["effective.key", "effective.value", "effective.scope.level"];
            // One key is shown with all its levels, many as a table.
            ctx.printer
                .answer(&answer, if key.is_some() { &[] } else { columns })
        }
    }
}
