//! `ConversationService`.

use im_proto::messaging as proto;
use im_proto::messaging::conversation::Kind;
use im_proto::messaging::conversation_service_server::ConversationService;
use im_types::{ConversationId, PageSize, PageToken, Timestamp, UserId};
use tonic::{Request, Response, Status, async_trait};

use super::caller::{Callers, refuse};
use super::convert::{self, conversation_id, parse_id, user_ids};
use crate::domain::{ClientKey, Title};
use crate::error::Error;
use crate::ports::{ConversationView, ListPosition};
use crate::usecase::Person;

/// People added with one call.
const ADDED_MAX: usize = 500;
/// Names of the lists in page tokens.
const CONVERSATIONS: &str = "conversations";
const MEMBERS: &str = "members";

pub(super) struct Conversations(pub(super) Callers);

impl Conversations {
    async fn create(
        &self,
        person: &Person,
        request: proto::CreateConversationRequest,
    ) -> Result<ConversationView, Error> {
        let member_ids = user_ids("member_ids", &request.member_ids)?;
        match request.kind() {
            Kind::Direct => {
                let [other_id] = member_ids.as_slice() else {
                    return Err(Error::invalid(
                        "member_ids",
                        "must name exactly one other person",
                    ));
                };
                self.0.core().create_direct(person, *other_id).await
            }
            Kind::Group => {
                if member_ids.len() > ADDED_MAX {
                    return Err(Error::invalid("member_ids", "must have at most 500 people"));
                }
                let title = Title::parse(&request.title).map_err(Error::value("title"))?;
                let key = Some(request.client_key.as_str()).filter(|key| !key.is_empty());
                let key = key.map(ClientKey::parse).transpose();
                let key = key.map_err(Error::value("client_key"))?;
                self.0
                    .core()
                    .create_group(person, member_ids, title, key)
                    .await
            }
            Kind::Unspecified => Err(Error::invalid("kind", "must be DIRECT or GROUP")),
        }
    }

    async fn list(
        &self,
        person: &Person,
        request: proto::ListConversationsRequest,
    ) -> Result<proto::ListConversationsResponse, Error> {
        let size = page_size(request.page_size, 50, 200)?;
        let after: Option<(Timestamp, ConversationId)> =
            PageToken::decode(CONVERSATIONS, &request.page_token).map_err(bad_token)?;
        let after = after.map(|(listed_at, conversation_id)| ListPosition {
            listed_at,
            conversation_id,
        });
        let limit = size.as_usize();
        let mut views = self
            .0
            .core()
            .conversations(person.user_id, after, limit + 1)
            .await?;
        let has_more = views.len() > limit;
        views.truncate(limit);
        let next_page_token = match views.last().filter(|_| has_more) {
            Some(last) => next_token(CONVERSATIONS, &(last.listed_at, last.conversation.id))?,
            None => String::new(),
        };
        let conversations = views
            .into_iter()
            .map(|view| convert::conversation(view, person.user_id))
            .collect();
        Ok(proto::ListConversationsResponse {
            conversations,
            next_page_token,
        })
    }

    async fn list_members(
        &self,
        person: &Person,
        request: proto::ListMembersRequest,
    ) -> Result<proto::ListMembersResponse, Error> {
        let size = page_size(request.page_size, 200, 1_000)?;
        let id = conversation_id(&request.conversation_id)?;
        let after: Option<UserId> =
            PageToken::decode(MEMBERS, &request.page_token).map_err(bad_token)?;
        let limit = size.as_usize();
        let mut members = self.0.core().members(person, id, after, limit + 1).await?;
        let has_more = members.len() > limit;
        members.truncate(limit);
        let next_page_token = match members.last().filter(|_| has_more) {
            Some(last) => next_token(MEMBERS, &last.member.user_id)?,
            None => String::new(),
        };
        let members = members.iter().map(convert::member).collect();
        Ok(proto::ListMembersResponse {
            members,
            next_page_token,
        })
    }

    async fn add(
        &self,
        person: &Person,
        request: &proto::AddMembersRequest,
    ) -> Result<ConversationView, Error> {
        if !(1..=ADDED_MAX).contains(&request.user_ids.len()) {
            return Err(Error::invalid("user_ids", "must have 1 to 500 people"));
        }
        let id = conversation_id(&request.conversation_id)?;
        let added = user_ids("user_ids", &request.user_ids)?;
        self.0.core().add_members(person, id, added).await
    }

    async fn remove(
        &self,
        person: &Person,
        request: &proto::RemoveMemberRequest,
    ) -> Result<(), Error> {
        let id = conversation_id(&request.conversation_id)?;
        let user_id = match request.user_id.as_str() {
            "me" => person.user_id,
            text => parse_id("user_id", text, UserId::parse)?,
        };
        self.0.core().remove_member(person, id, user_id).await
    }
}

fn page_size(asked: i32, default: u32, max: u32) -> Result<PageSize, Error> {
    PageSize::parse(asked, default, max).map_err(|error| Error::invalid("page_size", error))
}

fn bad_token(error: im_types::ParsePageTokenError) -> Error {
    Error::invalid("page_token", error)
}

fn next_token(list: &str, position: &impl serde::Serialize) -> Result<String, Error> {
    Ok(PageToken::encode(list, position)
        .map_err(bad_token)?
        .into_string())
}

fn told(view: ConversationView, person: &Person) -> proto::Conversation {
    convert::conversation(view, person.user_id)
}

#[async_trait]
impl ConversationService for Conversations {
    async fn create_conversation(
        &self,
        request: Request<proto::CreateConversationRequest>,
    ) -> Result<Response<proto::CreateConversationResponse>, Status> {
        let (person, request) = self.0.admit(request).await?;
        let view = self.create(&person, request).await.map_err(refuse)?;
        let conversation = Some(told(view, &person));
        Ok(Response::new(proto::CreateConversationResponse {
            conversation,
        }))
    }

    async fn list_conversations(
        &self,
        request: Request<proto::ListConversationsRequest>,
    ) -> Result<Response<proto::ListConversationsResponse>, Status> {
        let (person, request) = self.0.admit(request).await?;
        self.list(&person, request)
            .await
            .map(Response::new)
            .map_err(refuse)
    }

    async fn get_conversation(
        &self,
        request: Request<proto::GetConversationRequest>,
    ) -> Result<Response<proto::GetConversationResponse>, Status> {
        let (person, request) = self.0.admit(request).await?;
        let id = conversation_id(&request.conversation_id).map_err(refuse)?;
        let view = self
            .0
            .core()
            .conversation(person.user_id, id)
            .await
            .map_err(refuse)?;
        let conversation = Some(told(view, &person));
        Ok(Response::new(proto::GetConversationResponse {
            conversation,
        }))
    }

    async fn update_conversation(
        &self,
        request: Request<proto::UpdateConversationRequest>,
    ) -> Result<Response<proto::UpdateConversationResponse>, Status> {
        let (person, request) = self.0.admit(request).await?;
        let id = conversation_id(&request.conversation_id).map_err(refuse)?;
        let title = Title::parse(&request.title)
            .map_err(Error::value("title"))
            .map_err(refuse)?;
        let view = self
            .0
            .core()
            .retitle(&person, id, title)
            .await
            .map_err(refuse)?;
        let conversation = Some(told(view, &person));
        Ok(Response::new(proto::UpdateConversationResponse {
            conversation,
        }))
    }

    async fn list_members(
        &self,
        request: Request<proto::ListMembersRequest>,
    ) -> Result<Response<proto::ListMembersResponse>, Status> {
        let (person, request) = self.0.admit(request).await?;
        self.list_members(&person, request)
            .await
            .map(Response::new)
            .map_err(refuse)
    }

    async fn add_members(
        &self,
        request: Request<proto::AddMembersRequest>,
    ) -> Result<Response<proto::AddMembersResponse>, Status> {
        let (person, request) = self.0.admit(request).await?;
        let view = self.add(&person, &request).await.map_err(refuse)?;
        let conversation = Some(told(view, &person));
        Ok(Response::new(proto::AddMembersResponse { conversation }))
    }

    async fn remove_member(
        &self,
        request: Request<proto::RemoveMemberRequest>,
    ) -> Result<Response<proto::RemoveMemberResponse>, Status> {
        let (person, request) = self.0.admit(request).await?;
        self.remove(&person, &request).await.map_err(refuse)?;
        Ok(Response::new(proto::RemoveMemberResponse {}))
    }

    async fn mark_read(
        &self,
        request: Request<proto::MarkReadRequest>,
    ) -> Result<Response<proto::MarkReadResponse>, Status> {
        let (person, request) = self.0.admit(request).await?;
        let id = conversation_id(&request.conversation_id).map_err(refuse)?;
        let view = self
            .0
            .core()
            .mark_read(&person, id, request.seq)
            .await
            .map_err(refuse)?;
        let conversation = Some(told(view, &person));
        Ok(Response::new(proto::MarkReadResponse { conversation }))
    }
}
