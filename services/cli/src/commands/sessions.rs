//! Sessions and devices.

use clap::Subcommand;
use im_proto::auth::{
    ApproveDeviceRequest, ListDevicesRequest, ListSessionsRequest, RemoveDeviceRequest,
    RevokeSessionRequest, session_service_client::SessionServiceClient,
};

use super::{Context, call};

/// What to do with sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Open sessions, newest first
    List {
        /// Of this person; `-` for everybody; oneself if absent
        user: Option<String>,
    },
    /// End a session
    Revoke {
        /// ses_…
        session_id: String,
    },
}

/// What to do with devices.
#[derive(Debug, Subcommand)]
pub(crate) enum DeviceCommand {
    /// Devices, newest first
    List {
        /// Of this person; `-` for everybody; oneself if absent
        user: Option<String>,
        /// Only those that wait for approval
        #[arg(long)]
        waiting: bool,
    },
    /// Let a waiting device in
    Approve {
        /// dev_…
        device_id: String,
    },
    /// Forget a device and end its sessions
    Remove {
        /// dev_…
        device_id: String,
    },
}

async fn whose(ctx: &Context, user: Option<&String>) -> anyhow::Result<String> {
    match user.map(String::as_str) {
        None => Ok(String::new()),
        Some("-") => Ok("-".to_owned()),
        Some(name) => ctx.user_id(name).await,
    }
}

pub(crate) async fn run(ctx: &Context, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List { user } => {
            let user_id = whose(ctx, user.as_ref()).await?;
            let message = ListSessionsRequest {
                user_id,
                page_size: 200,
                ..Default::default()
            };
            let answer = call!(ctx, SessionServiceClient.list_sessions, message);
            ctx.printer.answer(
                &answer,
                &[
                    "id",
                    "userId",
                    "siteId",
                    "deviceName",
                    "clientAddress",
                    "lastSeenTime",
                ],
            )
        }
        Command::Revoke { session_id } => {
            let message = RevokeSessionRequest {
                session_id: session_id.clone(),
            };
            let answer = call!(ctx, SessionServiceClient.revoke_session, message);
            ctx.printer.answer(&answer, &[])
        }
    }
}

pub(crate) async fn run_devices(ctx: &Context, command: &DeviceCommand) -> anyhow::Result<()> {
    match command {
        DeviceCommand::List { user, waiting } => {
            let user_id = whose(ctx, user.as_ref()).await?;
            let message = ListDevicesRequest {
                user_id,
                waiting_only: *waiting,
                page_size: 200,
                page_token: String::new(),
            };
            let answer = call!(ctx, SessionServiceClient.list_devices, message);
            ctx.printer
                .answer(&answer, &["id", "userId", "name", "state", "lastSeenTime"])
        }
        DeviceCommand::Approve { device_id } => {
            let message = ApproveDeviceRequest {
                device_id: device_id.clone(),
            };
            let answer = call!(ctx, SessionServiceClient.approve_device, message);
            ctx.printer.answer(&answer, &[])
        }
        DeviceCommand::Remove { device_id } => {
            let message = RemoveDeviceRequest {
                device_id: device_id.clone(),
            };
            let answer = call!(ctx, SessionServiceClient.remove_device, message);
            ctx.printer.answer(&answer, &[])
        }
    }
}
