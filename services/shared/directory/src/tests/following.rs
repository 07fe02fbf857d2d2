//! Keeping up with auth.

use im_bus::{EventBus, Topic};
use im_policy::{Key, Scope};
use im_proto::im::event::v1::AuthChanged;
use im_runtime::lifecycle::Tasks;
use im_types::{Clock, RoleId, SiteId};

use super::{SECOND, auth, session, site, user, uuid_of};
use crate::{Directory, DirectoryChange};

#[tokio::test(start_paused = true)]
async fn policy_follows_site_and_roles() {
    let auth = auth();
    let role = RoleId::from_uuid(uuid_of(5));
    auth.add_site(&site("b"));
    auth.add_role(role, &[]);
    auth.add_user(user(1), "ada");
    auth.set_policy(&Scope::Site(site("b")), Key::ContactsMax, "20");
    let directory = auth.directory().await;
    let of = async |site: &SiteId| {
        directory
            .policy_for(site, user(1))
            .await
            .unwrap()
            .contacts_max()
            .max()
    };
    assert_eq!(
        (of(&SiteId::default()).await, of(&site("b")).await),
        (Some(500), Some(20))
    );
    auth.set_policy(&Scope::Role(role), Key::ContactsMax, "3");
    auth.grant_role(user(1), role);
    auth.publish(&directory).await;
    assert_eq!(
        (of(&SiteId::default()).await, of(&site("b")).await),
        (Some(3), Some(3))
    );
    assert_eq!(directory.sites().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn changes_are_told_in_order_and_once() {
    let auth = auth();
    let directory = auth.directory().await;
    let mut changes = directory.subscribe();
    auth.add_user(user(1), "ada");
    auth.revoke_session(session(4), user(1));
    auth.publish(&directory).await;
    assert_eq!(changes.recv().await, Some(DirectoryChange::User(user(1))));
    let ended = DirectoryChange::SessionRevoked {
        session_id: session(4),
        user_id: Some(user(1)),
    };
    assert_eq!(changes.recv().await, Some(ended));
    auth.publish(&directory).await;
    auth.truncate_changes();
    auth.publish(&directory).await;
    auth.add_user(user(2), "bob");
    auth.truncate_changes();
    auth.publish(&directory).await;
    assert_eq!(
        changes.recv().await,
        Some(DirectoryChange::Everything),
        "the feed was cut"
    );
    assert!(directory.is_revoked(session(4)));
    assert_eq!(
        directory
            .ended_sessions(&[session(4), session(5)])
            .await
            .unwrap(),
        [session(4)]
    );
}

#[tokio::test(start_paused = true)]
async fn without_any_bell_a_change_is_seen_within_two_seconds() {
    let auth = auth();
    let (tasks, bus) = (Tasks::new(), EventBus::in_process());
    let directory = Directory::start(auth.clone(), &bus, Clock::system(), &tasks);
    assert!(!tasks.readiness().is_ready());
    directory.wait_ready(2 * SECOND).await.unwrap();
    tokio::task::yield_now().await;
    auth.revoke_session(session(1), user(1));
    directory.wait_revision(2, 2 * SECOND).await.unwrap();
    assert!(directory.is_revoked(session(1)));
    assert!(tasks.readiness().is_ready());
    tasks.begin_shutdown();
    assert!(
        tasks.wait(SECOND).await,
        "the follower ends with the process"
    );
}

#[tokio::test(start_paused = true)]
async fn a_bell_is_faster_than_the_poll() {
    let auth = auth();
    let (tasks, bus) = (Tasks::new(), EventBus::in_process());
    let directory = Directory::start(auth.clone(), &bus, Clock::system(), &tasks);
    directory.wait_ready(2 * SECOND).await.unwrap();
    let bell = Topic::new("auth", "changed").subject();
    // A bell for what is known already asks nothing.
    let before = auth.calls();
    bus.publish_message(&bell, &AuthChanged { revision: 1 });
    tokio::time::sleep(SECOND / 10).await;
    assert_eq!(auth.calls(), before);
    auth.add_user(user(1), "ada");
    bus.publish_message(&bell, &AuthChanged { revision: 2 });
    directory.wait_revision(2, SECOND / 10).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn while_auth_is_away_the_last_state_stays_and_its_age_grows() {
    let auth = auth();
    auth.set_policy(&Scope::Global, Key::ContactsMax, "7");
    let (tasks, bus) = (Tasks::new(), EventBus::in_process());
    auth.set_away(true);
    let directory = Directory::start(auth.clone(), &bus, Clock::system(), &tasks);
    assert!(directory.wait_ready(3 * SECOND).await.is_err());
    auth.set_away(false);
    directory.wait_ready(2 * SECOND).await.unwrap();
    auth.set_away(true);
    tokio::time::sleep(30 * SECOND).await;
    assert!(directory.age() >= 28 * SECOND);
    assert_eq!(
        directory
            .site_policy(&SiteId::default())
            .contacts_max()
            .max(),
        Some(7)
    );
    auth.set_policy(&Scope::Global, Key::ContactsMax, "8");
    auth.set_away(false);
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(
        directory
            .site_policy(&SiteId::default())
            .contacts_max()
            .max(),
        Some(8)
    );
    assert!(directory.age() <= 2 * SECOND);
}
