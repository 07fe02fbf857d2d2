//! Presence.

use clap::{Args, Subcommand, ValueEnum};
use im_proto::presence::{
    ListPresencesRequest, ListStatusReasonsRequest, SetPresenceRequest, presence::State,
    presence_service_client::PresenceServiceClient,
};
use im_types::Clock;
use prost_types::Timestamp;

use super::{Context, call, text};

/// What to do with presence.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// How people are
    Show {
        /// Usernames or ids; oneself if empty
        users: Vec<String>,
    },
    /// How one wants to be seen
    Set(Set),
    /// Reasons that the site offers
    Reasons,
}

/// The states that can be chosen.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Choice {
    /// As the connections say
    Auto,
    /// There
    Online,
    /// Not in front of it
    Away,
    /// Occupied
    Busy,
    /// Only VIP contacts are to ring
    DoNotDisturb,
    /// Seen as offline
    Invisible,
}

/// A choice.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// How to be seen
    #[arg(value_enum)]
    state: Choice,
    /// Why
    #[arg(long)]
    reason: Option<String>,
    /// Ends by itself after so many minutes
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=525_600))]
    for_minutes: Option<u32>,
    /// Whether others may see when one was last there
    #[arg(long)]
    hide_last_seen: Option<bool>,
}

pub(crate) async fn run(ctx: &Context, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Show { users } => {
            let user_ids = if users.is_empty() {
                vec![ctx.connection.profile()?.user_id]
            } else {
                ctx.user_ids(users).await?
            };
            let message = ListPresencesRequest { user_ids };
            let answer = call!(ctx, PresenceServiceClient.list_presences, message);
            ctx.printer
                .answer(&answer, &["userId", "state", "reason", "lastSeenTime"])
        }
        Command::Set(set) => {
            let answer = call!(ctx, PresenceServiceClient.set_presence, set.message());
            ctx.printer.answer(&answer, &[])
        }
        Command::Reasons => {
            let message = ListStatusReasonsRequest {};
            let answer = call!(ctx, PresenceServiceClient.list_status_reasons, message);
            ctx.printer.answer(&answer, &[])
        }
    }
}

impl Set {
    fn message(&self) -> SetPresenceRequest {
        let state = match self.state {
            Choice::Auto => State::Unspecified,
            Choice::Online => State::Online,
            Choice::Away => State::Away,
            Choice::Busy => State::Busy,
            Choice::DoNotDisturb => State::DoNotDisturb,
            Choice::Invisible => State::Invisible,
        };
        let now_s = Clock::system().now().as_micros() / 1_000_000;
        let expire_time = self.for_minutes.map(|minutes| Timestamp {
            seconds: now_s + i64::from(minutes) * 60,
            nanos: 0,
        });
        SetPresenceRequest {
            state: state.into(),
            reason: text(self.reason.as_ref()),
            expire_time,
            last_seen_hidden: self.hide_last_seen,
        }
    }
}
