//! The statements, one constant for each file.

macro_rules! statements {
    ($($name:ident $file:literal,)*) => {
        $(pub(super) const $name: &str = include_str!(concat!("../../sql/", $file));)*

        /// All of them, to be prepared by a test.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$(($file, $name)),*];
    };
}

statements! {
    ADOPT_PLACES "adopt_places.sql",
    BEAT_NODE "beat_node.sql",
    COUNT_CONNECTED "count_connected.sql",
    COUNT_CONTACTS "count_contacts.sql",
    COUNT_PLACES "count_places.sql",
    DELETE_CONTACT "delete_contact.sql",
    DELETE_KEPT_PLACES "delete_kept_places.sql",
    DELETE_NODE_PLACES "delete_node_places.sql",
    DELETE_PLACES "delete_places.sql",
    END_NODE "end_node.sql",
    GET_NODE "get_node.sql",
    GET_PAIR "get_pair.sql",
    GET_ROSTER_POSITION "get_roster_position.sql",
    INSERT_PLACES "insert_places.sql",
    INSERT_ROSTER_CHANGE "insert_roster_change.sql",
    INSERT_SITE_COUNTERS "insert_site_counters.sql",
    KEEP_PLACES "keep_places.sql",
    LIST_CLAIMS "list_claims.sql",
    LIST_CONTACTS "list_contacts.sql",
    LIST_NODES "list_nodes.sql",
    LIST_PLACES "list_places.sql",
    LIST_ROSTER_CHANGES "list_roster_changes.sql",
    LIST_SIGHTINGS "list_sightings.sql",
    LIST_TIES_OF_OWNER "list_ties_of_owner.sql",
    LIST_TIES_TO_PEER "list_ties_to_peer.sql",
    LIST_USER_PLACES "list_user_places.sql",
    LOCK_ROSTER "lock_roster.sql",
    LOCK_SITE "lock_site.sql",
    MARK_SEEN "mark_seen.sql",
    NEXT_NODE_EPOCH "next_node_epoch.sql",
    OPEN_NODE "open_node.sql",
    PRUNE_NODES "prune_nodes.sql",
    PRUNE_ROSTER_CHANGES "prune_roster_changes.sql",
    SET_ROSTER_POSITION "set_roster_position.sql",
    SHARE_NODES "share_nodes.sql",
    UPSERT_CLAIMS "upsert_claims.sql",
    UPSERT_CONTACT "upsert_contact.sql",
    UPSERT_SIGHTINGS "upsert_sightings.sql",
    UPSERT_SITES "upsert_sites.sql",
}
