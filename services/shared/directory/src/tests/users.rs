//! The cache of people.

use im_types::GroupId;

use super::{SECOND, auth, user, uuid_of};

#[tokio::test(start_paused = true)]
async fn many_people_cost_one_question_and_then_none() {
    let auth = auth();
    (1..=1500).for_each(|n| auth.add_user(user(n), &format!("u{n}")));
    let directory = auth.directory().await;
    let before = auth.calls();
    let ids: Vec<_> = (1..=1500).map(user).collect();
    assert_eq!(directory.users(&ids).await.unwrap().len(), 1500);
    assert_eq!(auth.calls() - before, 2, "1000 people to a question");
    assert_eq!(directory.users(&ids).await.unwrap().len(), 1500);
    assert_eq!(auth.calls() - before, 2);
    tokio::time::advance(61 * SECOND).await;
    directory.user(user(1)).await.unwrap().unwrap();
    assert_eq!(
        auth.calls() - before,
        3,
        "facts are confirmed after a minute"
    );
}

#[tokio::test(start_paused = true)]
async fn somebody_unknown_is_asked_for_again_after_a_second() {
    let auth = auth();
    let directory = auth.directory().await;
    assert!(directory.user(user(1)).await.unwrap().is_none());
    let before = auth.calls();
    assert!(directory.user(user(1)).await.unwrap().is_none());
    assert_eq!(auth.calls(), before);
    // Somebody who is made meanwhile is found even if the feed were late.
    auth.add_user(user(1), "ada");
    tokio::time::advance(2 * SECOND).await;
    assert!(directory.user(user(1)).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_change_drops_what_was_known() {
    let auth = auth();
    auth.add_user(user(1), "ada");
    auth.add_user(user(2), "bob");
    let directory = auth.directory().await;
    assert_eq!(
        directory.user(user(1)).await.unwrap().unwrap().display_name,
        "ada"
    );
    auth.update_user(user(1), |facts| facts.display_name = "Ada L.".to_owned());
    auth.publish(&directory).await;
    assert_eq!(
        directory.user(user(1)).await.unwrap().unwrap().display_name,
        "Ada L."
    );

    let group = GroupId::from_uuid(uuid_of(9));
    assert!(directory.common_groups(user(2)).await.unwrap().is_empty());
    auth.set_group(group, "team", &[user(1), user(2)]);
    auth.publish(&directory).await;
    let groups = directory.common_groups(user(2)).await.unwrap();
    assert_eq!(groups[0].user_ids, [user(1), user(2)]);
    let facts = directory.users(&[user(1), user(2)]).await.unwrap();
    assert!(facts[&user(1)].shares_group_with(&facts[&user(2)]));
}

#[tokio::test(start_paused = true)]
async fn old_facts_are_good_enough_while_auth_is_away() {
    let auth = auth();
    auth.add_user(user(1), "ada");
    let directory = auth.directory().await;
    directory.user(user(1)).await.unwrap().unwrap();
    auth.set_away(true);
    tokio::time::advance(3600 * SECOND).await;
    assert_eq!(
        directory.user(user(1)).await.unwrap().unwrap().username,
        "ada"
    );
    assert!(
        directory.user(user(2)).await.is_err(),
        "nothing is known of others"
    );
}
