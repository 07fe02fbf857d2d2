//! Access tokens.

use im_policy::Permission;
use im_runtime::error::ServiceError as _;
use im_runtime::rpc::RequestContext;
use im_types::{RoleId, Secret, SiteId};

use super::{SECOND, auth, session, site, user, uuid_of};
use crate::testing::FixedAuth;
use crate::token::{Audience, SigningKey};
use crate::{Actor, AllowedAudience, AuthnError, TokenVerifier};

async fn reason(verifier: &TokenVerifier, context: &RequestContext) -> &'static str {
    verifier
        .authenticate(context, AllowedAudience::Api)
        .await
        .map_or_else(|e| e.reason(), |_| "OK")
}

fn with_token(auth: &FixedAuth, change: impl FnOnce(&mut crate::token::Claims)) -> RequestContext {
    let mut claims = auth.claims(user(1), session(1), &SiteId::default());
    change(&mut claims);
    RequestContext {
        site: Some("default".to_owned()),
        bearer: Some(auth.issue(&claims)),
        ..Default::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_good_token_names_the_person_and_what_they_may() {
    let auth = auth();
    let role = RoleId::from_uuid(uuid_of(3));
    auth.add_role(role, &[Permission::AuditView]);
    auth.add_user(user(1), "ada");
    auth.grant_role(user(1), role);
    let verifier = auth.verifier().await;
    let context = auth.context(user(1), session(1), &SiteId::default());
    let actor: Actor = verifier
        .authenticate(&context, AllowedAudience::Api)
        .await
        .unwrap();
    assert_eq!((actor.user_id, actor.session_id), (user(1), session(1)));
    assert_eq!(actor.facts.username, "ada");
    actor.require(Permission::AuditView).unwrap();
    let refusal = actor.require(Permission::UsersManage).unwrap_err();
    assert_eq!(refusal.reason(), "PERMISSION_DENIED");
    let calls = auth.calls();
    verifier
        .authenticate(&context, AllowedAudience::Api)
        .await
        .unwrap();
    assert_eq!(auth.calls(), calls, "a known token asks nobody");
}

#[tokio::test(start_paused = true)]
async fn each_fault_of_a_token_has_its_reason() {
    let auth = auth();
    auth.add_user(user(1), "ada");
    auth.add_site(&site("b"));
    let verifier = auth.verifier().await;
    let good = with_token(&auth, |_| ());
    assert_eq!(reason(&verifier, &good).await, "OK");

    let nothing = RequestContext {
        bearer: None,
        ..good.clone()
    };
    assert_eq!(reason(&verifier, &nothing).await, "TOKEN_MISSING");
    for site in [Some("b".to_owned()), None, Some("?".to_owned())] {
        let elsewhere = RequestContext {
            site,
            ..good.clone()
        };
        assert_eq!(reason(&verifier, &elsewhere).await, "WRONG_SITE");
    }
    let password = with_token(&auth, |claims| claims.audience = Audience::Password);
    assert_eq!(
        reason(&verifier, &password).await,
        "PASSWORD_CHANGE_REQUIRED"
    );
    verifier
        .authenticate(&password, AllowedAudience::ApiOrPassword)
        .await
        .unwrap();
    let unknown = with_token(&auth, |claims| claims.user_id = user(2));
    assert_eq!(reason(&verifier, &unknown).await, "SESSION_REVOKED");
}

#[tokio::test(start_paused = true)]
async fn what_is_forged_is_refused() {
    let auth = auth();
    auth.add_user(user(1), "ada");
    let verifier = auth.verifier().await;
    let claims = auth.claims(user(1), session(1), &SiteId::default());
    let token = auth.issue(&claims).expose().clone();
    let forger = SigningKey::from_seed("test".to_owned(), &Secret::new([8; 32])).unwrap();
    let stranger = SigningKey::from_seed("other".to_owned(), &Secret::new([7; 32])).unwrap();
    let (head, rest) = token.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    // {"alg":"none","typ":"JWT","kid":"test"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIiwia2lkIjoidGVzdCJ9";
    let forged = [
        String::new(),
        "abc".to_owned(),
        forger.issue(&claims).unwrap().expose().clone(),
        stranger.issue(&claims).unwrap().expose().clone(),
        format!("{none}.{body}."),
        format!("{none}.{body}.{signature}"),
        format!("{head}.{body}x.{signature}"),
        format!("{token}{}", "x".repeat(3000)),
    ];
    for token in forged {
        let context = RequestContext {
            site: Some("default".to_owned()),
            bearer: Some(Secret::new(token.clone())),
            ..Default::default()
        };
        assert_eq!(
            reason(&verifier, &context).await,
            "TOKEN_INVALID",
            "{token}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_ends_with_its_time_also_when_it_is_remembered() {
    let auth = auth();
    auth.add_user(user(1), "ada");
    let verifier = auth.verifier().await;
    let context = with_token(&auth, |_| ());
    assert_eq!(reason(&verifier, &context).await, "OK");
    verifier.directory().clock().advance(604 * SECOND);
    assert_eq!(reason(&verifier, &context).await, "OK", "within the leeway");
    verifier.directory().clock().advance(SECOND);
    assert_eq!(reason(&verifier, &context).await, "TOKEN_EXPIRED");
}

#[tokio::test(start_paused = true)]
async fn an_ended_session_and_a_suspended_person_are_out_at_once() {
    let auth = auth();
    auth.add_user(user(1), "ada");
    let verifier = auth.verifier().await;
    let context = with_token(&auth, |_| ());
    assert_eq!(reason(&verifier, &context).await, "OK");
    auth.update_user(user(1), |facts| facts.is_active = false);
    auth.publish(verifier.directory()).await;
    assert_eq!(reason(&verifier, &context).await, "SESSION_REVOKED");
    auth.update_user(user(1), |facts| facts.is_active = true);
    auth.publish(verifier.directory()).await;
    assert_eq!(reason(&verifier, &context).await, "OK");
    auth.revoke_session(session(1), user(1));
    auth.publish(verifier.directory()).await;
    assert_eq!(reason(&verifier, &context).await, "SESSION_REVOKED");
}

#[tokio::test(start_paused = true)]
async fn invented_key_ids_do_not_make_auth_busy() {
    let auth = auth();
    auth.add_user(user(1), "ada");
    let verifier = auth.verifier().await;
    let stranger = SigningKey::from_seed("other".to_owned(), &Secret::new([9; 32])).unwrap();
    let before = auth.calls();
    for n in 1..=50 {
        let claims = auth.claims(user(1), session(n), &SiteId::default());
        let context = RequestContext {
            site: Some("default".to_owned()),
            bearer: Some(stranger.issue(&claims).unwrap()),
            ..Default::default()
        };
        let refused = verifier.authenticate(&context, AllowedAudience::Api).await;
        assert!(matches!(refused, Err(AuthnError::TokenInvalid)));
    }
    assert_eq!(auth.calls() - before, 1);
}
