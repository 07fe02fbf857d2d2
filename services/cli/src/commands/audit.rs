//! What was done, by whom.

use clap::Subcommand;
use im_proto::auth::{
    ListAuditEntriesRequest, VerifyAuditLogRequest, audit_service_client::AuditServiceClient,
};

use super::{Context, call, text};

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Entries, newest first
    List {
        /// Only what this person did
        #[arg(long)]
        actor: Option<String>,
        /// Only actions that begin so: login., policy.set
        #[arg(long)]
        action: Option<String>,
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: i32,
    },
    /// Recompute the chain of hashes
    Verify,
}

pub(crate) async fn run(ctx: &Context, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List {
            actor,
            action,
            limit,
        } => {
            let actor_id = match actor {
                Some(actor) => ctx.user_id(actor).await?,
                None => String::new(),
            };
            let message = ListAuditEntriesRequest {
                actor_id,
                action_prefix: text(action.as_ref()),
                page_size: *limit,
                ..ListAuditEntriesRequest::default()
            };
            let answer = call!(ctx, AuditServiceClient.list_audit_entries, message);
            ctx.printer.answer(
                &answer,
                &[
                    "seq",
                    "createTime",
                    "action",
                    "actorId",
                    "target",
                    "clientAddress",
                    "detail",
                ],
            )
        }
        Command::Verify => {
            let answer = call!(
                ctx,
                AuditServiceClient.verify_audit_log,
                VerifyAuditLogRequest {}
            );
            ctx.printer.answer(&answer, &[])?;
            anyhow::ensure!(
                answer.valid,
                "the audit log was changed at entry {}",
                answer.first_bad_seq
            );
            Ok(())
        }
    }
}
