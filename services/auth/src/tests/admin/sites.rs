//! `SiteService`.

use im_proto::auth as proto;
use im_runtime::rpc::RequestContext;

use super::super::harness::{PASSWORD, every_engine, reason, signed_in};
use super::{of_site, policies, set, sites};

fn site(id: &str, host: &str) -> proto::Site {
    let address = proto::site::Address {
        host: host.to_owned(),
        ..Default::default()
    };
    proto::Site {
        id: id.to_owned(),
        name: format!("Site {id}"),
        addresses: vec![address],
        ..Default::default()
    }
}

fn create(id: &str, host: &str) -> proto::CreateSiteRequest {
    proto::CreateSiteRequest {
        site: Some(site(id, host)),
    }
}

fn on_b(bearer: Option<&str>) -> RequestContext {
    RequestContext {
        site: Some("b".to_owned()),
        bearer: bearer.map(Into::into),
        ..Default::default()
    }
}

fn delete(id: &str) -> proto::DeleteSiteRequest {
    proto::DeleteSiteRequest {
        site_id: id.to_owned(),
    }
}

#[tokio::test]
async fn a_site_is_made_and_replaced() {
    for auth in every_engine().await {
        let boss = auth.administrator().await;
        let made = sites(&auth)
            .create_site(signed_in(&boss, create("b", "B.example")))
            .await;
        let made = made.unwrap().into_inner().site.unwrap();
        assert_eq!(made.addresses[0].host, "b.example");
        assert_eq!(made.store_ids, ["local"]);
        let mut renamed = site("b", "b2.example");
        renamed
            .links
            .insert("help".to_owned(), "https://help.example/".to_owned());
        let update = proto::UpdateSiteRequest {
            site: Some(renamed.clone()),
        };
        sites(&auth)
            .update_site(signed_in(&boss, update))
            .await
            .unwrap();
        let list = signed_in(&boss, proto::ListSitesRequest {});
        let all = sites(&auth)
            .list_sites(list)
            .await
            .unwrap()
            .into_inner()
            .sites;
        let ids: Vec<&str> = all.iter().map(|site| site.id.as_str()).collect();
        assert_eq!(ids, ["default", "b"]);
        assert_eq!(
            (&all[1].addresses, &all[1].links),
            (&renamed.addresses, &renamed.links)
        );
        auth.stop().await;
    }
}

#[tokio::test]
async fn a_site_goes_with_its_policy_and_sessions() {
    for auth in every_engine().await {
        let (boss, _) = (auth.administrator().await, auth.newcomer("anna").await);
        sites(&auth)
            .create_site(signed_in(&boss, create("b", "b.example")))
            .await
            .unwrap();
        let limit = set("contacts_max", "20", Some(of_site("b")));
        policies(&auth)
            .set_policy_value(signed_in(&boss, limit))
            .await
            .unwrap();
        let login = proto::LoginRequest {
            username: "anna".to_owned(),
            password: PASSWORD.to_owned(),
            ..Default::default()
        };
        let there = auth
            .auth()
            .login(on_b(None).request(login))
            .await
            .unwrap()
            .into_inner();
        let me = || proto::GetUserRequest {
            user_id: "me".to_owned(),
        };
        let as_anna = || on_b(Some(&there.access_token)).request(me());
        auth.users().get_user(as_anna()).await.unwrap();

        sites(&auth)
            .delete_site(signed_in(&boss, delete("b")))
            .await
            .unwrap();
        assert_eq!(
            reason(auth.users().get_user(as_anna()).await),
            "SESSION_REVOKED"
        );
        let list = signed_in(&boss, proto::ListPolicyValuesRequest::default());
        let values = policies(&auth)
            .list_policy_values(list)
            .await
            .unwrap()
            .into_inner()
            .values;
        assert!(values.is_empty(), "{values:?}");
        let again = sites(&auth)
            .delete_site(signed_in(&boss, delete("b")))
            .await;
        assert_eq!(reason(again), "SITE_NOT_FOUND");
        let refused = sites(&auth)
            .delete_site(signed_in(&boss, delete("default")))
            .await;
        assert_eq!(reason(refused), "DEFAULT_SITE_STAYS");
        auth.stop().await;
    }
}

#[tokio::test]
async fn no_two_sites_have_the_same_address() {
    for auth in every_engine().await {
        let (boss, anna) = (auth.administrator().await, auth.newcomer("anna").await);
        let refused = sites(&auth)
            .create_site(signed_in(&anna, create("a", "a.example")))
            .await;
        assert_eq!(reason(refused), "PERMISSION_DENIED");
        let (mut one, mut other) = (sites(&auth), sites(&auth));
        let (first, second) = tokio::join!(
            one.create_site(signed_in(&boss, create("a", "x.example"))),
            other.create_site(signed_in(&boss, create("b", "X.example."))),
        );
        let lost = if first.is_ok() { second } else { first };
        assert_eq!(reason(lost), "SITE_ADDRESS_TAKEN");
        let list = signed_in(&boss, proto::ListSitesRequest {});
        let all = sites(&auth)
            .list_sites(list)
            .await
            .unwrap()
            .into_inner()
            .sites;
        assert_eq!(all.len(), 2, "what was refused left nothing: {all:?}");
        let again = sites(&auth)
            .create_site(signed_in(&boss, create("default", "y.example")))
            .await;
        assert_eq!(reason(again), "SITE_EXISTS");
        let unknown = proto::UpdateSiteRequest {
            site: Some(site("c", "z.example")),
        };
        let refused = sites(&auth).update_site(signed_in(&boss, unknown)).await;
        assert_eq!(reason(refused), "SITE_NOT_FOUND");
        let mut wrong = create("c", "z.example");
        wrong.site.as_mut().unwrap().store_ids = vec!["forum".to_owned()];
        let refused = sites(&auth).create_site(signed_in(&boss, wrong)).await;
        assert_eq!(reason(refused), "INVALID_FIELD");
        auth.stop().await;
    }
}
