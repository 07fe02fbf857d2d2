//! Tickets for registration.

use clap::Subcommand;
use im_proto::auth::{
    CreateInviteRequest, DeleteInviteRequest, ListInvitesRequest,
    invite_service_client::InviteServiceClient,
};

use super::{Context, call, text};

/// What to do with invites.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Those that can still be used
    List,
    /// Make one; its token is told once
    Create {
        /// How often it can be used
        #[arg(long, default_value_t = 1)]
        uses: i32,
        /// Days until it ends
        #[arg(long, default_value_t = 14)]
        days: i32,
        /// For administrators
        #[arg(long)]
        note: Option<String>,
    },
    /// Withdraw one
    Delete {
        /// inv_…
        invite_id: String,
    },
}

pub(crate) async fn run(ctx: &Context, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List => {
            let message = ListInvitesRequest {
                page_size: 200,
                page_token: String::new(),
            };
            let answer = call!(ctx, InviteServiceClient.list_invites, message);
            ctx.printer
                .answer(&answer, &["id", "usesLeft", "expireTime", "note"])
        }
        Command::Create { uses, days, note } => {
            let message = CreateInviteRequest {
                uses: *uses,
                validity_days: *days,
                note: text(note.as_ref()),
            };
            ctx.printer
                .answer(&call!(ctx, InviteServiceClient.create_invite, message), &[])
        }
        Command::Delete { invite_id } => {
            let message = DeleteInviteRequest {
                invite_id: invite_id.clone(),
            };
            ctx.printer
                .answer(&call!(ctx, InviteServiceClient.delete_invite, message), &[])
        }
    }
}
