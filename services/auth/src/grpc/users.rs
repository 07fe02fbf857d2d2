//! `im.auth.v1.UserService`.

use im_proto::auth as proto;
use im_proto::auth::user_service_server::UserService;
use tonic::{Request, Response, Status, async_trait};

use super::convert::{Told, user};
use super::{Grpc, refuse};
use crate::domain::people::Person;
use crate::usecase::{Actor, PageRequest, PeoplePage, ProfilePatch, parse_user_id};

impl Grpc {
    /// A person as the actor may know them; permissions only about oneself.
    pub(super) fn told(&self, actor: &Actor, person: Person) -> proto::User {
        let told = Told::to(actor, &person);
        let is_own = person.user.id == actor.user_id;
        let mut message = user(person, told, self.app.clock.now());
        if is_own {
            message.permissions = actor.permissions.names();
        }
        message
    }

    pub(super) fn told_page(&self, actor: &Actor, page: PeoplePage) -> (Vec<proto::User>, String) {
        let users = page
            .people
            .into_iter()
            .map(|person| self.told(actor, person));
        (users.collect(), page.next_page_token)
    }
}

#[async_trait]
impl UserService for Grpc {
    async fn get_user(
        &self,
        request: Request<proto::GetUserRequest>,
    ) -> Result<Response<proto::GetUserResponse>, Status> {
        let actor = self.actor(&request).await?;
        let wanted = match request.get_ref().user_id.as_str() {
            "me" => actor.user_id,
            text => parse_user_id(text).map_err(refuse)?,
        };
        let person = self.app.get_user(&actor, wanted).await.map_err(refuse)?;
        Ok(Response::new(proto::GetUserResponse {
            user: Some(self.told(&actor, person)),
        }))
    }

    async fn list_users(
        &self,
        request: Request<proto::ListUsersRequest>,
    ) -> Result<Response<proto::ListUsersResponse>, Status> {
        let actor = self.actor(&request).await?;
        let proto::ListUsersRequest {
            query,
            page_size,
            page_token,
        } = request.into_inner();
        let wanted = PageRequest {
            size: page_size,
            token: &page_token,
        };
        let page = self.app.list_users(&actor, &query, wanted).await;
        let (users, next_page_token) = self.told_page(&actor, page.map_err(refuse)?);
        Ok(Response::new(proto::ListUsersResponse {
            users,
            next_page_token,
        }))
    }

    async fn update_profile(
        &self,
        request: Request<proto::UpdateProfileRequest>,
    ) -> Result<Response<proto::UpdateProfileResponse>, Status> {
        let actor = self.actor(&request).await?;
        let message = request.into_inner();
        let patch = ProfilePatch {
            display_name: message.display_name,
            about: message.about,
            locale: message.locale,
            time_zone: message.time_zone,
            email: message.email,
            hierarchy_level: None,
        };
        let person = self
            .app
            .update_profile(&actor, &patch)
            .await
            .map_err(refuse)?;
        Ok(Response::new(proto::UpdateProfileResponse {
            user: Some(self.told(&actor, person)),
        }))
    }
}
