//! Which persons of which stores an account is.

use clap::Subcommand;
use im_proto::auth::{
    LinkIdentityRequest, LinkUserIdentityRequest, ListIdentitiesRequest, UnlinkIdentityRequest,
    UnlinkUserIdentityRequest, identity_service_client::IdentityServiceClient,
};

use super::{Context, call};
use crate::password::PasswordSource;

/// What to do with identities.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// One's own identities, or somebody's
    List {
        /// Username or id
        user: Option<String>,
    },
    /// Bind a further identity to one's own account, proving both with their passwords, or as
    /// administrator to somebody's
    Link {
        /// Slug of the store
        store_id: String,
        /// The name there
        login: String,
        /// Somebody's account: username or id; asks for no password
        #[arg(long)]
        user: Option<String>,
        /// With `--password-stdin` two lines are read: the password there, the present one here
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Unbind an identity
    Unlink {
        /// Slug of the store
        store_id: String,
        /// The store's own id of the person, see `identities list`
        external_id: String,
        /// Somebody's account: username or id
        #[arg(long)]
        user: Option<String>,
    },
}

pub(crate) async fn run(ctx: &Context, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List { user } => {
            let user_id = match user {
                Some(user) => ctx.user_id(user).await?,
                None => "me".to_owned(),
            };
            let message = ListIdentitiesRequest { user_id };
            ctx.printer.answer(
                &call!(ctx, IdentityServiceClient.list_identities, message),
                &["storeId", "externalId", "login", "lastLoginTime"],
            )
        }
        Command::Link {
            store_id,
            login,
            user: Some(user),
            ..
        } => {
            let message = LinkUserIdentityRequest {
                user_id: ctx.user_id(user).await?,
                store_id: store_id.clone(),
                login: login.clone(),
            };
            let answer = call!(ctx, IdentityServiceClient.link_user_identity, message);
            ctx.printer.answer(&answer, &[])
        }
        Command::Link {
            store_id,
            login,
            user: None,
            password,
        } => link_own(ctx, store_id, login, password).await,
        Command::Unlink {
            store_id,
            external_id,
            user: Some(user),
        } => {
            let message = UnlinkUserIdentityRequest {
                user_id: ctx.user_id(user).await?,
                store_id: store_id.clone(),
                external_id: external_id.clone(),
            };
            let answer = call!(ctx, IdentityServiceClient.unlink_user_identity, message);
            ctx.printer.answer(&answer, &[])
        }
        Command::Unlink {
            store_id,
            external_id,
            user: None,
        } => {
            let message = UnlinkIdentityRequest {
                store_id: store_id.clone(),
                external_id: external_id.clone(),
            };
            let answer = call!(ctx, IdentityServiceClient.unlink_identity, message);
            ctx.printer.answer(&answer, &[])
        }
    }
}

async fn link_own(
    ctx: &Context,
    store_id: &str,
    login: &str,
    password: &PasswordSource,
) -> anyhow::Result<()> {
    let prompt = format!("Password of {login} there");
    let message = LinkIdentityRequest {
        store_id: store_id.to_owned(),
        login: login.to_owned(),
        password: password.read(&prompt)?.expose().clone(),
        current_password: password
            .read("Your present password here")?
            .expose()
            .clone(),
    };
    let answer = call!(ctx, IdentityServiceClient.link_identity, message);
    ctx.printer.answer(&answer, &[])
}
