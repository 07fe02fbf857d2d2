//! What other services are told: tickets, the feed, people, keys.

use std::time::Duration;

use im_proto::auth as proto;
use im_proto::auth::auth_internal_service_client::AuthInternalServiceClient;
use im_proto::auth::change::Kind;
use im_proto::auth::user_service_client::UserServiceClient;

use super::harness::{Auth, every_engine, reason, signed_in};
use crate::domain::audit::{AuditEntry, AuditHash, FIRST_HASH};

async fn ticket(auth: &Auth, login: &proto::LoginResponse) -> String {
    let request = signed_in(login, proto::CreateTicketRequest {});
    auth.internal()
        .create_ticket(request)
        .await
        .unwrap()
        .into_inner()
        .ticket
}

fn redeem(ticket: &str) -> proto::RedeemTicketRequest {
    proto::RedeemTicketRequest {
        ticket: ticket.to_owned(),
    }
}

#[tokio::test]
async fn a_ticket_opens_one_stream_on_any_replica_within_thirty_seconds() {
    for auth in every_engine().await {
        let login = auth.newcomer("anna").await;
        let (_, channel) = auth.replica().await;
        let mut other = AuthInternalServiceClient::new(channel);
        let first = ticket(&auth, &login).await;
        let opened = other
            .redeem_ticket(redeem(&first))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            (opened.session_id.as_str(), opened.site_id.as_str()),
            (login.session_id.as_str(), "default")
        );
        assert_eq!(opened.device_id, login.device_id);
        let again = auth.internal().redeem_ticket(redeem(&first)).await;
        assert_eq!(reason(again), "TICKET_INVALID");
        let late = ticket(&auth, &login).await;
        auth.clock.advance(Duration::from_secs(30));
        assert_eq!(
            reason(auth.internal().redeem_ticket(redeem(&late)).await),
            "TICKET_INVALID"
        );
        assert_eq!(
            reason(auth.internal().redeem_ticket(redeem("made up")).await),
            "TICKET_INVALID"
        );
        let of_ended = ticket(&auth, &login).await;
        auth.auth()
            .logout(signed_in(&login, proto::LogoutRequest {}))
            .await
            .unwrap();
        assert_eq!(
            reason(other.redeem_ticket(redeem(&of_ended)).await),
            "TICKET_INVALID"
        );
        auth.stop().await;
    }
}

#[tokio::test]
async fn of_many_who_use_a_ticket_one_gets_in() {
    for auth in every_engine().await {
        let login = auth.newcomer("anna").await;
        let ticket = ticket(&auth, &login).await;
        let mut set = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (mut client, request) = (auth.internal(), redeem(&ticket));
            set.spawn(async move { client.redeem_ticket(request).await.is_ok() });
        }
        assert_eq!(
            set.join_all()
                .await
                .into_iter()
                .filter(|got_in| *got_in)
                .count(),
            1
        );
        auth.stop().await;
    }
}

#[tokio::test]
async fn changes_are_contiguous_and_a_lost_position_is_told() {
    for auth in every_engine().await {
        let changes = |after_revision: i64, limit: i32| {
            let mut client = auth.internal();
            async move {
                let request = proto::ListChangesRequest {
                    after_revision,
                    limit,
                };
                client.list_changes(request).await.unwrap().into_inner()
            }
        };
        let snapshot = proto::GetSnapshotRequest {};
        let start = auth
            .internal()
            .get_snapshot(snapshot)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(start.sites[0].id, "default");
        assert!(start.roles[0].is_builtin && start.roles[0].permissions.len() > 10);
        let anna = auth.newcomer("anna").await;
        auth.auth()
            .logout(signed_in(&anna, proto::LogoutRequest {}))
            .await
            .unwrap();
        auth.set_policy("contacts_max", "3").await;
        let all = changes(start.revision, 0).await;
        let kinds: Vec<_> = all.changes.iter().map(proto::Change::kind).collect();
        assert_eq!(kinds, [Kind::User, Kind::SessionRevoked, Kind::Snapshot]);
        assert_eq!(all.changes[1].r#ref, anna.session_id);
        assert_eq!(all.changes[1].user_id, anna.user.unwrap().id);
        let revisions: Vec<_> = all.changes.iter().map(|change| change.revision).collect();
        assert_eq!(
            revisions,
            (start.revision + 1..=all.revision).collect::<Vec<_>>()
        );
        assert!(!all.snapshot_needed);
        let part = changes(start.revision, 1).await;
        assert_eq!((part.changes.len(), part.revision), (1, all.revision));
        assert!(!changes(all.revision, 0).await.snapshot_needed);
        assert!(changes(all.revision + 1, 0).await.snapshot_needed);
        auth.clock.advance(Duration::from_hours(25));
        auth.app.clean_up().await.unwrap();
        assert!(changes(start.revision, 0).await.snapshot_needed);
        assert!(!changes(all.revision, 0).await.snapshot_needed);
        auth.stop().await;
    }
}

#[tokio::test]
async fn another_replica_knows_of_an_ended_session_and_a_new_policy() {
    for auth in every_engine().await {
        let login = auth.newcomer("anna").await;
        let (app, channel) = auth.replica().await;
        let me = || proto::GetUserRequest {
            user_id: "me".to_owned(),
        };
        let mut users = UserServiceClient::new(channel);
        users.get_user(signed_in(&login, me())).await.unwrap();
        auth.set_policy("registration", "closed").await;
        auth.auth()
            .logout(signed_in(&login, proto::LogoutRequest {}))
            .await
            .unwrap();
        let within = async {
            loop {
                let refused = users.get_user(signed_in(&login, me())).await;
                let policy = app.snapshot().policy(&im_types::SiteId::default(), &[]);
                if refused.is_err() && policy.registration() == im_policy::Registration::Closed {
                    return reason(refused);
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let told = tokio::time::timeout(Duration::from_secs(2), within).await;
        assert_eq!(told.unwrap(), "SESSION_REVOKED");
        auth.stop().await;
    }
}

#[tokio::test]
async fn facts_come_in_the_order_asked_and_sessions_are_checked() {
    for auth in every_engine().await {
        let (anna, bert) = (auth.newcomer("anna").await, auth.newcomer("bert").await);
        let id = |login: &proto::LoginResponse| login.user.clone().unwrap().id;
        let unknown = "usr_00000000000000000000000000".to_owned();
        let request = proto::BatchGetUsersRequest {
            user_ids: vec![id(&bert), unknown, id(&anna)],
        };
        let users = auth
            .internal()
            .batch_get_users(request)
            .await
            .unwrap()
            .into_inner()
            .users;
        let names: Vec<_> = users.iter().map(|user| user.username.as_str()).collect();
        assert_eq!(names, ["bert", "anna"]);
        assert!(users.iter().all(|user| user.is_active && user.exists));
        auth.auth()
            .logout(signed_in(&bert, proto::LogoutRequest {}))
            .await
            .unwrap();
        let request = proto::BatchCheckSessionsRequest {
            session_ids: vec![anna.session_id, bert.session_id.clone(), "ses_x".to_owned()],
        };
        let ended = auth
            .internal()
            .batch_check_sessions(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            ended.ended_session_ids,
            ["ses_x".to_owned(), bert.session_id]
        );
        auth.stop().await;
    }
}

#[tokio::test]
async fn keys_rotate_with_overlap_and_replicas_share_them() {
    for auth in every_engine().await {
        let keys = || async {
            let request = proto::ListSigningKeysRequest {};
            auth.internal()
                .list_signing_keys(request)
                .await
                .unwrap()
                .into_inner()
                .keys
        };
        let first = keys().await;
        assert_eq!(first.len(), 1);
        let (replica, _) = auth.replica().await;
        assert_eq!(replica.keys.public().len(), 1);
        let login = auth.newcomer("anna").await;
        auth.clock.advance(Duration::from_hours(29 * 24 + 12));
        let (one, other) = tokio::join!(auth.app.rotate_keys(), replica.rotate_keys());
        one.unwrap();
        other.unwrap();
        let second = keys().await;
        assert_eq!(second.len(), 2, "one new key, although two replicas looked");
        assert!(second.iter().any(|key| key.key_id == first[0].key_id));
        drop(login);
        auth.clock.advance(Duration::from_hours(40 * 24));
        auth.app.rotate_keys().await.unwrap();
        assert!(keys().await.iter().all(|key| key.key_id != first[0].key_id));
        auth.stop().await;
    }
}

#[tokio::test]
async fn the_audit_log_is_a_chain_without_gaps_under_concurrency() {
    struct Stored(AuditEntry, AuditHash);
    impl im_store::FromRow for Stored {
        fn from_row(row: &im_store::Row) -> Result<Self, im_store::StoreError> {
            let entry = AuditEntry {
                seq: row.get_i64("seq")?,
                created_at: row.get_timestamp("created_at_us")?,
                actor_id: row.get_opt_id("actor_id")?,
                action: row.get_text("action")?,
                target: row.get_text("target")?,
                site_id: row.get_text("site_id")?,
                client_address: row.get_text("client_address")?,
                detail: row.get_text("detail")?,
            };
            Ok(Self(entry, row.get_bytes("hash")?.try_into().unwrap()))
        }
    }
    for auth in every_engine().await {
        let mut set = tokio::task::JoinSet::new();
        for n in 0..16 {
            let app = std::sync::Arc::clone(&auth.app);
            set.spawn(async move {
                let mut unit = app.begin().await.unwrap();
                unit.audit(crate::domain::audit::NewAuditEntry::new("test.one").with("n", n));
                unit.audit(crate::domain::audit::NewAuditEntry::new("test.two"));
                app.commit(unit).await.unwrap();
            });
        }
        set.join_all().await;
        let entries: Vec<Stored> = im_store::query("SELECT * FROM audit_entries ORDER BY seq")
            .fetch_all(auth.database())
            .await
            .unwrap();
        assert!(entries.len() >= 32);
        let mut before = FIRST_HASH;
        for (Stored(entry, hash), seq) in entries.iter().zip(1..) {
            assert_eq!(entry.seq, seq);
            assert_eq!(entry.hash(&before), *hash);
            before = *hash;
        }
        auth.stop().await;
    }
}
