//! `ContactService`.

use im_proto::presence as proto;
use im_proto::presence::contact_service_server::ContactService;
use im_types::{PageSize, PageToken, UserId};
use tonic::{Request, Response, Status, async_trait};

use super::Shared;
use super::convert::{contact, id, line, refuse};
use crate::domain::contact::{ALIAS_CHARS_MAX, Marks, NOTE_CHARS_MAX, PERSONAL_GROUP_CHARS_MAX};
use crate::error::Error;

const PAGE_SIZE_DEFAULT: u32 = 200;
const PAGE_SIZE_MAX: u32 = 1_000;
/// What page tokens of this list are called.
const LIST: &str = "contacts";

/// See the proto.
pub(super) struct Contacts(pub(super) Shared);

#[async_trait]
impl ContactService for Contacts {
    async fn create_contact(
        &self,
        request: Request<proto::CreateContactRequest>,
    ) -> Result<Response<proto::CreateContactResponse>, Status> {
        let caller = self.0.caller(&request).await?;
        let request = request.into_inner();
        let user_id = id("user_id", &request.user_id)?;
        let note = line("note", &request.note, NOTE_CHARS_MAX)?;
        let view = self
            .0
            .presence
            .create_contact(&caller, user_id, note)
            .await
            .map_err(refuse)?;
        Ok(Response::new(proto::CreateContactResponse {
            contact: Some(contact(view)),
        }))
    }

    async fn list_contacts(
        &self,
        request: Request<proto::ListContactsRequest>,
    ) -> Result<Response<proto::ListContactsResponse>, Status> {
        let caller = self.0.caller(&request).await?;
        let request = request.into_inner();
        let size = PageSize::parse(request.page_size, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)
            .map_err(|error| refuse(Error::field("page_size", error.to_string())))?;
        let after: Option<UserId> = PageToken::decode(LIST, &request.page_token)
            .map_err(|error| refuse(Error::field("page_token", error.to_string())))?;
        let listed = self
            .0
            .presence
            .list_contacts(&caller, after, size.limit())
            .await;
        let mut views = listed.map_err(refuse)?;
        let mut next_page_token = String::new();
        if views.len() > size.as_usize() {
            views.truncate(size.as_usize());
            if let Some(last) = views.last() {
                let token = PageToken::encode(LIST, &last.entry.peer_id)
                    .map_err(|error| refuse(Error::field("page_token", error.to_string())))?;
                next_page_token = token.into_string();
            }
        }
        let contacts = views.into_iter().map(contact).collect();
        Ok(Response::new(proto::ListContactsResponse {
            contacts,
            next_page_token,
        }))
    }

    async fn accept_contact(
        &self,
        request: Request<proto::AcceptContactRequest>,
    ) -> Result<Response<proto::AcceptContactResponse>, Status> {
        let caller = self.0.caller(&request).await?;
        let user_id = id("user_id", &request.get_ref().user_id)?;
        let view = self
            .0
            .presence
            .accept_contact(&caller, user_id)
            .await
            .map_err(refuse)?;
        Ok(Response::new(proto::AcceptContactResponse {
            contact: Some(contact(view)),
        }))
    }

    async fn decline_contact(
        &self,
        request: Request<proto::DeclineContactRequest>,
    ) -> Result<Response<proto::DeclineContactResponse>, Status> {
        let caller = self.0.caller(&request).await?;
        let user_id = id("user_id", &request.get_ref().user_id)?;
        self.0
            .presence
            .decline_contact(&caller, user_id)
            .await
            .map_err(refuse)?;
        Ok(Response::new(proto::DeclineContactResponse {}))
    }

    async fn block_contact(
        &self,
        request: Request<proto::BlockContactRequest>,
    ) -> Result<Response<proto::BlockContactResponse>, Status> {
        let caller = self.0.caller(&request).await?;
        let user_id = id("user_id", &request.get_ref().user_id)?;
        let view = self
            .0
            .presence
            .block_contact(&caller, user_id)
            .await
            .map_err(refuse)?;
        Ok(Response::new(proto::BlockContactResponse {
            contact: Some(contact(view)),
        }))
    }

    async fn unblock_contact(
        &self,
        request: Request<proto::UnblockContactRequest>,
    ) -> Result<Response<proto::UnblockContactResponse>, Status> {
        let caller = self.0.caller(&request).await?;
        let user_id = id("user_id", &request.get_ref().user_id)?;
        self.0
            .presence
            .unblock_contact(&caller, user_id)
            .await
            .map_err(refuse)?;
        Ok(Response::new(proto::UnblockContactResponse {}))
    }

    async fn update_contact(
        &self,
        request: Request<proto::UpdateContactRequest>,
    ) -> Result<Response<proto::UpdateContactResponse>, Status> {
        let caller = self.0.caller(&request).await?;
        let request = request.into_inner();
        let user_id = id("user_id", &request.user_id)?;
        let text = |field, text: Option<String>, chars_max| {
            text.map(|text| line(field, &text, chars_max)).transpose()
        };
        let marks = Marks {
            alias: text("alias", request.alias, ALIAS_CHARS_MAX)?,
            personal_group: text(
                "personal_group",
                request.personal_group,
                PERSONAL_GROUP_CHARS_MAX,
            )?,
            is_vip: request.is_vip,
            is_hidden_from: request.is_hidden_from,
        };
        let view = self
            .0
            .presence
            .update_contact(&caller, user_id, marks)
            .await
            .map_err(refuse)?;
        Ok(Response::new(proto::UpdateContactResponse {
            contact: Some(contact(view)),
        }))
    }

    async fn delete_contact(
        &self,
        request: Request<proto::DeleteContactRequest>,
    ) -> Result<Response<proto::DeleteContactResponse>, Status> {
        let caller = self.0.caller(&request).await?;
        let user_id = id("user_id", &request.get_ref().user_id)?;
        self.0
            .presence
            .delete_contact(&caller, user_id)
            .await
            .map_err(refuse)?;
        Ok(Response::new(proto::DeleteContactResponse {}))
    }
}
