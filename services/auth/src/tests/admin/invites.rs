//! `InviteService`.

use std::time::Duration;

use im_proto::auth as proto;

use super::super::harness::{Auth, PASSWORD, every_engine, from_here, reason, signed_in};
use super::invites;

async fn register(auth: &Auth, username: &str, token: &str) -> Result<(), tonic::Status> {
    let request = proto::RegisterRequest {
        username: username.to_owned(),
        password: PASSWORD.to_owned(),
        invite_token: token.to_owned(),
        ..Default::default()
    };
    auth.auth().register(from_here(request)).await.map(|_| ())
}

async fn listed(auth: &Auth, boss: &proto::LoginResponse) -> Vec<proto::Invite> {
    let request = signed_in(boss, proto::ListInvitesRequest::default());
    let answer = invites(auth).list_invites(request).await;
    answer.unwrap().into_inner().invites
}

#[tokio::test]
async fn an_invite_lets_in_as_many_as_it_says_and_no_longer() {
    for auth in every_engine().await {
        let (boss, anna) = (auth.administrator().await, auth.newcomer("anna").await);
        auth.set_policy("registration", "invite").await;
        let command = proto::CreateInviteRequest {
            uses: 2,
            validity_days: 1,
            note: "hall".to_owned(),
        };
        let refused = invites(&auth)
            .create_invite(signed_in(&anna, command.clone()))
            .await;
        assert_eq!(reason(refused), "PERMISSION_DENIED");
        let made = invites(&auth)
            .create_invite(signed_in(&boss, command.clone()))
            .await;
        let made = made.unwrap().into_inner();
        assert_eq!(
            reason(register(&auth, "bert", "invented").await),
            "INVITE_REQUIRED"
        );
        register(&auth, "bert", &made.token).await.unwrap();
        let open = listed(&auth, &boss).await;
        assert_eq!((open.len(), open[0].uses_left), (1, 1));
        register(&auth, "carl", &made.token).await.unwrap();
        assert_eq!(
            reason(register(&auth, "dora", &made.token).await),
            "INVITE_REQUIRED"
        );
        let open = listed(&auth, &boss).await;
        assert!(open.is_empty(), "a used-up invite is no invite");

        let again = invites(&auth)
            .create_invite(signed_in(&boss, command.clone()))
            .await;
        let again = again.unwrap().into_inner();
        let withdraw = proto::DeleteInviteRequest {
            invite_id: again.invite.unwrap().id,
        };
        invites(&auth)
            .delete_invite(signed_in(&boss, withdraw.clone()))
            .await
            .unwrap();
        assert_eq!(
            reason(register(&auth, "dora", &again.token).await),
            "INVITE_REQUIRED"
        );
        let twice = invites(&auth)
            .delete_invite(signed_in(&boss, withdraw))
            .await;
        assert_eq!(reason(twice), "INVITE_NOT_FOUND");

        let late = invites(&auth)
            .create_invite(signed_in(&boss, command))
            .await
            .unwrap();
        auth.clock.advance(Duration::from_hours(24));
        let token = late.into_inner().token;
        assert_eq!(
            reason(register(&auth, "dora", &token).await),
            "INVITE_REQUIRED"
        );
        auth.stop().await;
    }
}

#[tokio::test]
async fn uses_and_validity_are_bounded() {
    for auth in every_engine().await {
        let boss = auth.administrator().await;
        for (uses, validity_days) in [(1001, 0), (-1, 0), (0, 366), (0, -1)] {
            let command = proto::CreateInviteRequest {
                uses,
                validity_days,
                note: String::new(),
            };
            let refused = invites(&auth)
                .create_invite(signed_in(&boss, command))
                .await;
            assert_eq!(reason(refused), "INVALID_FIELD", "{uses} {validity_days}");
        }
        auth.stop().await;
    }
}
