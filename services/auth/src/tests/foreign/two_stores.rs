//! Usage diagram 4: address A asks a forum, address B a CMS, and both know an `alice`.

use im_proto::auth as proto;

use super::super::harness::{every_engine, reason};
use super::database::ForeignDatabase;
use super::{create, list_at, login_at, store_on, update, user_of};

/// §1.4, §4.1
#[tokio::test]
async fn two_people_of_one_name_in_two_stores_are_two_accounts() {
    for auth in every_engine().await {
        let forum = ForeignDatabase::sqlite().await.with_phpbb().await;
        let cms = ForeignDatabase::sqlite().await.with_wordpress().await;
        let boss = auth.administrator().await;
        create(&auth, &boss, store_on("forum", "phpbb3", &forum))
            .await
            .unwrap();
        let made = create(&auth, &boss, store_on("cms", "wordpress", &cms)).await;
        list_at(&auth, &boss, "a", &["forum"]).await;
        list_at(&auth, &boss, "b", &["cms"]).await;

        let of_forum = user_of(&login_at(&auth, "a", "alice").await.unwrap());
        // The mail addresses are equal, too; that binds nothing together.
        let refused = login_at(&auth, "b", "alice").await;
        assert_eq!(reason(refused), "USERNAME_CONFLICT", "the default refuses");
        let conflict = proto::identity_store::Conflict::NameAtStore.into();
        let named = proto::IdentityStore {
            username_conflict: conflict,
            ..made.unwrap()
        };
        update(&auth, &boss, named).await;
        let of_cms = user_of(&login_at(&auth, "b", "alice").await.unwrap());
        assert_ne!(of_cms.id, of_forum.id);
        assert_eq!(of_cms.username, "alice@cms");
        assert_eq!(of_forum.username, "alice");
        let again = user_of(&login_at(&auth, "a", "alice").await.unwrap());
        assert_eq!(again.id, of_forum.id);

        // A rename there keeps the account and its name here.
        forum
            .run("UPDATE phpbb_users SET username_clean = 'alicia', username = 'Alicia' WHERE user_id = 3")
            .await;
        let renamed = user_of(&login_at(&auth, "a", "alicia").await.unwrap());
        assert_eq!(renamed.id, of_forum.id);

        // The name is given to a new person there: somebody else here.
        forum
            .run(
                "INSERT INTO phpbb_users VALUES \
                 (9, 0, 'Alice', 'alice', '$P$Bv6yOBLnn9TMDhMPaszvM1zKTyv68N0', 'new@forum.example')",
            )
            .await;
        assert_eq!(
            reason(login_at(&auth, "a", "alice").await),
            "USERNAME_CONFLICT"
        );
        auth.set_policy("username_conflict", "name_at_store").await;
        let newcomer = user_of(&login_at(&auth, "a", "alice").await.unwrap());
        assert_ne!(newcomer.id, of_forum.id);
        assert_eq!(newcomer.username, "alice@forum");
        auth.stop().await;
    }
}
