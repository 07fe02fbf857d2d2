//! `AuditService`.

use im_proto::auth as proto;
use im_store::query;

use super::super::harness::{Auth, every_engine, reason, signed_in};
use super::{Login, audit, id_of, policies, set};

async fn verify(auth: &Auth, boss: &Login) -> proto::VerifyAuditLogResponse {
    let request = signed_in(boss, proto::VerifyAuditLogRequest {});
    audit(auth)
        .verify_audit_log(request)
        .await
        .unwrap()
        .into_inner()
}

#[tokio::test]
async fn acts_are_found_by_who_what_and_whom() {
    for auth in every_engine().await {
        let (boss, anna) = (auth.administrator().await, auth.newcomer("anna").await);
        for value in ["3", "4", "5"] {
            let request = signed_in(&boss, set("contacts_max", value, None));
            policies(&auth).set_policy_value(request).await.unwrap();
        }
        let filter = proto::ListAuditEntriesRequest {
            actor_id: id_of(&boss),
            action_prefix: "policy.".to_owned(),
            target: "contacts_max".to_owned(),
            page_size: 2,
            ..Default::default()
        };
        let first = audit(&auth)
            .list_audit_entries(signed_in(&boss, filter.clone()))
            .await;
        let first = first.unwrap().into_inner();
        let after = |entry: &proto::AuditEntry| entry.detail["after"].clone();
        assert_eq!(
            first.entries.iter().map(after).collect::<Vec<_>>(),
            ["5", "4"]
        );
        assert_eq!(first.entries[0].detail["before"], "4");
        assert_eq!(first.entries[0].client_address, "192.0.2.7");
        let rest = proto::ListAuditEntriesRequest {
            page_token: first.next_page_token,
            ..filter
        };
        let rest = audit(&auth)
            .list_audit_entries(signed_in(&boss, rest))
            .await
            .unwrap();
        let rest = rest.into_inner();
        assert_eq!((rest.entries.len(), rest.next_page_token.as_str()), (1, ""));
        let refused = audit(&auth)
            .list_audit_entries(signed_in(&anna, proto::ListAuditEntriesRequest::default()))
            .await;
        assert_eq!(reason(refused), "PERMISSION_DENIED");
        auth.stop().await;
    }
}

#[tokio::test]
async fn tampering_with_the_log_shows() {
    for auth in every_engine().await {
        let (boss, _) = (auth.administrator().await, auth.newcomer("anna").await);
        let good = verify(&auth, &boss).await;
        assert!(
            good.valid && good.first_bad_seq == 0 && good.entry_count > 3,
            "{good:?}"
        );
        assert_eq!(good.head_hash.len(), 64);
        let tamper = query("UPDATE audit_entries SET target = 'nobody' WHERE seq = 2");
        tamper.execute(auth.database()).await.unwrap();
        let bad = verify(&auth, &boss).await;
        assert_eq!((bad.valid, bad.first_bad_seq), (false, 2));
        auth.stop().await;
    }
}

#[tokio::test]
async fn a_log_that_was_cut_off_shows() {
    for auth in every_engine().await {
        let (boss, _) = (auth.administrator().await, auth.newcomer("anna").await);
        let count = verify(&auth, &boss).await.entry_count;
        let cut = query("DELETE FROM audit_entries WHERE seq = $1").bind(count);
        cut.execute(auth.database()).await.unwrap();
        let bad = verify(&auth, &boss).await;
        assert_eq!(
            (bad.valid, bad.first_bad_seq, bad.entry_count),
            (false, count, count)
        );
        auth.stop().await;
    }
}
