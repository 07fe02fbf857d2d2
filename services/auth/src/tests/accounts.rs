//! Registration, the first administrator, the directory, profiles.

use im_proto::auth as proto;

use super::harness::{PASSWORD, every_engine, from_here, reason, reasoned, signed_in};

fn request(username: &str, password: &str) -> tonic::Request<proto::RegisterRequest> {
    from_here(proto::RegisterRequest {
        username: username.to_owned(),
        password: password.to_owned(),
        ..proto::RegisterRequest::default()
    })
}

#[tokio::test]
async fn names_are_unique_without_regard_to_case_and_some_are_reserved() {
    for auth in every_engine().await {
        auth.register("Straße").await.unwrap();
        assert_eq!(reason(auth.register("sTRAßE").await), "USERNAME_TAKEN");
        assert_eq!(reason(auth.register("root").await), "USERNAME_RESERVED");
        assert_eq!(reason(auth.register("a b").await), "INVALID_FIELD");
        let weak = reasoned(auth.auth().register(request("bert", "short")).await);
        assert_eq!(weak.reason.as_deref(), Some("PASSWORD_TOO_WEAK"));
        assert_eq!(weak.field_violations[0].field, "password");
        auth.stop().await;
    }
}

#[tokio::test]
async fn of_many_who_want_a_name_at_once_one_gets_it() {
    for auth in every_engine().await {
        let mut set = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let mut client = auth.auth();
            set.spawn(async move { client.register(request("anna", PASSWORD)).await.is_ok() });
        }
        let made = set
            .join_all()
            .await
            .into_iter()
            .filter(|made| *made)
            .count();
        assert_eq!(made, 1);
        auth.stop().await;
    }
}

#[tokio::test]
async fn the_limit_of_accounts_is_exact_under_concurrency() {
    for auth in every_engine().await {
        auth.set_policy("users_max", "5").await;
        let mut set = tokio::task::JoinSet::new();
        for n in 0..20 {
            let mut client = auth.auth();
            set.spawn(async move {
                client
                    .register(request(&format!("user{n}"), PASSWORD))
                    .await
                    .map(|_made| ())
            });
        }
        let (made, refused): (Vec<_>, Vec<_>) =
            set.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(made.len(), 5);
        for refusal in refused {
            assert_eq!(reason(refusal), "SITE_ACCOUNTS_FULL");
        }
        auth.stop().await;
    }
}

#[tokio::test]
async fn registration_is_what_policy_says() {
    for auth in every_engine().await {
        auth.set_policy("registration", "closed").await;
        assert_eq!(reason(auth.register("anna").await), "REGISTRATION_CLOSED");
        auth.set_policy("registration", "invite").await;
        assert_eq!(reason(auth.register("anna").await), "INVITE_REQUIRED");
        auth.set_policy("registration", "approval").await;
        let anna = auth.register("anna").await.unwrap();
        assert_eq!(anna.state(), proto::user::State::WaitingApproval);
        assert_eq!(
            reason(auth.login("anna", PASSWORD).await),
            "WAITING_APPROVAL"
        );
        assert_eq!(
            reason(auth.login("anna", "wrong").await),
            "INVALID_CREDENTIALS"
        );
        let boss = auth.administrator().await;
        let approve = proto::ApproveUserRequest { user_id: anna.id };
        auth.admin()
            .approve_user(signed_in(&boss, approve))
            .await
            .unwrap();
        auth.login("anna", PASSWORD).await.unwrap();
        auth.stop().await;
    }
}

#[tokio::test]
async fn an_invite_is_used_as_often_as_it_may() {
    for auth in every_engine().await {
        auth.set_policy("registration", "invite").await;
        im_store::query(
            "INSERT INTO invites (invite_id, token_hash, uses_left, created_at_us, expires_at_us, note)
             VALUES ($1, $2, 1, 0, $3, '')",
        )
        .bind(uuid::Uuid::nil())
        .bind(crate::domain::token::hash_of(b"ticket"))
        .bind(i64::MAX)
        .execute(auth.database())
        .await
        .unwrap();
        let mut first = request("anna", PASSWORD);
        first.get_mut().invite_token = "ticket".to_owned();
        let mut taken = request("anna", PASSWORD);
        taken.get_mut().invite_token = "ticket".to_owned();
        let mut second = request("bert", PASSWORD);
        second.get_mut().invite_token = "ticket".to_owned();
        auth.auth().register(first).await.unwrap();
        assert_eq!(reason(auth.auth().register(taken).await), "USERNAME_TAKEN");
        assert_eq!(
            reason(auth.auth().register(second).await),
            "INVITE_REQUIRED"
        );
        auth.stop().await;
    }
}

#[tokio::test]
async fn the_first_administrator_is_made_once() {
    for auth in every_engine().await {
        let claim = |token: &str, name: &str| {
            from_here(proto::ClaimFirstAdministratorRequest {
                token: token.to_owned(),
                username: name.to_owned(),
                password: PASSWORD.to_owned(),
                display_name: String::new(),
            })
        };
        let token = auth.first_admin_token.as_ref().unwrap().expose().clone();
        let wrong = auth
            .auth()
            .claim_first_administrator(claim("wrong", "boss"))
            .await;
        assert_eq!(reason(wrong), "SETUP_TOKEN_INVALID");
        // Two who hold the link: one wins.
        let (mut one_client, mut other_client) = (auth.auth(), auth.auth());
        let (one, other) = tokio::join!(
            one_client.claim_first_administrator(claim(&token, "boss")),
            other_client.claim_first_administrator(claim(&token, "chief")),
        );
        assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1);
        let name = if one.is_ok() { "boss" } else { "chief" };
        let login = auth.login(name, PASSWORD).await.unwrap();
        let permissions = login.user.unwrap().permissions;
        assert!(
            permissions
                .iter()
                .any(|permission| permission == "policy.manage")
        );
        let again = auth
            .auth()
            .claim_first_administrator(claim(&token, "third"))
            .await;
        assert_eq!(reason(again), "SETUP_TOKEN_INVALID");
        assert!(auth.app.first_admin_token().await.unwrap().is_none());
        auth.stop().await;
    }
}

#[tokio::test]
async fn people_are_found_by_beginnings_of_words_page_by_page() {
    for auth in every_engine().await {
        let login = auth.newcomer("zed").await;
        for n in 0..7 {
            auth.register(&format!("anna.{n}")).await.unwrap();
        }
        let find = |query: &str, page_size: i32, page_token: String| {
            let query = query.to_owned();
            signed_in(
                &login,
                proto::ListUsersRequest {
                    query,
                    page_size,
                    page_token,
                },
            )
        };
        let (mut names, mut token) = (Vec::new(), String::new());
        loop {
            let page = auth
                .users()
                .list_users(find("ANN", 3, token))
                .await
                .unwrap()
                .into_inner();
            assert!(page.users.len() <= 3);
            names.extend(page.users.into_iter().map(|user| user.username));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        let wanted: Vec<String> = (0..7).map(|n| format!("anna.{n}")).collect();
        assert_eq!(names, wanted);
        let one = auth
            .users()
            .list_users(find("anna 3", 0, String::new()))
            .await
            .unwrap();
        assert_eq!(one.into_inner().users.len(), 1);
        let all = auth
            .users()
            .list_users(find("", 0, String::new()))
            .await
            .unwrap();
        assert_eq!(all.into_inner().users.len(), 8);
        let bad = auth
            .users()
            .list_users(find("", 0, "nonsense".to_owned()))
            .await;
        assert_eq!(reason(bad), "INVALID_FIELD");
        auth.stop().await;
    }
}

#[tokio::test]
async fn what_is_private_is_told_to_oneself_only() {
    for auth in every_engine().await {
        let (anna, bert) = (auth.newcomer("anna").await, auth.newcomer("bert").await);
        let patch = proto::UpdateProfileRequest {
            display_name: Some("Anna Müller".to_owned()),
            about: Some("here".to_owned()),
            email: Some("anna@example.org".to_owned()),
            locale: Some("de-AT".to_owned()),
            time_zone: Some("Europe/Vienna".to_owned()),
        };
        let own = auth
            .users()
            .update_profile(signed_in(&anna, patch))
            .await
            .unwrap();
        let own = own.into_inner().user.unwrap();
        assert_eq!(
            (own.email.as_str(), own.about.as_str()),
            ("anna@example.org", "here")
        );
        let get = proto::GetUserRequest { user_id: own.id };
        let seen = auth
            .users()
            .get_user(signed_in(&bert, get))
            .await
            .unwrap()
            .into_inner();
        let seen = seen.user.unwrap();
        assert_eq!(
            (seen.display_name.as_str(), seen.about.as_str()),
            ("Anna Müller", "here")
        );
        assert_eq!((seen.email.as_str(), seen.state), ("", 0));
        assert!(seen.role_ids.is_empty() && seen.store_ids.is_empty());
        let query = proto::ListUsersRequest {
            query: "mül".to_owned(),
            ..Default::default()
        };
        let found = auth
            .users()
            .list_users(signed_in(&bert, query))
            .await
            .unwrap();
        assert_eq!(found.into_inner().users.len(), 1);
        let patch = proto::UpdateProfileRequest {
            email: Some("no address".to_owned()),
            ..Default::default()
        };
        let refused = auth.users().update_profile(signed_in(&anna, patch)).await;
        assert_eq!(reason(refused), "INVALID_FIELD");
        auth.stop().await;
    }
}

#[tokio::test]
async fn the_site_tells_its_rules() {
    for auth in every_engine().await {
        auth.set_policy("password_length_min", "12").await;
        auth.set_policy("registration", "approval").await;
        auth.set_policy("help_url", "https://help.example.org/")
            .await;
        let site = auth
            .auth()
            .get_site(from_here(proto::GetSiteRequest {}))
            .await
            .unwrap();
        let site = site.into_inner().site.unwrap();
        assert_eq!(site.id, "default");
        assert_eq!(
            site.registration(),
            proto::public_site::Registration::Approval
        );
        assert_eq!(site.password_rules.unwrap().length_min, 12);
        assert_eq!(site.links[0].kind, "help");
        assert!(!site.maintenance && !site.site_password_required);
        auth.stop().await;
    }
}
