//! Resolution.

use im_types::{RoleId, SiteId};
use proptest::prelude::*;
use proptest::sample::select;

use crate::{Direction, Key, Kind, Origin, Problem, Scope, StoredValue, Value, Values};

fn role(number: u8) -> RoleId {
    // The text form is the only way to an identifier without a random source.
    RoleId::parse(&format!("rol_{number:026}")).unwrap()
}

fn site(name: &str) -> SiteId {
    SiteId::parse(name).unwrap()
}

fn value_of(key: Key) -> BoxedStrategy<Value> {
    match key.definition().kind {
        Kind::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        // Small numbers meet more often, and 0 has to come up.
        Kind::Integer { min, max, .. } => prop_oneof![min..=(min + 3).min(max), min..=max]
            .prop_map(Value::Integer)
            .boxed(),
        Kind::Choice { names } => (0..names.len()).prop_map(Value::Choice).boxed(),
        Kind::Text { .. } => select(vec!["", "https://a", "https://b"])
            .prop_map(Value::text)
            .boxed(),
        Kind::Secret { .. } => "[a-c]{0,2}".prop_map(|text| Value::secret(&text)).boxed(),
    }
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        Just(Scope::Global),
        select(vec!["a", "b"]).prop_map(|name| Scope::Site(site(name))),
        (1..=4_u8).prop_map(|number| Scope::Role(role(number))),
    ]
}

fn setting() -> impl Strategy<Value = (Scope, Key, Value)> {
    (scope(), select(Key::ALL.to_vec()))
        .prop_flat_map(|(scope, key)| (Just(scope), Just(key), value_of(key)))
}

/// What counts, by the letter of the rule and one key at a time.
fn naive(set: &[(Scope, Key, Value)], key: Key, on: &SiteId, roles: &[RoleId]) -> Value {
    let at = |wanted: &Scope| {
        let mut hits = set
            .iter()
            .filter(|(scope, k, _)| *k == key && scope == wanted);
        hits.next_back().map(|(_, _, value)| value.clone())
    };
    let overridable = key.definition().overridable;
    let mut of_roles: Vec<Value> = roles
        .iter()
        .filter(|_| overridable.by_role())
        .filter_map(|r| at(&Scope::Role(*r)))
        .collect();
    // Sorted by permissiveness written out independently of the code under test.
    of_roles.sort_by_key(|value| {
        match (value, key.definition().direction, key.definition().kind) {
            (Value::Boolean(b), Direction::TrueWins, _) => i128::from(*b),
            (Value::Boolean(b), _, _) => i128::from(!*b),
            (
                Value::Integer(0),
                Direction::Larger,
                Kind::Integer {
                    zero_is_unlimited: true,
                    ..
                },
            ) => i128::MAX,
            (
                Value::Integer(0),
                _,
                Kind::Integer {
                    zero_is_unlimited: true,
                    ..
                },
            ) => i128::MIN,
            (Value::Integer(n), Direction::Larger, _) => i128::from(*n),
            (Value::Integer(n), _, _) => -i128::from(*n),
            (Value::Choice(index), _, _) => i128::try_from(*index).unwrap(),
            (Value::Text(_) | Value::Secret(_), _, _) => 0,
        }
    });
    of_roles
        .pop()
        .or_else(|| at(&Scope::Site(on.clone())).filter(|_| overridable.by_site()))
        .or_else(|| at(&Scope::Global))
        .unwrap_or_else(|| key.definition().default.clone())
}

fn values_of(set: &[(Scope, Key, Value)]) -> Values {
    let mut values = Values::default();
    for (scope, key, value) in set {
        let is_refused = values.set(scope.clone(), *key, value.clone()).is_err();
        let overridable = key.definition().overridable;
        let allowed = match scope {
            Scope::Global => true,
            Scope::Site(_) => overridable.by_site(),
            Scope::Role(_) => overridable.by_role(),
        };
        assert_eq!(is_refused, !allowed);
    }
    values
}

proptest! {
    #[test]
    fn resolution_equals_the_naive_reference(
        set in proptest::collection::vec(setting(), 0..120),
        roles in proptest::collection::vec(1..=5_u8, 0..4),
    ) {
        let values = values_of(&set);
        let roles: Vec<RoleId> = roles.into_iter().map(role).collect();
        let effective = values.resolve(&site("a"), &roles);
        for key in Key::ALL {
            prop_assert_eq!(effective.get(*key), &naive(&set, *key, &site("a"), &roles), "{}", key);
        }
    }

    #[test]
    fn neither_order_nor_repetition_of_roles_matters(
        set in proptest::collection::vec(setting(), 0..120),
        roles in proptest::collection::vec(1..=4_u8, 0..4).prop_shuffle(),
    ) {
        let values = values_of(&set);
        let roles: Vec<RoleId> = roles.into_iter().map(role).collect();
        let mut sorted = roles.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let twice: Vec<RoleId> = roles.iter().rev().chain(&roles).copied().collect();
        let effective = values.resolve(&site("b"), &roles);
        prop_assert_eq!(&effective, &values.resolve(&site("b"), &sorted));
        prop_assert_eq!(&effective, &values.resolve(&site("b"), &twice));
    }

    #[test]
    fn unlimited_of_one_role_beats_every_limit_of_others(others in proptest::collection::vec(1..1000_i64, 0..4)) {
        let mut values = Values::default();
        let mut roles = vec![role(9)];
        values.set(Scope::Global, Key::ContactsMax, Value::Integer(1)).unwrap();
        values.set(Scope::Role(role(9)), Key::ContactsMax, Value::Integer(0)).unwrap();
        for (number, max) in (1..).zip(others) {
            values.set(Scope::Role(role(number)), Key::ContactsMax, Value::Integer(max)).unwrap();
            roles.push(role(number));
        }
        let effective = values.resolve(&site("a"), &roles);
        prop_assert_eq!(effective.contacts_max().max(), None);
        prop_assert_eq!(effective.origin(Key::ContactsMax), Origin::Role(role(9)));
    }

    #[test]
    fn stored_values_are_read_back(set in proptest::collection::vec(setting(), 0..60)) {
        let values = values_of(&set);
        let stored = set.iter().rev().map(|(scope, key, value)| StoredValue {
            scope: scope.clone(),
            key: key.name().to_owned(),
            value: value.to_stored(key.definition()),
        });
        // Later settings win, so they are read in the order in which they were made.
        let stored: Vec<StoredValue> = stored.collect::<Vec<_>>().into_iter().rev().collect();
        let (read, problems) = Values::from_stored(stored);
        prop_assert_eq!(read.resolve(&site("a"), &[role(1), role(2)]),
            values.resolve(&site("a"), &[role(1), role(2)]));
        prop_assert!(problems.iter().all(|problem| matches!(problem, Problem::Scope(_))));
    }

    #[test]
    fn an_explanation_agrees_with_the_resolution(
        set in proptest::collection::vec(setting(), 0..120),
        roles in proptest::collection::vec(1..=4_u8, 0..4),
    ) {
        let values = values_of(&set);
        let roles: Vec<RoleId> = roles.into_iter().map(role).collect();
        let effective = values.resolve(&site("a"), &roles);
        for (key, value, origin) in effective.iter() {
            let explanation = values.explain(key, &site("a"), &roles);
            prop_assert_eq!(&explanation.effective, &(value.clone(), origin.clone()));
            prop_assert!(explanation.levels.contains(&explanation.effective));
            prop_assert_eq!(&explanation.levels[0].1, &Origin::Default);
        }
    }
}

/// Diagram 3 of the usage diagrams: two addresses, each with its own options, and a role.
#[test]
fn two_addresses_and_a_role() {
    let mut values = Values::default();
    for (name, contacts, connected) in [("a", 3, 50), ("b", 20, 200)] {
        let on = Scope::Site(site(name));
        values
            .set(on.clone(), Key::ContactsMax, Value::Integer(contacts))
            .unwrap();
        values
            .set(on, Key::ConnectedUsersMax, Value::Integer(connected))
            .unwrap();
    }
    values
        .set(Scope::Role(role(1)), Key::ContactsMax, Value::Integer(7))
        .unwrap();
    let contacts =
        |name: &str, roles: &[RoleId]| values.resolve(&site(name), roles).contacts_max().max();
    assert_eq!(
        (contacts("a", &[]), contacts("b", &[])),
        (Some(3), Some(20))
    );
    assert_eq!(
        (contacts("a", &[role(1)]), contacts("b", &[role(1)])),
        (Some(7), Some(7))
    );
    assert_eq!(
        values.resolve(&site("b"), &[]).connected_users_max().max(),
        Some(200)
    );
    let refused = values.set(Scope::Role(role(1)), Key::UsersMax, Value::Integer(1));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "users_max cannot be set for a role"
    );
}

#[test]
fn values_of_another_version_are_left_out_and_told() {
    let stored = [
        ("colour", "red"),
        ("contacts_max", "-1"),
        ("maintenance", "true"),
    ];
    let (values, problems) = Values::from_stored(stored.map(|(key, value)| StoredValue {
        scope: Scope::Global,
        key: key.to_owned(),
        value: value.to_owned(),
    }));
    assert!(values.resolve(&site("a"), &[]).maintenance());
    assert_eq!(problems[0], Problem::UnknownKey("colour".to_owned()));
    assert!(matches!(&problems[1], Problem::Value(error) if error.key() == "contacts_max"));
}
