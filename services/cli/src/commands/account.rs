//! Getting in and out.

use clap::Args;
use im_proto::auth::{
    ChangePasswordRequest, ClaimFirstAdministratorRequest, GetUserRequest, LoginRequest,
    LogoutRequest, RegisterRequest, auth_service_client::AuthServiceClient,
    user_service_client::UserServiceClient,
};

use super::{Context, call, client, text};
use crate::{connection::Connection, password::PasswordSource};

/// Sign in.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Sign-in name
    username: String,
    #[command(flatten)]
    password: PasswordSource,
    /// What this device is called in lists
    #[arg(long, default_value = "imctl")]
    device_name: String,
    /// File with the password of the site, where it has one
    #[arg(long, value_name = "FILE")]
    site_password_file: Option<std::path::PathBuf>,
}

pub(crate) async fn login(ctx: &Context, command: &Login) -> anyhow::Result<()> {
    let site_password = match &command.site_password_file {
        Some(path) => std::fs::read_to_string(path)?.trim_end().to_owned(),
        None => String::new(),
    };
    let message = LoginRequest {
        username: command.username.clone(),
        password: command.password.read("Password")?.expose().clone(),
        device_id: ctx.connection.known_device_id(),
        device_name: command.device_name.clone(),
        site_password,
    };
    let request = Connection::plain_request(message);
    let mut answer = client!(ctx, AuthServiceClient)
        .login(request)
        .await?
        .into_inner();
    ctx.connection.signed_in(&answer)?;
    // They are in the profile; a terminal's history is no place for them.
    answer.access_token.clear();
    answer.refresh_token.clear();
    if answer.password_change_required {
        ctx.printer
            .note("The password has expired: use imctl passwd before anything else.")?;
    }
    ctx.printer.answer(&answer, &[])
}

/// Make an account.
#[derive(Debug, Args)]
pub(crate) struct Register {
    /// Sign-in name
    username: String,
    #[command(flatten)]
    password: PasswordSource,
    /// What others see
    #[arg(long)]
    display_name: Option<String>,
    /// Token of an invite, where one is needed
    #[arg(long)]
    invite_token: Option<String>,
}

pub(crate) async fn register(ctx: &Context, command: &Register) -> anyhow::Result<()> {
    let message = RegisterRequest {
        username: command.username.clone(),
        password: command
            .password
            .read("Password for the new account")?
            .expose()
            .clone(),
        display_name: text(command.display_name.as_ref()),
        invite_token: text(command.invite_token.as_ref()),
        ..RegisterRequest::default()
    };
    let request = Connection::plain_request(message);
    let answer = client!(ctx, AuthServiceClient)
        .register(request)
        .await?
        .into_inner();
    ctx.printer.answer(&answer, &[])
}

/// Make the first administrator.
#[derive(Debug, Args)]
pub(crate) struct Claim {
    /// Token of the link that the server printed
    token: String,
    /// Sign-in name of the administrator
    username: String,
    #[command(flatten)]
    password: PasswordSource,
}

pub(crate) async fn claim(ctx: &Context, command: &Claim) -> anyhow::Result<()> {
    let message = ClaimFirstAdministratorRequest {
        token: command.token.clone(),
        username: command.username.clone(),
        password: command
            .password
            .read("Password for the administrator")?
            .expose()
            .clone(),
        display_name: String::new(),
    };
    let request = Connection::plain_request(message);
    let mut client = client!(ctx, AuthServiceClient);
    let answer = client
        .claim_first_administrator(request)
        .await?
        .into_inner();
    ctx.printer.answer(&answer, &[])
}

pub(crate) async fn logout(ctx: &Context) -> anyhow::Result<()> {
    let answer = call!(ctx, AuthServiceClient.logout, LogoutRequest {});
    ctx.connection.forget()?;
    ctx.printer.answer(&answer, &[])
}

pub(crate) async fn whoami(ctx: &Context) -> anyhow::Result<()> {
    let message = GetUserRequest {
        user_id: "me".to_owned(),
    };
    let answer = call!(ctx, UserServiceClient.get_user, message);
    ctx.printer.answer(&answer, &[])
}

/// Replace the password.
#[derive(Debug, Args)]
pub(crate) struct Passwd {
    #[command(flatten)]
    old: PasswordSource,
    /// Read the new password from the first line of a file
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<std::path::PathBuf>,
}

pub(crate) async fn passwd(ctx: &Context, command: &Passwd) -> anyhow::Result<()> {
    let old_password = command.old.read("Present password")?;
    let new_password = if let Some(path) = &command.new_password_file {
        std::fs::read_to_string(path)?
            .trim_end_matches(['\r', '\n'])
            .to_owned()
    } else {
        let first = rpassword::prompt_password("New password: ")?;
        anyhow::ensure!(
            first == rpassword::prompt_password("New password again: ")?,
            "the two entries differ"
        );
        first
    };
    let message = ChangePasswordRequest {
        old_password: old_password.expose().clone(),
        new_password,
    };
    let answer = call!(ctx, AuthServiceClient.change_password, message);
    ctx.printer.answer(&answer, &[])
}
