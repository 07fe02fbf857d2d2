//! The statements of the administration, one constant for each file.

macro_rules! statements {
    ($($constant:ident $file:literal;)*) => {
        $(
            pub(crate) const $constant: &str =
                include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $file, ".sql"));
        )*

        /// All of them with their names, so that a test can prepare each on both engines.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$(($file, $constant)),*];
    };
}

statements! {
    COUNT_BANS "count_bans";
    COUNT_GROUPS_OF_USER "count_groups_of_user";
    COUNT_INVITES "count_invites";
    COUNT_OTHER_MEMBERS "count_other_members";
    DELETE_BAN "delete_ban";
    DELETE_EXPIRED_BANS "delete_expired_bans";
    DELETE_EXPIRED_INVITES "delete_expired_invites";
    DELETE_GROUP "delete_group";
    DELETE_GROUP_MEMBER "delete_group_member";
    DELETE_INVITE "delete_invite";
    DELETE_POLICY_VALUE "delete_policy_value";
    DELETE_POLICY_VALUES_OF_SCOPE "delete_policy_values_of_scope";
    DELETE_ROLE "delete_role";
    DELETE_ROLE_PERMISSIONS "delete_role_permissions";
    DELETE_SESSIONS_OF_ADDRESSES "delete_sessions_of_addresses";
    DELETE_SITE "delete_site";
    DELETE_SITE_ADDRESSES "delete_site_addresses";
    DELETE_SITE_STORES "delete_site_stores";
    DELETE_USER_ROLE "delete_user_role";
    FIND_ADDRESSES_OF_OTHERS "find_addresses_of_others";
    FIND_AUDIT_HEAD "find_audit_head";
    FIND_GROUP "find_group";
    FIND_GROUP_MEMBER "find_group_member";
    FIND_GROUP_NAME "find_group_name";
    FIND_PERMISSIONS_OF_ROLE "find_permissions_of_role";
    FIND_POLICY_VALUE "find_policy_value";
    FIND_ROLE_FOR_UPDATE "find_role_for_update";
    FIND_ROLE_NAME "find_role_name";
    INSERT_BAN "insert_ban";
    INSERT_GROUP "insert_group";
    INSERT_INVITE "insert_invite";
    INSERT_SITE_ADDRESSES "insert_site_addresses";
    INSERT_SITE_STORES "insert_site_stores";
    LIST_AUDIT_ENTRIES "list_audit_entries";
    LIST_BANS "list_bans";
    LIST_GROUPS "list_groups";
    LIST_GROUP_MEMBERS "list_group_members";
    LIST_INVITES "list_invites";
    LIST_POLICY_ENTRIES "list_policy_entries";
    LIST_SESSION_ADDRESSES "list_session_addresses";
    LOCK_GROUP "lock_group";
    LOCK_SITES "lock_sites";
    RENAME_ROLE "rename_role";
    UPDATE_GROUP "update_group";
    UPDATE_SITE "update_site";
    UPSERT_GROUP_MEMBER "upsert_group_member";
    UPSERT_POLICY_VALUE "upsert_policy_value";
    WALK_AUDIT_ENTRIES "walk_audit_entries";
}
