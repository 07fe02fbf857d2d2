//! The statements, by file name.

macro_rules! statements {
    ($($name:ident $file:literal),* $(,)?) => {
        $(pub(super) const $name: &str = include_str!(concat!("../../sql/", $file, ".sql"));)*

        /// Every statement with its file name, for the test that prepares them all.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$(($file, $name)),*];
    };
}

statements! {
    COUNT_UNREAD "count_unread",
    DELETE_ENTRIES "delete_entries",
    DELETE_MEMBERS "delete_members",
    DELETE_MESSAGES "delete_messages",
    FIND_CREATIONS "find_creations",
    FIND_MESSAGES "find_messages",
    FIND_PAIRS "find_pairs",
    FIND_POINTERS "find_pointers",
    FIND_SENDS "find_sends",
    GET_CONVERSATION "get_conversation",
    GET_ENVELOPE "get_envelope",
    GET_INSTANCE "get_instance",
    GET_STANDING "get_standing",
    INSERT_CONVERSATIONS "insert_conversations",
    INSERT_ENTRIES "insert_entries",
    INSERT_MEMBERS "insert_members",
    INSERT_MESSAGES "insert_messages",
    LIST_CONVERSATIONS "list_conversations",
    LIST_DELIVERIES "list_deliveries",
    LIST_DUE "list_due",
    LIST_ENTRIES "list_entries",
    LIST_MAILBOXES "list_mailboxes",
    LIST_MARKS "list_marks",
    LIST_MEMBERS "list_members",
    LIST_MEMBER_IDS "list_member_ids",
    LIST_MESSAGES_AFTER "list_messages_after",
    LIST_MESSAGES_BEFORE "list_messages_before",
    LIST_OLDEST "list_oldest",
    LIST_POSITIONS "list_positions",
    LIST_READERS "list_readers",
    LIST_ROLLS "list_rolls",
    LIST_TO_ADVANCE "list_to_advance",
    LOCK_CONVERSATIONS "lock_conversations",
    LOCK_INSTANCE "lock_instance",
    NEXT_SITE "next_site",
    NUMBER_ENTRIES "number_entries",
    RAISE_EPOCH "raise_epoch",
    SET_MARKS "set_marks",
    UPDATE_ACKNOWLEDGED "update_acknowledged",
    UPDATE_ACTIVITY "update_activity",
    UPDATE_CONVERSATIONS "update_conversations",
    UPDATE_FIRST_AVAILABLE "update_first_available",
    UPDATE_FIRST_ENTRY "update_first_entry",
    UPDATE_MESSAGES "update_messages",
    UPDATE_OWNERS "update_owners",
    UPDATE_POINTERS "update_pointers",
    UPDATE_ROSTER_POSITION "update_roster_position",
}
