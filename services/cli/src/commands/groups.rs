//! Groups of people.

use clap::{Args, Subcommand, ValueEnum};
use im_proto::auth::{
    CreateGroupRequest, DeleteGroupRequest, JoinGroupRequest, LeaveGroupRequest,
    ListGroupMembersRequest, ListGroupsRequest, RemoveGroupMemberRequest, SetGroupMemberRequest,
    group::Kind as ProtoKind, group_member::Role, group_service_client::GroupServiceClient,
};

use super::{Context, call, text};

/// Who sees a group and who may join.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    /// Everybody sees it and may join
    Public,
    /// Everybody sees it; joining is asked for and granted
    Official,
    /// Only members see it
    Private,
}

/// What to do with groups.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Groups that one may see
    List {
        /// Only those one belongs to
        #[arg(long)]
        mine: bool,
    },
    /// Make a group
    Create(Create),
    /// Remove a group
    Delete {
        /// grp_…
        group_id: String,
    },
    /// Join, or ask to
    Join {
        /// grp_…
        group_id: String,
    },
    /// Leave
    Leave {
        /// grp_…
        group_id: String,
    },
    /// Members and requests to join
    Members {
        /// grp_…
        group_id: String,
    },
    /// Add a person, grant a request, or change a member's role
    Set {
        /// grp_…
        group_id: String,
        /// Username or id
        user: String,
        /// As one who adds and removes people as well
        #[arg(long)]
        manager: bool,
    },
    /// Remove a member or decline a request
    Remove {
        /// grp_…
        group_id: String,
        /// Username or id
        user: String,
    },
}

/// A new group.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Its name
    name: String,
    /// Who sees it and who may join
    #[arg(long, value_enum, default_value = "public")]
    kind: Kind,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
}

async fn create_group(ctx: &Context, create: &Create) -> anyhow::Result<()> {
    let kind = match create.kind {
        Kind::Public => ProtoKind::Public,
        Kind::Official => ProtoKind::Official,
        Kind::Private => ProtoKind::Private,
    };
    let message = CreateGroupRequest {
        name: create.name.clone(),
        kind: kind.into(),
        description: text(create.description.as_ref()),
    };
    let answer = call!(ctx, GroupServiceClient.create_group, message);
    ctx.printer.answer(&answer, &[])
}

async fn list_members(ctx: &Context, group_id: &str) -> anyhow::Result<()> {
    let message = ListGroupMembersRequest {
        group_id: group_id.to_owned(),
        page_size: 200,
        page_token: String::new(),
    };
    let answer = call!(ctx, GroupServiceClient.list_group_members, message);
    ctx.printer
        .answer(&answer, &["userId", "role", "createTime"])
}

pub(crate) async fn run(ctx: &Context, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List { mine } => {
            let message = ListGroupsRequest {
                mine: *mine,
                page_size: 200,
                ..Default::default()
            };
            let answer = call!(ctx, GroupServiceClient.list_groups, message);
            ctx.printer.answer(
                &answer,
                &["id", "name", "kind", "memberCount", "description"],
            )
        }
        Command::Create(create) => create_group(ctx, create).await,
        Command::Delete { group_id } => {
            let message = DeleteGroupRequest {
                group_id: group_id.clone(),
            };
            ctx.printer
                .answer(&call!(ctx, GroupServiceClient.delete_group, message), &[])
        }
        Command::Join { group_id } => {
            let message = JoinGroupRequest {
                group_id: group_id.clone(),
            };
            ctx.printer
                .answer(&call!(ctx, GroupServiceClient.join_group, message), &[])
        }
        Command::Leave { group_id } => {
            let message = LeaveGroupRequest {
                group_id: group_id.clone(),
            };
            ctx.printer
                .answer(&call!(ctx, GroupServiceClient.leave_group, message), &[])
        }
        Command::Members { group_id } => list_members(ctx, group_id).await,
        Command::Set {
            group_id,
            user,
            manager,
        } => {
            let role = if *manager {
                Role::Manager
            } else {
                Role::Member
            };
            let message = SetGroupMemberRequest {
                group_id: group_id.clone(),
                user_id: ctx.user_id(user).await?,
                role: role.into(),
            };
            ctx.printer.answer(
                &call!(ctx, GroupServiceClient.set_group_member, message),
                &[],
            )
        }
        Command::Remove { group_id, user } => {
            let message = RemoveGroupMemberRequest {
                group_id: group_id.clone(),
                user_id: ctx.user_id(user).await?,
            };
            ctx.printer.answer(
                &call!(ctx, GroupServiceClient.remove_group_member, message),
                &[],
            )
        }
    }
}
