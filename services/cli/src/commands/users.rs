//! People.

use clap::{Args, Subcommand, ValueEnum};
use im_proto::auth::{
    ApproveUserRequest, CreateUserRequest, DeactivateUserRequest, ListAllUsersRequest,
    ListUsersRequest, ReinstateUserRequest, ResetPasswordRequest, SuspendUserRequest,
    UnlockUserRequest, UpdateUserRequest, user::State as ProtoState,
    user_admin_service_client::UserAdminServiceClient, user_service_client::UserServiceClient,
};

use super::{Context, call, text};
use crate::password::PasswordSource;

/// States of accounts.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum State {
    /// May sign in
    Active,
    /// Wait for approval
    Waiting,
    /// Barred
    Suspended,
    /// Switched off
    Deactivated,
    /// Too many wrong passwords
    Locked,
}

/// What to do with people.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Search the directory
    Search {
        /// Beginning of a name; everybody if absent
        query: Option<String>,
    },
    /// All accounts, as administrators see them
    List {
        /// Beginning of a name
        query: Option<String>,
        /// Only those in this state
        #[arg(long, value_enum)]
        state: Option<State>,
    },
    /// Make an account
    Create(Create),
    /// Bar an account and end its sessions
    Suspend {
        /// Username or id
        user: String,
        /// For the audit log
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let a suspended or deactivated account in again
    Reinstate {
        /// Username or id
        user: String,
    },
    /// End a lock after wrong passwords
    Unlock {
        /// Username or id
        user: String,
    },
    /// Switch an account off for good
    Deactivate {
        /// Username or id
        user: String,
        /// For the audit log
        #[arg(long)]
        reason: Option<String>,
    },
    /// Give an account a new password and end its sessions
    ResetPassword(ResetPassword),
    /// Change what only administrators may change
    Set(Set),
}

/// A new password for somebody.
#[derive(Debug, Args)]
pub(crate) struct ResetPassword {
    /// Username or id
    user: String,
    #[command(flatten)]
    password: PasswordSource,
    /// The person has to change it at the next login
    #[arg(long)]
    must_change: bool,
}

/// New values of an account.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// Username or id
    user: String,
    /// What others see
    #[arg(long)]
    display_name: Option<String>,
    /// 0 (highest) to 9
    #[arg(long)]
    level: Option<i32>,
}

/// A new account.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Sign-in name
    username: String,
    #[command(flatten)]
    password: PasswordSource,
    /// What others see
    #[arg(long)]
    display_name: Option<String>,
    /// The person has to change the password at the first login
    #[arg(long)]
    must_change: bool,
}

/// Let a waiting account in.
#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// Username or id
    user: String,
}

pub(crate) async fn approve(ctx: &Context, command: &Approve) -> anyhow::Result<()> {
    let message = ApproveUserRequest {
        user_id: find(ctx, &command.user).await?,
    };
    ctx.printer.answer(
        &call!(ctx, UserAdminServiceClient.approve_user, message),
        &[],
    )
}

/// The id of any account, also of those that the directory does not show.
async fn find(ctx: &Context, name: &str) -> anyhow::Result<String> {
    if name.starts_with("usr_") {
        return Ok(name.to_owned());
    }
    let message = ListAllUsersRequest {
        query: name.to_owned(),
        page_size: 200,
        ..ListAllUsersRequest::default()
    };
    let found = call!(ctx, UserAdminServiceClient.list_all_users, message).users;
    let wanted = name.to_lowercase();
    let user = found
        .into_iter()
        .find(|user| user.username.to_lowercase() == wanted);
    user.map(|user| user.id)
        .ok_or_else(|| anyhow::anyhow!("no account is called {name:?}"))
}

pub(crate) async fn run(ctx: &Context, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Search { query } => {
            let message = ListUsersRequest {
                query: text(query.as_ref()),
                page_size: 200,
                page_token: String::new(),
            };
            let answer = call!(ctx, UserServiceClient.list_users, message);
            ctx.printer
                .answer(&answer, &["id", "username", "displayName"])
        }
        Command::List { query, state } => list(ctx, text(query.as_ref()), *state).await,
        Command::Create(create) => create_user(ctx, create).await,
        Command::Suspend { user, reason } => {
            let message = SuspendUserRequest {
                user_id: find(ctx, user).await?,
                reason: text(reason.as_ref()),
            };
            let answer = call!(ctx, UserAdminServiceClient.suspend_user, message);
            ctx.printer.answer(&answer, &[])
        }
        Command::Reinstate { user } => {
            let user_id = find(ctx, user).await?;
            let message = ReinstateUserRequest { user_id };
            let answer = call!(ctx, UserAdminServiceClient.reinstate_user, message);
            ctx.printer.answer(&answer, &[])
        }
        Command::Unlock { user } => {
            let user_id = find(ctx, user).await?;
            let message = UnlockUserRequest { user_id };
            let answer = call!(ctx, UserAdminServiceClient.unlock_user, message);
            ctx.printer.answer(&answer, &[])
        }
        Command::Deactivate { user, reason } => {
            let message = DeactivateUserRequest {
                user_id: find(ctx, user).await?,
                reason: text(reason.as_ref()),
            };
            let answer = call!(ctx, UserAdminServiceClient.deactivate_user, message);
            ctx.printer.answer(&answer, &[])
        }
        Command::ResetPassword(reset) => reset_password(ctx, reset).await,
        Command::Set(set) => set_user(ctx, set).await,
    }
}

async fn create_user(ctx: &Context, create: &Create) -> anyhow::Result<()> {
    let password = create.password.read("Password for the account")?;
    let message = CreateUserRequest {
        username: create.username.clone(),
        password: password.expose().clone(),
        display_name: text(create.display_name.as_ref()),
        email: String::new(),
        password_change_required: create.must_change,
    };
    let answer = call!(ctx, UserAdminServiceClient.create_user, message);
    ctx.printer.answer(&answer, &[])
}

async fn reset_password(ctx: &Context, reset: &ResetPassword) -> anyhow::Result<()> {
    let message = ResetPasswordRequest {
        user_id: find(ctx, &reset.user).await?,
        new_password: reset.password.read("New password")?.expose().clone(),
        password_change_required: reset.must_change,
    };
    let answer = call!(ctx, UserAdminServiceClient.reset_password, message);
    ctx.printer.answer(&answer, &[])
}

async fn set_user(ctx: &Context, set: &Set) -> anyhow::Result<()> {
    let message = UpdateUserRequest {
        user_id: find(ctx, &set.user).await?,
        display_name: set.display_name.clone(),
        hierarchy_level: set.level,
        email: None,
    };
    let answer = call!(ctx, UserAdminServiceClient.update_user, message);
    ctx.printer.answer(&answer, &[])
}

async fn list(ctx: &Context, query: String, state: Option<State>) -> anyhow::Result<()> {
    let state = match state {
        None => ProtoState::Unspecified,
        Some(State::Active) => ProtoState::Active,
        Some(State::Waiting) => ProtoState::WaitingApproval,
        Some(State::Suspended) => ProtoState::Suspended,
        Some(State::Deactivated) => ProtoState::Deactivated,
        Some(State::Locked) => ProtoState::Locked,
    };
    let mut all = im_proto::auth::ListAllUsersResponse::default();
    let mut page_token = String::new();
    loop {
        let message = ListAllUsersRequest {
            query: query.clone(),
            state: state.into(),
            page_size: 200,
            page_token,
        };
        let page = call!(ctx, UserAdminServiceClient.list_all_users, message);
        all.users.extend(page.users);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    ctx.printer.answer(
        &all,
        &[
            "id",
            "username",
            "displayName",
            "state",
            "roleIds",
            "lastLoginTime",
        ],
    )
}
