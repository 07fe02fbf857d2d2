//! Conversations and their members.

use clap::Subcommand;
use im_proto::messaging::{
    AddMembersRequest, CreateConversationRequest, ListConversationsRequest, ListMembersRequest,
    RemoveMemberRequest, UpdateConversationRequest, conversation::Kind,
    conversation_service_client::ConversationServiceClient,
};

use super::{Context, call};

/// What to do with conversations.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// One's own, newest activity first
    List,
    /// Make one between several people
    Create {
        /// Its title
        title: String,
        /// Usernames or ids
        users: Vec<String>,
    },
    /// Give it another title
    Rename {
        /// cnv_…
        conversation_id: String,
        /// The title to come
        title: String,
    },
    /// Members with their pointers
    Members {
        /// cnv_…
        conversation_id: String,
    },
    /// Add people
    Add {
        /// cnv_…
        conversation_id: String,
        /// Usernames or ids
        #[arg(required = true)]
        users: Vec<String>,
    },
    /// Take a person out
    Remove {
        /// cnv_…
        conversation_id: String,
        /// Username or id
        user: String,
    },
    /// Leave it
    Leave {
        /// cnv_…
        conversation_id: String,
    },
}

pub(crate) async fn run(ctx: &Context, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List => {
            let message = ListConversationsRequest {
                page_size: 200,
                page_token: String::new(),
            };
            let answer = call!(ctx, ConversationServiceClient.list_conversations, message);
            ctx.printer.answer(
                &answer,
                &[
                    "id",
                    "kind",
                    "title",
                    "memberIds",
                    "lastSeq",
                    "readSeq",
                    "unreadCount",
                ],
            )
        }
        Command::Create { title, users } => create(ctx, title, users).await,
        Command::Rename {
            conversation_id,
            title,
        } => {
            let message = UpdateConversationRequest {
                conversation_id: conversation_id.clone(),
                title: title.clone(),
            };
            let answer = call!(ctx, ConversationServiceClient.update_conversation, message);
            ctx.printer.answer(&answer, &[])
        }
        Command::Members { conversation_id } => {
            let message = ListMembersRequest {
                conversation_id: conversation_id.clone(),
                page_size: 1000,
                page_token: String::new(),
            };
            let answer = call!(ctx, ConversationServiceClient.list_members, message);
            ctx.printer
                .answer(&answer, &["userId", "isOwner", "readSeq", "deliveredSeq"])
        }
        Command::Add {
            conversation_id,
            users,
        } => {
            let message = AddMembersRequest {
                conversation_id: conversation_id.clone(),
                user_ids: ctx.user_ids(users).await?,
            };
            let answer = call!(ctx, ConversationServiceClient.add_members, message);
            ctx.printer.answer(&answer, &[])
        }
        Command::Remove {
            conversation_id,
            user,
        } => {
            let user_id = ctx.user_id(user).await?;
            remove(ctx, conversation_id, user_id).await
        }
        Command::Leave { conversation_id } => remove(ctx, conversation_id, "me".to_owned()).await,
    }
}

async fn create(ctx: &Context, title: &str, users: &[String]) -> anyhow::Result<()> {
    let message = CreateConversationRequest {
        kind: Kind::Group.into(),
        member_ids: ctx.user_ids(users).await?,
        title: title.to_owned(),
        client_key: String::new(),
    };
    let answer = call!(ctx, ConversationServiceClient.create_conversation, message);
    ctx.printer.answer(&answer, &[])
}

async fn remove(ctx: &Context, conversation_id: &str, user_id: String) -> anyhow::Result<()> {
    let message = RemoveMemberRequest {
        conversation_id: conversation_id.to_owned(),
        user_id,
    };
    let answer = call!(ctx, ConversationServiceClient.remove_member, message);
    ctx.printer.answer(&answer, &[])
}
