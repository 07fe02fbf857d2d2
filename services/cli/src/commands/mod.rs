//! One file for each family of commands. A command builds its request, calls one rpc and prints the
//! answer; what is shared stands here.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod bans;
pub(crate) mod chat;
mod chat_io;
pub(crate) mod contacts;
pub(crate) mod conversations;
pub(crate) mod groups;
pub(crate) mod identities;
pub(crate) mod invites;
pub(crate) mod policy;
pub(crate) mod roles;
pub(crate) mod sessions;
pub(crate) mod sites;
pub(crate) mod status;
pub(crate) mod stores;
pub(crate) mod users;

use anyhow::{Context as _, bail};
use clap::CommandFactory as _;
use im_proto::{
    auth::{ListUsersRequest, user_service_client::UserServiceClient},
    messaging::{
        CreateConversationRequest, conversation::Kind,
        conversation_service_client::ConversationServiceClient,
    },
};

use crate::{
    args::{Cli, Command},
    connection::Connection,
    output::Printer,
};

/// A client of the given kind on the connection of a context.
macro_rules! client {
    ($ctx:expr, $client:ident) => {
        $client::with_origin($ctx.connection.channel(), $ctx.connection.origin())
    };
}
pub(crate) use client;

/// Calls one rpc as whoever is signed in and returns its answer.
macro_rules! call {
    ($ctx:expr, $client:ident . $method:ident, $message:expr) => {{
        let request = $ctx.connection.request($message).await?;
        $crate::commands::client!($ctx, $client)
            .$method(request)
            .await?
            .into_inner()
    }};
}
pub(crate) use call;

/// What every command works with.
pub(crate) struct Context {
    pub(crate) connection: Connection,
    pub(crate) printer: Printer,
}

/// Carries the command out.
pub(crate) async fn run(cli: &Cli) -> anyhow::Result<()> {
    if let Command::Completions { shell } = &cli.command {
        clap_complete::generate(*shell, &mut Cli::command(), "imctl", &mut std::io::stdout());
        return Ok(());
    }
    let ctx = Context {
        connection: Connection::open(&cli.global)?,
        printer: Printer::new(cli.global.output)?,
    };
    match &cli.command {
        Command::Login(command) => account::login(&ctx, command).await,
        Command::Register(command) => account::register(&ctx, command).await,
        Command::Claim(command) => account::claim(&ctx, command).await,
        Command::Logout => account::logout(&ctx).await,
        Command::Whoami => account::whoami(&ctx).await,
        Command::Passwd(command) => account::passwd(&ctx, command).await,
        Command::Chat(command) => chat::chat(&ctx, command).await,
        Command::Send(command) => chat::send(&ctx, command).await,
        Command::History(command) => chat::history(&ctx, command).await,
        Command::Tail(command) => chat::tail(&ctx, command).await,
        Command::Conversations(command) => conversations::run(&ctx, command).await,
        Command::Contacts(command) => contacts::run(&ctx, command).await,
        Command::Status(command) => status::run(&ctx, command).await,
        Command::Sessions(command) => sessions::run(&ctx, command).await,
        Command::Devices(command) => sessions::run_devices(&ctx, command).await,
        Command::Groups(command) => groups::run(&ctx, command).await,
        Command::Users(command) => users::run(&ctx, command).await,
        Command::Approve(command) => users::approve(&ctx, command).await,
        Command::Sites(command) => sites::run(&ctx, command).await,
        Command::Stores(command) => stores::run(&ctx, command).await,
        Command::Identities(command) => identities::run(&ctx, command).await,
        Command::Policy(command) => policy::run(&ctx, command).await,
        Command::Roles(command) => roles::run(&ctx, command).await,
        Command::Bans(command) => bans::run(&ctx, command).await,
        Command::Invites(command) => invites::run(&ctx, command).await,
        Command::Audit(command) => audit::run(&ctx, command).await,
        Command::Completions { .. } => Ok(()),
    }
}

impl Context {
    /// The id of a person named by id or username.
    pub(crate) async fn user_id(&self, name: &str) -> anyhow::Result<String> {
        if name.starts_with("usr_") {
            return Ok(name.to_owned());
        }
        let message = ListUsersRequest {
            query: name.to_owned(),
            page_size: 200,
            page_token: String::new(),
        };
        let found = call!(self, UserServiceClient.list_users, message).users;
        let wanted = name.to_lowercase();
        let user = found
            .into_iter()
            .find(|user| user.username.to_lowercase() == wanted);
        Ok(user
            .with_context(|| format!("nobody here is called {name:?}"))?
            .id)
    }

    /// The ids of several people.
    pub(crate) async fn user_ids(&self, names: &[String]) -> anyhow::Result<Vec<String>> {
        let mut ids = Vec::with_capacity(names.len());
        for name in names {
            ids.push(self.user_id(name).await?);
        }
        Ok(ids)
    }

    /// The id of a conversation, or of the direct one with a person.
    pub(crate) async fn conversation_id(&self, target: &str) -> anyhow::Result<String> {
        if target.starts_with("cnv_") {
            return Ok(target.to_owned());
        }
        let message = CreateConversationRequest {
            kind: Kind::Direct.into(),
            member_ids: vec![self.user_id(target).await?],
            ..Default::default()
        };
        let answer = call!(self, ConversationServiceClient.create_conversation, message);
        match answer.conversation {
            Some(conversation) => Ok(conversation.id),
            None => bail!("the server answered without a conversation"),
        }
    }
}

/// The text of an optional argument.
pub(crate) fn text(value: Option<&String>) -> String {
    value.cloned().unwrap_or_default()
}
