//! The statements of identity stores and identities, one constant for each file.

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
    COUNT_IDENTITY_STORES "count_identity_stores";
    DELETE_EXPIRED_SHADOWS "delete_expired_shadows";
    DELETE_GROUP_MEMBER_OF_SOURCE "delete_group_member_of_source";
    DELETE_GROUP_MEMBERS_OF_STORE "delete_group_members_of_store";
    DELETE_IDENTITIES_OF_STORE "delete_identities_of_store";
    DELETE_IDENTITY "delete_identity";
    DELETE_IDENTITY_STORE "delete_identity_store";
    DELETE_SHADOW "delete_shadow";
    DELETE_SHADOWS_OF_LOGIN "delete_shadows_of_login";
    DELETE_SHADOWS_OF_STORE "delete_shadows_of_store";
    DELETE_USER_ROLE_OF_SOURCE "delete_user_role_of_source";
    DELETE_USER_ROLES_OF_STORE "delete_user_roles_of_store";
    FIND_IDENTITY_STORE "find_identity_store";
    FIND_SESSION_SHADOW "find_session_shadow";
    FIND_SHADOW "find_shadow";
    FIND_SHADOWS_OF_LOGIN "find_shadows_of_login";
    FIND_SITE_OF_STORE "find_site_of_store";
    INSERT_GROUP_MEMBER_OF_SOURCE "insert_group_member_of_source";
    INSERT_IDENTITY_STORE "insert_identity_store";
    INSERT_SEALING_KEY "insert_sealing_key";
    LIST_GROUPS_OF_SOURCE "list_groups_of_source";
    LIST_IDENTITIES "list_identities";
    LIST_IDENTITY_STORES "list_identity_stores";
    LIST_ROLES_OF_SOURCE "list_roles_of_source";
    LIST_SEALING_KEYS "list_sealing_keys";
    SET_IDENTITY_LOGIN "set_identity_login";
    SET_SESSION_SHADOW "set_session_shadow";
    UPDATE_IDENTITY_STORE "update_identity_store";
    UPSERT_SHADOW "upsert_shadow";
}
