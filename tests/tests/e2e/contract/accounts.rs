//! Getting in, people, policy.

use im_tests::client::{Person, ops};
use serde_json::json;

use super::has_fields;
use crate::system::{Form, System, list, set_policies, text};

in_both_forms!(
    behaviour_1_1_an_account_is_made_and_signs_in,
    behaviour_6_1_refresh_tokens_are_good_once,
    a_site_tells_its_public_options,
    the_directory_is_searched_and_paged,
    policy_tells_values_and_who_set_them,
    a_password_is_changed_and_ends_other_sessions,
    behaviour_3_6_registration_follows_the_policy,
);

/// `POST /v1/auth:register`, `:login`, `:logout`, `GET /v1/users/me`
async fn behaviour_1_1_an_account_is_made_and_signs_in(form: Form) {
    let system = System::start(form).await;
    let json = system.api().json();
    let account = json!({
        "username": "Ann.Lee", "password": Person::PASSWORD, "displayName": "Ann Lee",
    });
    let (status, body) = json.post("/v1/auth:register", account).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["user"]["state"], "ACTIVE", "{body}");
    assert!(text(&body["user"]["id"]).starts_with("usr_"));
    let user_id = body["user"]["id"].clone();

    // Names are the same whatever their case.
    let login = json!({
        "username": "ann.lee", "password": Person::PASSWORD, "deviceName": "a laptop",
    });
    let (status, body) = json.post("/v1/auth:login", login).await;
    assert_eq!(status, 200, "{body}");
    has_fields(
        &body,
        &[
            "accessToken",
            "refreshToken",
            "expiresIn",
            "user",
            "sessionId",
        ],
    );
    assert_eq!(body["expiresIn"], 600);
    assert_eq!(body["user"]["id"], user_id);
    assert_eq!(body["user"]["username"], "Ann.Lee");
    assert_eq!(body["user"]["displayName"], "Ann Lee");
    assert!(text(&body["sessionId"]).starts_with("ses_"));

    let signed_in = json.with_token(text(&body["accessToken"]));
    let (status, me) = signed_in.get("/v1/users/me").await;
    assert_eq!((status.as_u16(), &me["id"]), (200, &user_id), "{me}");
    let (status, body) = signed_in.post("/v1/auth:logout", json!({})).await;
    assert_eq!(status, 200, "{body}");
    let (status, body) = signed_in.get("/v1/users/me").await;
    assert_eq!(
        status, 401,
        "a session that was ended is good for nothing: {body}"
    );
}

async fn behaviour_6_1_refresh_tokens_are_good_once(form: Form) {
    let system = System::start(form).await;
    let ann = system.person("ann").await;
    let api = ann.api.without_token();
    let fresh = api.ok(ops::refresh(&ann.refresh_token)).await;
    has_fields(&fresh, &["accessToken", "refreshToken", "expiresIn"]);
    assert_ne!(text(&fresh["refreshToken"]), ann.refresh_token);
    let renewed = api.with_token(text(&fresh["accessToken"]));
    assert_eq!(
        renewed.ok(ops::user("me")).await["user"]["id"],
        json!(ann.id)
    );

    // Somebody else has a copy: the second use ends the whole family.
    let refusal = api.refused(ops::refresh(&ann.refresh_token)).await;
    assert_eq!(
        (refusal.code, refusal.reason.as_str()),
        (16, "REFRESH_TOKEN_REUSED")
    );
    let refusal = api
        .refused(ops::refresh(text(&fresh["refreshToken"])))
        .await;
    assert_eq!(refusal.code, 16, "{refusal:?}");
    let refusal = renewed.refused(ops::user("me")).await;
    assert_eq!(
        refusal.code, 16,
        "the access token of an ended family: {refusal:?}"
    );
}

/// `GET /v1/site`
async fn a_site_tells_its_public_options(form: Form) {
    let system = System::start(form).await;
    let (status, site) = system.api().json().get("/v1/site").await;
    assert_eq!(status, 200, "{site}");
    has_fields(&site, &["name", "registration", "passwordRules", "links"]);
    assert_eq!(site["id"], "default");
    assert_eq!(site["registration"], "OPEN");
    assert_eq!(site["passwordRules"]["lengthMin"], 8);
}

/// `GET /v1/users?query=&pageSize=&pageToken=`
async fn the_directory_is_searched_and_paged(form: Form) {
    let system = System::start(form).await;
    let ann = system.person("ann").await;
    for number in 0..7 {
        let username = format!("walker{number}");
        let account = json!({
            "username": username, "password": Person::PASSWORD,
            "displayName": format!("Zoë Walker {number}"),
        });
        system.api().ok(ops::register_as(account)).await;
    }
    let (mut names, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = ann.api.ok(ops::users("walker", 3, &token)).await;
        assert!(list(&page["users"]).len() <= 3, "{page}");
        names.extend(
            list(&page["users"])
                .iter()
                .map(|u| text(&u["username"]).to_owned()),
        );
        token = text(&page["nextPageToken"]).to_owned();
        pages += 1;
        if token.is_empty() {
            break;
        }
    }
    let expected: Vec<String> = (0..7).map(|number| format!("walker{number}")).collect();
    assert_eq!((names, pages), (expected, 3));
    let by_display_name = ann.api.ok(ops::users("zo%C3%AB", 50, "")).await;
    assert_eq!(
        list(&by_display_name["users"]).len(),
        7,
        "{by_display_name}"
    );
    let nobody = ann.api.ok(ops::users("nobody", 50, "")).await;
    assert_eq!(list(&nobody["users"]).len(), 0);
    let refusal = ann.api.refused(ops::users("", 3, "forged")).await;
    assert_eq!(
        refusal.code, 3,
        "a page token of one's own making: {refusal:?}"
    );
}

/// `GET /v1/policy`
async fn policy_tells_values_and_who_set_them(form: Form) {
    let system = System::start(form).await;
    let admin = system.administrator().await;
    let ann = system.person("ann").await;
    set_policies(&admin, &[("contacts_max", "42")]).await;
    let (status, body) = ann.api.json().get("/v1/policy").await;
    assert_eq!(status, 200, "{body}");
    let value = |key: &str| {
        let mut values = list(&body["values"]).iter();
        values.find(|value| value["key"] == key).cloned()
    };
    let contacts = value("contacts_max").expect("contacts_max concerns people");
    assert_eq!(
        (&contacts["value"], &contacts["scope"]["level"]),
        (&json!("42"), &json!("GLOBAL"))
    );
    let length = value("password_length_min").expect("password_length_min concerns people");
    assert_eq!(length["scope"]["level"], "DEFAULT");
    assert_eq!(
        value("site_password"),
        None,
        "what is for administrators only is not told"
    );
}

async fn a_password_is_changed_and_ends_other_sessions(form: Form) {
    let system = System::start(form).await;
    let ann = system.person("ann").await;
    let other = Person::login(&system.api(), "ann").await;
    let new_password = "Another-9-staple";
    let wrong = ann
        .api
        .refused(ops::change_password("wrong", new_password))
        .await;
    assert_eq!(wrong.reason, "OLD_PASSWORD_WRONG");
    let weak = ann
        .api
        .refused(ops::change_password(Person::PASSWORD, "short"))
        .await;
    assert_eq!((weak.code, weak.reason.as_str()), (3, "PASSWORD_TOO_WEAK"));
    ann.api
        .ok(ops::change_password(Person::PASSWORD, new_password))
        .await;
    ann.api.ok(ops::user("me")).await;
    let refusal = other.api.refused(ops::user("me")).await;
    assert_eq!(refusal.code, 16, "{refusal:?}");
    let api = system.api();
    let refusal = Person::try_login(&api, "ann", Person::PASSWORD).await;
    assert_eq!(
        refusal.expect_err("the old password").reason,
        "INVALID_CREDENTIALS"
    );
    Person::try_login(&api, "ann", new_password)
        .await
        .expect("the new password");
}

async fn behaviour_3_6_registration_follows_the_policy(form: Form) {
    let system = System::start(form).await;
    let admin = system.administrator().await;
    let api = system.api();
    set_policies(&admin, &[("registration", "approval")]).await;
    let answer = api.ok(ops::register("ann", Person::PASSWORD)).await;
    assert_eq!(answer["user"]["state"], "WAITING_APPROVAL");
    let refusal = Person::try_login(&api, "ann", Person::PASSWORD).await;
    assert_eq!(
        refusal.expect_err("not yet approved").reason,
        "WAITING_APPROVAL"
    );
    // Only whoever knows the password learns that the account waits.
    let refusal = Person::try_login(&api, "ann", "Wrong-password-1").await;
    assert_eq!(
        refusal.expect_err("a wrong password").reason,
        "INVALID_CREDENTIALS"
    );
    admin
        .api
        .ok(ops::approve_user(text(&answer["user"]["id"])))
        .await;
    Person::login(&api, "ann").await;

    set_policies(&admin, &[("registration", "closed")]).await;
    let refusal = api.refused(ops::register("bob", Person::PASSWORD)).await;
    assert_eq!(
        (refusal.code, refusal.reason.as_str()),
        (7, "REGISTRATION_CLOSED")
    );
    assert_eq!(api.ok(ops::site()).await["site"]["registration"], "CLOSED");
}
