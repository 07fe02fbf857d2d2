//! `GroupService`.

use im_proto::auth as proto;
use im_proto::auth::group::Kind;
use im_proto::auth::group_member::Role;
use im_types::{GroupId, UserId};
use tonic::{Request, Response, Status, async_trait};

use super::{Grpc, answer, count, parse_id, timestamp};
use crate::Error;
use crate::domain::group::{Group, GroupKind, Member, MemberRole};
use crate::usecase::admin::{GroupCommand, GroupPatch, GroupSearch};

fn group_to_proto(group: Group) -> proto::Group {
    let kind = match group.kind {
        GroupKind::Public => Kind::Public,
        GroupKind::Official => Kind::Official,
        GroupKind::Private => Kind::Private,
    };
    proto::Group {
        id: group.id.to_string(),
        name: group.name.as_str().to_owned(),
        kind: kind.into(),
        description: group.description,
        member_count: count(group.member_count),
        create_time: Some(timestamp(group.created_at)),
    }
}

fn member_to_proto(member: &Member) -> proto::GroupMember {
    let role = match member.role {
        MemberRole::Member => Role::Member,
        MemberRole::Manager => Role::Manager,
        MemberRole::Requested => Role::Requested,
    };
    proto::GroupMember {
        user_id: member.user_id.to_string(),
        role: role.into(),
        create_time: Some(timestamp(member.created_at)),
    }
}

fn kind_from_proto(kind: i32) -> Result<GroupKind, Error> {
    match Kind::try_from(kind) {
        Ok(Kind::Public) => Ok(GroupKind::Public),
        Ok(Kind::Official) => Ok(GroupKind::Official),
        Ok(Kind::Private) => Ok(GroupKind::Private),
        Ok(Kind::Unspecified) | Err(_) => Err(Error::invalid(
            "kind",
            "must be PUBLIC, OFFICIAL or PRIVATE",
        )),
    }
}

fn role_from_proto(role: i32) -> Result<MemberRole, Error> {
    match Role::try_from(role) {
        Ok(Role::Unspecified | Role::Member) => Ok(MemberRole::Member),
        Ok(Role::Manager) => Ok(MemberRole::Manager),
        Ok(Role::Requested) | Err(_) => Err(Error::invalid("role", "must be MEMBER or MANAGER")),
    }
}

fn group_id(text: &str) -> Result<GroupId, Error> {
    parse_id("group_id", text, GroupId::parse)
}

fn user_id(text: &str) -> Result<UserId, Error> {
    parse_id("user_id", text, UserId::parse)
}

#[async_trait]
impl proto::group_service_server::GroupService for Grpc {
    async fn create_group(
        &self,
        request: Request<proto::CreateGroupRequest>,
    ) -> Result<Response<proto::CreateGroupResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let create = async {
            let command = GroupCommand {
                kind: kind_from_proto(request.kind)?,
                name: request.name,
                description: request.description,
            };
            let group = self.app.create_group(&actor, &command).await?;
            Ok(proto::CreateGroupResponse {
                group: Some(group_to_proto(group)),
            })
        };
        answer(create.await)
    }

    async fn get_group(
        &self,
        request: Request<proto::GetGroupRequest>,
    ) -> Result<Response<proto::GetGroupResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let get = async {
            let (group, _) = self
                .app
                .get_group(&actor, group_id(&request.group_id)?)
                .await?;
            Ok(proto::GetGroupResponse {
                group: Some(group_to_proto(group)),
            })
        };
        answer(get.await)
    }

    async fn list_groups(
        &self,
        request: Request<proto::ListGroupsRequest>,
    ) -> Result<Response<proto::ListGroupsResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let list = async {
            let search = GroupSearch {
                query: request.query,
                is_own_only: request.mine,
                page_size: request.page_size,
                page_token: request.page_token,
            };
            let page = self.app.list_groups(&actor, &search).await?;
            let groups = page.groups.into_iter().map(group_to_proto).collect();
            Ok(proto::ListGroupsResponse {
                groups,
                next_page_token: page.next_page_token,
            })
        };
        answer(list.await)
    }

    async fn update_group(
        &self,
        request: Request<proto::UpdateGroupRequest>,
    ) -> Result<Response<proto::UpdateGroupResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let update = async {
            let patch = GroupPatch {
                kind: request.kind.map(kind_from_proto).transpose()?,
                name: request.name,
                description: request.description,
            };
            let update = self
                .app
                .update_group(&actor, group_id(&request.group_id)?, &patch);
            Ok(proto::UpdateGroupResponse {
                group: Some(group_to_proto(update.await?)),
            })
        };
        answer(update.await)
    }

    async fn delete_group(
        &self,
        request: Request<proto::DeleteGroupRequest>,
    ) -> Result<Response<proto::DeleteGroupResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let delete = async {
            self.app
                .delete_group(&actor, group_id(&request.group_id)?)
                .await?;
            Ok(proto::DeleteGroupResponse {})
        };
        answer(delete.await)
    }

    async fn join_group(
        &self,
        request: Request<proto::JoinGroupRequest>,
    ) -> Result<Response<proto::JoinGroupResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let join = async {
            let member = self
                .app
                .join_group(&actor, group_id(&request.group_id)?)
                .await?;
            Ok(proto::JoinGroupResponse {
                member: Some(member_to_proto(&member)),
            })
        };
        answer(join.await)
    }

    async fn leave_group(
        &self,
        request: Request<proto::LeaveGroupRequest>,
    ) -> Result<Response<proto::LeaveGroupResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let leave = async {
            self.app
                .leave_group(&actor, group_id(&request.group_id)?)
                .await?;
            Ok(proto::LeaveGroupResponse {})
        };
        answer(leave.await)
    }

    async fn list_group_members(
        &self,
        request: Request<proto::ListGroupMembersRequest>,
    ) -> Result<Response<proto::ListGroupMembersResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let list = async {
            let group = group_id(&request.group_id)?;
            let (size, token) = (request.page_size, request.page_token);
            let page = self
                .app
                .list_group_members(&actor, group, size, &token)
                .await?;
            let members = page.members.iter().map(member_to_proto).collect();
            Ok(proto::ListGroupMembersResponse {
                members,
                next_page_token: page.next_page_token,
            })
        };
        answer(list.await)
    }

    async fn set_group_member(
        &self,
        request: Request<proto::SetGroupMemberRequest>,
    ) -> Result<Response<proto::SetGroupMemberResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let set = async {
            let (group, user) = (group_id(&request.group_id)?, user_id(&request.user_id)?);
            let role = role_from_proto(request.role)?;
            let member = self.app.set_group_member(&actor, group, user, role).await?;
            Ok(proto::SetGroupMemberResponse {
                member: Some(member_to_proto(&member)),
            })
        };
        answer(set.await)
    }

    async fn remove_group_member(
        &self,
        request: Request<proto::RemoveGroupMemberRequest>,
    ) -> Result<Response<proto::RemoveGroupMemberResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let remove = async {
            let (group, user) = (group_id(&request.group_id)?, user_id(&request.user_id)?);
            self.app.remove_group_member(&actor, group, user).await?;
            Ok(proto::RemoveGroupMemberResponse {})
        };
        answer(remove.await)
    }
}
