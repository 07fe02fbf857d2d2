//! The roster.

use clap::{Args, Subcommand};
use im_proto::presence::{
    AcceptContactRequest, BlockContactRequest, CreateContactRequest, DeclineContactRequest,
    DeleteContactRequest, ListContactsRequest, UnblockContactRequest, UpdateContactRequest,
    contact_service_client::ContactServiceClient,
};

use super::{Context, call, text};

/// What to do with the roster.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Everybody on it, requests and blocked people included
    List,
    /// Ask a person to become a contact
    Add {
        /// Username or id
        user: String,
        /// A word to the person
        #[arg(long)]
        note: Option<String>,
    },
    /// Accept a request
    Accept {
        /// Username or id
        user: String,
    },
    /// Decline a request
    Decline {
        /// Username or id
        user: String,
    },
    /// Take a person off the roster
    Remove {
        /// Username or id
        user: String,
    },
    /// Neither see nor reach each other
    Block {
        /// Username or id
        user: String,
    },
    /// End a block
    Unblock {
        /// Username or id
        user: String,
    },
    /// Change alias, heading and marks
    Edit(Edit),
}

/// New values of a contact.
#[derive(Debug, Args)]
pub(crate) struct Edit {
    /// Username or id
    user: String,
    /// What to call the person
    #[arg(long)]
    alias: Option<String>,
    /// Heading under which the person stands
    #[arg(long)]
    group: Option<String>,
    /// Reaches one even while not to be disturbed
    #[arg(long)]
    vip: Option<bool>,
    /// Sees one as offline
    #[arg(long)]
    hidden: Option<bool>,
}

pub(crate) async fn run(ctx: &Context, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List => list(ctx).await,
        Command::Add { user, note } => {
            let user_id = ctx.user_id(user).await?;
            let message = CreateContactRequest {
                user_id,
                note: text(note.as_ref()),
            };
            let answer = call!(ctx, ContactServiceClient.create_contact, message);
            ctx.printer.answer(&answer, &[])
        }
        Command::Accept { user } => {
            let message = AcceptContactRequest {
                user_id: ctx.user_id(user).await?,
            };
            let answer = call!(ctx, ContactServiceClient.accept_contact, message);
            ctx.printer.answer(&answer, &[])
        }
        Command::Decline { user } => {
            let message = DeclineContactRequest {
                user_id: ctx.user_id(user).await?,
            };
            let answer = call!(ctx, ContactServiceClient.decline_contact, message);
            ctx.printer.answer(&answer, &[])
        }
        Command::Remove { user } => {
            let message = DeleteContactRequest {
                user_id: ctx.user_id(user).await?,
            };
            let answer = call!(ctx, ContactServiceClient.delete_contact, message);
            ctx.printer.answer(&answer, &[])
        }
        Command::Block { user } => {
            let message = BlockContactRequest {
                user_id: ctx.user_id(user).await?,
            };
            let answer = call!(ctx, ContactServiceClient.block_contact, message);
            ctx.printer.answer(&answer, &[])
        }
        Command::Unblock { user } => {
            let message = UnblockContactRequest {
                user_id: ctx.user_id(user).await?,
            };
            let answer = call!(ctx, ContactServiceClient.unblock_contact, message);
            ctx.printer.answer(&answer, &[])
        }
        Command::Edit(edit) => edit_contact(ctx, edit).await,
    }
}

async fn list(ctx: &Context) -> anyhow::Result<()> {
    let mut all = im_proto::presence::ListContactsResponse::default();
    let mut page_token = String::new();
    loop {
        let message = ListContactsRequest {
            page_size: 1000,
            page_token,
        };
        let page = call!(ctx, ContactServiceClient.list_contacts, message);
        all.contacts.extend(page.contacts);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    ctx.printer.answer(
        &all,
        &[
            "userId",
            "username",
            "state",
            "alias",
            "personalGroup",
            "note",
        ],
    )
}

async fn edit_contact(ctx: &Context, edit: &Edit) -> anyhow::Result<()> {
    let message = UpdateContactRequest {
        user_id: ctx.user_id(&edit.user).await?,
        alias: edit.alias.clone(),
        personal_group: edit.group.clone(),
        is_vip: edit.vip,
        is_hidden_from: edit.hidden,
    };
    let answer = call!(ctx, ContactServiceClient.update_contact, message);
    ctx.printer.answer(&answer, &[])
}
