//! Who is kept out.

use clap::{Subcommand, ValueEnum};
use im_proto::auth::{
    CreateBanRequest, DeleteBanRequest, ListBansRequest, ban::Kind as ProtoKind,
    ban_service_client::BanServiceClient,
};
use im_types::Clock;
use prost_types::Timestamp;

use super::{Context, call, text};

/// What a ban looks at.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    /// A username
    Username,
    /// An address or a network
    Address,
    /// A device
    Device,
}

/// What to do with bans.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// All bans, newest first
    List,
    /// Keep a name, an address or a device out
    Add {
        /// What to look at
        #[arg(value_enum)]
        kind: Kind,
        /// Username, 192.0.2.0/24, dev_…
        value: String,
        /// For administrators
        #[arg(long)]
        reason: Option<String>,
        /// Ends by itself after so many hours
        #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=87_600))]
        for_hours: Option<u32>,
    },
    /// End a ban
    Remove {
        /// ban_…
        ban_id: String,
    },
}

pub(crate) async fn run(ctx: &Context, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List => {
            let message = ListBansRequest {
                page_size: 200,
                page_token: String::new(),
            };
            let answer = call!(ctx, BanServiceClient.list_bans, message);
            ctx.printer
                .answer(&answer, &["id", "kind", "value", "reason", "expireTime"])
        }
        Command::Add {
            kind,
            value,
            reason,
            for_hours,
        } => {
            let kind = match kind {
                Kind::Username => ProtoKind::Username,
                Kind::Address => ProtoKind::Address,
                Kind::Device => ProtoKind::Device,
            };
            let now_s = Clock::system().now().as_micros() / 1_000_000;
            let message = CreateBanRequest {
                kind: kind.into(),
                value: value.clone(),
                reason: text(reason.as_ref()),
                expire_time: for_hours.map(|hours| Timestamp {
                    seconds: now_s + i64::from(hours) * 3600,
                    nanos: 0,
                }),
            };
            ctx.printer
                .answer(&call!(ctx, BanServiceClient.create_ban, message), &[])
        }
        Command::Remove { ban_id } => {
            let message = DeleteBanRequest {
                ban_id: ban_id.clone(),
            };
            ctx.printer
                .answer(&call!(ctx, BanServiceClient.delete_ban, message), &[])
        }
    }
}
