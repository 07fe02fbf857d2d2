//! `IdentityStoreService`.

use std::collections::{BTreeMap, HashMap};

use im_proto::auth as proto;
use im_types::Secret;
use tonic::{Request, Response, Status, async_trait};

use super::{Grpc, answer, timestamp};
use crate::Error;
use crate::domain::identity_store::{
    AttributeMode, ConflictRule, GroupRule, OnMissing, StoreKind, StoreTerms,
};
use crate::ports::{CheckStep, PresetInfo, SchemeCount};
use crate::usecase::admin::{
    GroupRuleCommand, IdentityStoreCommand, ShownStore, StoreTest, StoreTestCommand,
};
use proto::identity_store as wire;

const DAY_S: u64 = 86_400;

fn kind_to_proto(kind: StoreKind) -> wire::Kind {
    match kind {
        StoreKind::Sql => wire::Kind::Sql,
        StoreKind::Ldap => wire::Kind::Ldap,
        StoreKind::Local => wire::Kind::Unspecified,
    }
}

fn mode_to_proto(mode: AttributeMode) -> wire::AttributeMode {
    match mode {
        AttributeMode::Ignore => wire::AttributeMode::Ignore,
        AttributeMode::Suggest => wire::AttributeMode::Suggest,
        AttributeMode::Force => wire::AttributeMode::Force,
        AttributeMode::Require => wire::AttributeMode::Require,
    }
}

fn mode_of(mode: wire::AttributeMode) -> AttributeMode {
    match mode {
        wire::AttributeMode::Ignore => AttributeMode::Ignore,
        wire::AttributeMode::Unspecified | wire::AttributeMode::Suggest => AttributeMode::Suggest,
        wire::AttributeMode::Force => AttributeMode::Force,
        wire::AttributeMode::Require => AttributeMode::Require,
    }
}

fn command(store: Option<proto::IdentityStore>) -> Result<IdentityStoreCommand, Error> {
    let store = store.ok_or_else(|| Error::invalid("store", "is missing"))?;
    let unknown = |field: &'static str| Error::invalid(field, "is unknown to this version");
    let mut attributes = BTreeMap::new();
    for (name, mode) in &store.attributes {
        let mode = wire::AttributeMode::try_from(*mode).map_err(|_| unknown("store.attributes"))?;
        attributes.insert(name.clone(), mode_of(mode));
    }
    let kind = wire::Kind::try_from(store.kind).map_err(|_| unknown("store.kind"))?;
    let on_missing =
        wire::OnMissing::try_from(store.on_missing).map_err(|_| unknown("store.on_missing"))?;
    let conflict = wire::Conflict::try_from(store.username_conflict)
        .map_err(|_| unknown("store.username_conflict"))?;
    let rule = |rule: wire::GroupRule| GroupRuleCommand {
        when_group: rule.when_group,
        give_role_id: rule.give_role_id,
        join_group_id: rule.join_group_id,
    };
    Ok(IdentityStoreCommand {
        id: store.id,
        kind: match kind {
            wire::Kind::Unspecified => None,
            wire::Kind::Sql => Some(StoreKind::Sql),
            wire::Kind::Ldap => Some(StoreKind::Ldap),
        },
        name: store.name,
        preset: store.preset,
        settings: store.settings.into_iter().collect(),
        is_enabled: store.enabled,
        on_missing: match on_missing {
            wire::OnMissing::Unspecified => None,
            wire::OnMissing::Leave => Some(OnMissing::Ignore),
            wire::OnMissing::Disable => Some(OnMissing::Disable),
        },
        conflict: match conflict {
            wire::Conflict::Unspecified => None,
            wire::Conflict::Refuse => Some(ConflictRule::Refuse),
            wire::Conflict::NameAtStore => Some(ConflictRule::NameAtStore),
        },
        attributes,
        new_accounts_wait: store.new_accounts_wait,
        group_rules: store.group_rules.into_iter().map(rule).collect(),
        shadow: store
            .shadow
            .filter(|shadow| shadow.enabled)
            .map(|shadow| (shadow.max_age_days, shadow.for_administrators)),
    })
}

fn secrets(given: HashMap<String, String>) -> BTreeMap<String, Secret<String>> {
    let given = given.into_iter();
    given
        .map(|(name, value)| (name, Secret::new(value)))
        .collect()
}

fn rule_to_proto(rule: &GroupRule) -> wire::GroupRule {
    wire::GroupRule {
        when_group: rule.when_group.clone(),
        give_role_id: super::text_of(rule.give_role),
        join_group_id: super::text_of(rule.join_group),
    }
}

fn shadow_to_proto(terms: &StoreTerms) -> wire::Shadow {
    terms
        .shadow
        .map_or_else(wire::Shadow::default, |shadow| wire::Shadow {
            enabled: true,
            max_age_days: i32::try_from(shadow.max_age.as_secs() / DAY_S).unwrap_or(i32::MAX),
            for_administrators: shadow.for_administrators,
        })
}

fn store_to_proto(shown: ShownStore) -> proto::IdentityStore {
    let ShownStore { store, problem } = shown;
    let terms = &store.terms;
    let attributes = terms.attributes.iter();
    proto::IdentityStore {
        kind: kind_to_proto(store.kind).into(),
        secret_names: store.secret_names,
        enabled: store.is_enabled,
        on_missing: match terms.on_missing {
            OnMissing::Ignore => wire::OnMissing::Leave,
            OnMissing::Disable => wire::OnMissing::Disable,
        }
        .into(),
        username_conflict: match terms.conflict {
            None => wire::Conflict::Unspecified,
            Some(ConflictRule::Refuse) => wire::Conflict::Refuse,
            Some(ConflictRule::NameAtStore) => wire::Conflict::NameAtStore,
        }
        .into(),
        attributes: attributes
            .map(|(name, mode)| (name.as_str().to_owned(), mode_to_proto(*mode).into()))
            .collect(),
        new_accounts_wait: terms.new_accounts_wait,
        group_rules: terms.group_rules.iter().map(rule_to_proto).collect(),
        shadow: Some(shadow_to_proto(terms)),
        problem,
        create_time: Some(timestamp(store.created_at)),
        update_time: Some(timestamp(store.updated_at)),
        id: store.id,
        name: store.name,
        preset: store.preset,
        settings: store.settings.into_iter().collect(),
    }
}

fn preset_to_proto(preset: PresetInfo) -> proto::Preset {
    proto::Preset {
        id: preset.id,
        application: preset.application,
        versions: preset.versions,
        kind: kind_to_proto(preset.kind).into(),
        prefix: preset.prefix,
        secret: preset.secret,
        unverified: preset.is_unverified,
        notes: preset.notes,
    }
}

fn test_to_proto(test: StoreTest) -> proto::TestIdentityStoreResponse {
    use proto::test_identity_store_response as wire;
    let step = |step: CheckStep| wire::Step {
        name: step.name.to_owned(),
        ok: step.is_ok,
        detail: step.detail,
        duration_ms: i32::try_from(step.time.as_millis()).unwrap_or(i32::MAX),
    };
    let count = |count: SchemeCount| wire::SchemeCount {
        scheme: count.scheme,
        strength: count.strength.to_owned(),
        count: i32::try_from(count.count).unwrap_or(i32::MAX),
    };
    proto::TestIdentityStoreResponse {
        steps: test.check.steps.into_iter().map(step).collect(),
        schemes: test.check.schemes.into_iter().map(count).collect(),
        person: test.person.into_iter().collect(),
        verdict: test.verdict.to_owned(),
        first_sign_in: test.first_sign_in,
    }
}

#[async_trait]
impl proto::identity_store_service_server::IdentityStoreService for Grpc {
    async fn list_identity_stores(
        &self,
        request: Request<proto::ListIdentityStoresRequest>,
    ) -> Result<Response<proto::ListIdentityStoresResponse>, Status> {
        let (actor, _) = self.open(request).await?;
        let list = async {
            let stores = self.app.list_identity_stores(&actor).await?;
            let stores = stores.into_iter().map(store_to_proto).collect();
            Ok(proto::ListIdentityStoresResponse { stores })
        };
        answer(list.await)
    }

    async fn get_identity_store(
        &self,
        request: Request<proto::GetIdentityStoreRequest>,
    ) -> Result<Response<proto::GetIdentityStoreResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let get = async {
            let shown = self
                .app
                .get_identity_store(&actor, &request.store_id)
                .await?;
            let store = Some(store_to_proto(shown));
            Ok(proto::GetIdentityStoreResponse { store })
        };
        answer(get.await)
    }

    async fn create_identity_store(
        &self,
        request: Request<proto::CreateIdentityStoreRequest>,
    ) -> Result<Response<proto::CreateIdentityStoreResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let create = async {
            let secrets = secrets(request.secrets);
            let command = command(request.store)?;
            let shown = self
                .app
                .create_identity_store(&actor, command, secrets)
                .await?;
            let store = Some(store_to_proto(shown));
            Ok(proto::CreateIdentityStoreResponse { store })
        };
        answer(create.await)
    }

    async fn update_identity_store(
        &self,
        request: Request<proto::UpdateIdentityStoreRequest>,
    ) -> Result<Response<proto::UpdateIdentityStoreResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let update = async {
            let secrets = secrets(request.secrets);
            let command = command(request.store)?;
            let shown = self
                .app
                .update_identity_store(&actor, command, secrets)
                .await?;
            let store = Some(store_to_proto(shown));
            Ok(proto::UpdateIdentityStoreResponse { store })
        };
        answer(update.await)
    }

    async fn delete_identity_store(
        &self,
        request: Request<proto::DeleteIdentityStoreRequest>,
    ) -> Result<Response<proto::DeleteIdentityStoreResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let deleted = self.app.delete_identity_store(&actor, &request.store_id);
        answer(
            deleted
                .await
                .map(|()| proto::DeleteIdentityStoreResponse {}),
        )
    }

    async fn list_presets(
        &self,
        request: Request<proto::ListPresetsRequest>,
    ) -> Result<Response<proto::ListPresetsResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let presets = self.app.list_presets(&actor, &request.query);
        answer(presets.map(|presets| proto::ListPresetsResponse {
            presets: presets.into_iter().map(preset_to_proto).collect(),
        }))
    }

    async fn test_identity_store(
        &self,
        request: Request<proto::TestIdentityStoreRequest>,
    ) -> Result<Response<proto::TestIdentityStoreResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let command = StoreTestCommand {
            store_id: request.store_id,
            login: request.login,
            password: Secret::new(request.password),
        };
        let test = self.app.test_identity_store(&actor, command).await;
        answer(test.map(test_to_proto))
    }
}
