//! phpBB, `WordPress` and Django, each on every engine at hand that it runs on.

use super::super::harness::{every_engine, reason};
use super::database::ForeignDatabase;
use super::{SECRET, create, list_at, store_on, user_of};

/// Signs people in whom only the foreign table knows.
async fn play(preset: &str, database: &ForeignDatabase, known: (&str, &str), barred: Option<&str>) {
    for auth in every_engine().await {
        let boss = auth.administrator().await;
        create(&auth, &boss, store_on("ext", preset, database))
            .await
            .unwrap();
        list_at(&auth, &boss, "default", &["ext"]).await;
        let (login, email) = known;
        let first = auth.login(login, SECRET).await.unwrap();
        let user = user_of(&first);
        assert_eq!(user.store_ids, ["ext"]);
        assert_eq!(user.email, email);
        assert_eq!(user.username.to_lowercase(), login.to_lowercase());
        let again = auth.login(login, SECRET).await.unwrap();
        assert_eq!(
            user_of(&again).id,
            user.id,
            "{preset} on {}",
            database.engine()
        );
        let wrong = auth.login(login, "Secret124").await.unwrap_err();
        let unknown = auth.login("nobody-there", SECRET).await.unwrap_err();
        assert_eq!(wrong.details(), unknown.details());
        assert_eq!(reason(Err::<(), _>(wrong)), "INVALID_CREDENTIALS");
        if let Some(barred) = barred {
            assert_eq!(reason(auth.login(barred, SECRET).await), "DISABLED");
            let wrong = auth.login(barred, "Secret124").await;
            assert_eq!(
                reason(wrong),
                "INVALID_CREDENTIALS",
                "told only after the password"
            );
        }
        auth.login("boss", super::super::harness::PASSWORD)
            .await
            .unwrap();
        auth.stop().await;
    }
}

/// §1.2
#[tokio::test]
async fn people_of_phpbb_sign_in() {
    for database in ForeignDatabase::every_engine().await {
        let database = database.with_phpbb().await;
        play(
            "phpbb3",
            &database,
            ("anna", "anna@forum.example"),
            Some("off"),
        )
        .await;
    }
}

/// §1.2
#[tokio::test]
async fn people_of_wordpress_sign_in() {
    for database in ForeignDatabase::every_engine().await {
        if database.engine() == "postgres" {
            continue; // WordPress does not run there.
        }
        let database = database.with_wordpress().await;
        play("wordpress", &database, ("bert", "bert@cms.example"), None).await;
    }
}

/// §1.2
#[tokio::test]
async fn people_of_django_sign_in() {
    for database in ForeignDatabase::every_engine().await {
        let database = database.with_django().await;
        play(
            "django",
            &database,
            ("dora", "dora@app.example"),
            Some("off"),
        )
        .await;
    }
}
