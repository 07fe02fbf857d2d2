//! `PolicyService`.

use im_policy::{Kind, Origin, Scope, TextForm, registry};
use im_proto::auth as proto;
use im_proto::auth::policy_scope::Level;
use im_types::{RoleId, SiteId, UserId};
use tonic::{Request, Response, Status, async_trait};

use super::{Grpc, answer, parse_id, parse_optional_id, text_of, timestamp};
use crate::Error;
use crate::usecase::Actor;
use crate::usecase::admin::{ExplainedValue, ShownExplanation, ShownValue};

fn scope_to_proto(origin: &Origin) -> proto::PolicyScope {
    let (level, site_id, role_id) = match origin {
        Origin::Default => (Level::Default, String::new(), String::new()),
        Origin::Global => (Level::Global, String::new(), String::new()),
        Origin::Site(site) => (Level::Site, site.to_string(), String::new()),
        Origin::Role(role) => (Level::Role, String::new(), role.to_string()),
    };
    proto::PolicyScope {
        level: level.into(),
        site_id,
        role_id,
    }
}

fn scope_from_proto(scope: Option<proto::PolicyScope>) -> Result<Scope, Error> {
    let Some(scope) = scope else {
        return Ok(Scope::Global);
    };
    let level = Level::try_from(scope.level)
        .map_err(|_| Error::invalid("scope.level", "is not a level of this version"))?;
    let is_whole = match level {
        Level::Site => scope.role_id.is_empty(),
        Level::Role => scope.site_id.is_empty(),
        Level::Unspecified | Level::Global | Level::Default => {
            scope.site_id.is_empty() && scope.role_id.is_empty()
        }
    };
    if !is_whole {
        return Err(Error::invalid(
            "scope",
            "site_id belongs to level SITE, role_id to level ROLE",
        ));
    }
    match level {
        Level::Unspecified | Level::Global => Ok(Scope::Global),
        Level::Site => parse_id("scope.site_id", &scope.site_id, SiteId::parse).map(Scope::Site),
        Level::Role => parse_id("scope.role_id", &scope.role_id, RoleId::parse).map(Scope::Role),
        Level::Default => Err(Error::invalid("scope.level", "defaults cannot be changed")),
    }
}

fn shown_to_proto(shown: ShownValue) -> proto::PolicyValue {
    proto::PolicyValue {
        key: shown.key.name().to_owned(),
        scope: Some(scope_to_proto(&shown.origin)),
        value: shown.value,
        updated_by: String::new(),
        update_time: None,
    }
}

fn value_to_proto(value: ExplainedValue) -> proto::PolicyValue {
    let (updated_by, at) = value.updated.unzip();
    proto::PolicyValue {
        updated_by: text_of(updated_by.flatten()),
        update_time: at.map(timestamp),
        ..shown_to_proto(value.shown)
    }
}

fn explanation_to_proto(
    explanation: ShownExplanation,
) -> proto::explain_policy_response::Explanation {
    proto::explain_policy_response::Explanation {
        effective: Some(value_to_proto(explanation.effective)),
        levels: explanation.levels.into_iter().map(value_to_proto).collect(),
    }
}

fn key_to_proto(definition: &im_policy::Definition) -> proto::PolicyKey {
    use proto::policy_key::Kind as ProtoKind;
    let length = |chars_max: usize| i64::try_from(chars_max).unwrap_or(i64::MAX);
    let (kind, min, max, choices): (_, _, _, &[&str]) = match definition.kind {
        Kind::Boolean => (ProtoKind::Boolean, 0, 0, &[]),
        Kind::Integer { min, max, .. } => (ProtoKind::Integer, min, max, &[]),
        Kind::Choice { names } => (ProtoKind::Choice, 0, 0, names),
        Kind::Text {
            chars_max,
            form: TextForm::Lines | TextForm::HttpUrl,
        } => (ProtoKind::Text, 0, length(chars_max), &[]),
        Kind::Secret { chars_max } => (ProtoKind::Secret, 0, length(chars_max), &[]),
    };
    proto::PolicyKey {
        key: definition.name.to_owned(),
        kind: kind.into(),
        unit: definition.unit.name().to_owned(),
        default_value: definition.default.to_shown(definition),
        min,
        max,
        choices: choices.iter().map(|&choice| choice.to_owned()).collect(),
        site_overridable: definition.overridable.by_site(),
        role_overridable: definition.overridable.by_role(),
        zero_is_unlimited: matches!(
            definition.kind,
            Kind::Integer {
                zero_is_unlimited: true,
                ..
            }
        ),
        description: definition.description.to_owned(),
        category: definition.category.title().to_owned(),
    }
}

impl Grpc {
    async fn policy_values(
        &self,
        actor: &Actor,
        request: &proto::ListPolicyValuesRequest,
    ) -> Result<proto::ListPolicyValuesResponse, Error> {
        let site = parse_optional_id("site_id", &request.site_id, SiteId::parse)?;
        let role = parse_optional_id("role_id", &request.role_id, RoleId::parse)?;
        let scope = match (site, role) {
            (Some(_), Some(_)) => {
                return Err(Error::invalid(
                    "role_id",
                    "filter by site or by role, not by both",
                ));
            }
            (Some(site), None) => Some(Scope::Site(site)),
            (None, Some(role)) => Some(Scope::Role(role)),
            (None, None) => None,
        };
        let values = self.app.list_policy_values(actor, scope.as_ref()).await?;
        let values = values.into_iter().map(value_to_proto).collect();
        Ok(proto::ListPolicyValuesResponse { values })
    }

    async fn policy_explanations(
        &self,
        actor: &Actor,
        request: &proto::ExplainPolicyRequest,
    ) -> Result<proto::ExplainPolicyResponse, Error> {
        let user = parse_optional_id("user_id", &request.user_id, UserId::parse)?;
        let site = parse_optional_id("site_id", &request.site_id, SiteId::parse)?;
        let key = Some(request.key.as_str()).filter(|key| !key.is_empty());
        let found = self
            .app
            .explain_policy(actor, user, site.as_ref(), key)
            .await?;
        let explanations = found.into_iter().map(explanation_to_proto).collect();
        Ok(proto::ExplainPolicyResponse { explanations })
    }
}

#[async_trait]
impl proto::policy_service_server::PolicyService for Grpc {
    async fn get_policy(
        &self,
        request: Request<proto::GetPolicyRequest>,
    ) -> Result<Response<proto::GetPolicyResponse>, Status> {
        let (actor, _) = self.open(request).await?;
        let values = self
            .app
            .my_policy(&actor)
            .into_iter()
            .map(shown_to_proto)
            .collect();
        Ok(Response::new(proto::GetPolicyResponse { values }))
    }

    async fn list_policy_keys(
        &self,
        request: Request<proto::ListPolicyKeysRequest>,
    ) -> Result<Response<proto::ListPolicyKeysResponse>, Status> {
        let _signed_in = self.open(request).await?;
        let keys = registry().iter().map(key_to_proto).collect();
        Ok(Response::new(proto::ListPolicyKeysResponse { keys }))
    }

    async fn list_policy_values(
        &self,
        request: Request<proto::ListPolicyValuesRequest>,
    ) -> Result<Response<proto::ListPolicyValuesResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        answer(self.policy_values(&actor, &request).await)
    }

    async fn set_policy_value(
        &self,
        request: Request<proto::SetPolicyValueRequest>,
    ) -> Result<Response<proto::SetPolicyValueResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let set = async {
            let scope = scope_from_proto(request.scope)?;
            let set = self
                .app
                .set_policy_value(&actor, &scope, &request.key, &request.value);
            Ok(proto::SetPolicyValueResponse {
                value: Some(value_to_proto(set.await?)),
            })
        };
        answer(set.await)
    }

    async fn clear_policy_value(
        &self,
        request: Request<proto::ClearPolicyValueRequest>,
    ) -> Result<Response<proto::ClearPolicyValueResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let clear = async {
            let scope = scope_from_proto(request.scope)?;
            self.app
                .clear_policy_value(&actor, &scope, &request.key)
                .await?;
            Ok(proto::ClearPolicyValueResponse {})
        };
        answer(clear.await)
    }

    async fn explain_policy(
        &self,
        request: Request<proto::ExplainPolicyRequest>,
    ) -> Result<Response<proto::ExplainPolicyResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        answer(self.policy_explanations(&actor, &request).await)
    }
}
