//! What must be so for every entry.

use std::collections::HashSet;
use std::time::Duration;

use im_types::SiteId;

use crate::{
    Direction, Key, Kind, Registration, Values, VisibilityMode, reference_markdown, registry,
};

#[test]
fn every_entry_is_whole() {
    let mut names = HashSet::new();
    for (index, definition) in registry().iter().enumerate() {
        let name = definition.name;
        assert_eq!(definition.key.index(), index, "{name}");
        assert_eq!(
            (Key::find(name), definition.key.name()),
            (Some(definition.key), name)
        );
        assert!(names.insert(name), "{name} stands twice");
        assert!(
            name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
            "{name}"
        );
        assert!(definition.description.ends_with('.'), "{name}: no sentence");
        let default = definition.default.to_stored(definition);
        assert_eq!(
            definition.key.parse(&default).as_ref(),
            Ok(&definition.default),
            "{name}"
        );
        // Of two texts neither is the more permissive, so roles cannot set them.
        let has_direction = definition.direction != Direction::Never;
        assert!(has_direction || !definition.overridable.by_role(), "{name}");
        let is_number = matches!(definition.kind, Kind::Integer { .. });
        assert_eq!(is_number, !definition.unit.name().is_empty(), "{name}");
    }
    assert_eq!(Key::find("contacts"), None);
}

#[test]
fn the_accessors_answer_the_defaults_in_their_types() {
    let effective = Values::default().resolve(&SiteId::default(), &[]);
    assert!(!effective.maintenance());
    assert_eq!(effective.registration(), Registration::Open);
    assert_eq!(effective.visibility_mode(), VisibilityMode::Normal);
    assert_eq!(effective.connections_per_user_max().max(), Some(10));
    assert_eq!(effective.connected_users_max().max(), None);
    assert_eq!(
        effective.lock_duration_minutes(),
        Some(Duration::from_mins(15))
    );
    assert_eq!(effective.message_retention_days(), None);
    assert_eq!(effective.contact_request_pause(), Duration::from_hours(24));
    assert_eq!(effective.message_bytes_max(), 32_768);
    assert_eq!(effective.help_url(), "");
    assert!(effective.site_password().is_none());
}

#[test]
fn the_reference_names_every_key_once() {
    let text = reference_markdown();
    for definition in registry() {
        let row = format!("\n| `{}` |", definition.name);
        assert_eq!(text.matches(&row).count(), 1, "{}", definition.name);
    }
    assert!(text.contains("`users.manage`"));
    let headings: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("## "))
        .collect();
    let unique: HashSet<&&str> = headings.iter().collect();
    assert_eq!(
        unique.len(),
        headings.len(),
        "entries of a category stand together"
    );
}
