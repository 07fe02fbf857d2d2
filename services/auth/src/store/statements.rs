//! The statements of `sql/`, one constant for each file.

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
    APPROVE_DEVICE "approve_device";
    COUNT_DEVICES "count_devices";
    COUNT_LIVE_SESSIONS "count_live_sessions";
    COUNT_ROLE_HOLDERS "count_role_holders";
    COUNT_SITE_USERS "count_site_users";
    DELETE_DEVICE "delete_device";
    DELETE_EXPIRED_SESSIONS "delete_expired_sessions";
    DELETE_EXPIRED_SIGNING_KEYS "delete_expired_signing_keys";
    DELETE_EXPIRED_TICKETS "delete_expired_tickets";
    DELETE_OLD_CHANGES "delete_old_changes";
    DELETE_OLD_SETUP_TOKENS "delete_old_setup_tokens";
    DELETE_OLDEST_DEVICE "delete_oldest_device";
    DELETE_OLDEST_SESSIONS "delete_oldest_sessions";
    DELETE_SESSION "delete_session";
    DELETE_SESSIONS_OF_DEVICE "delete_sessions_of_device";
    DELETE_SESSIONS_OF_SITE "delete_sessions_of_site";
    DELETE_SESSIONS_OF_USER "delete_sessions_of_user";
    DELETE_SETUP_TOKENS "delete_setup_tokens";
    DELETE_USER_WORDS "delete_user_words";
    FIND_BANS "find_bans";
    FIND_BUILTIN_ROLE "find_builtin_role";
    FIND_CREDENTIAL "find_credential";
    FIND_CREDENTIAL_BY_NAME "find_credential_by_name";
    FIND_DEVICE "find_device";
    FIND_IDENTITY "find_identity";
    FIND_LIVE_SESSIONS "find_live_sessions";
    FIND_OLDEST_REVISION "find_oldest_revision";
    FIND_REVISION "find_revision";
    FIND_SESSION "find_session";
    FIND_SETUP_TOKEN "find_setup_token";
    FIND_USER "find_user";
    FIND_USER_BY_NAME "find_user_by_name";
    FIND_USER_FOR_UPDATE "find_user_for_update";
    FIND_USER_GROUPS "find_user_groups";
    FIND_USER_ROLES "find_user_roles";
    FIND_USER_STORES "find_user_stores";
    FIND_USERS "find_users";
    INSERT_AUDIT_ENTRIES "insert_audit_entries";
    INSERT_CHANGES "insert_changes";
    INSERT_IDENTITY "insert_identity";
    INSERT_ROLE "insert_role";
    INSERT_ROLE_PERMISSIONS "insert_role_permissions";
    INSERT_SESSION "insert_session";
    INSERT_SETUP_TOKEN "insert_setup_token";
    INSERT_SIGNING_KEY "insert_signing_key";
    INSERT_SITE "insert_site";
    INSERT_SITE_STORE "insert_site_store";
    INSERT_TICKETS "insert_tickets";
    INSERT_USER "insert_user";
    INSERT_USER_ROLE "insert_user_role";
    INSERT_USER_WORDS "insert_user_words";
    LIFT_SESSION "lift_session";
    LIST_ACCOUNTS "list_accounts";
    LIST_ADDRESS_BANS "list_address_bans";
    LIST_CHANGES "list_changes";
    LIST_COMMON_GROUPS "list_common_groups";
    LIST_DEVICES "list_devices";
    LIST_PEOPLE "list_people";
    LIST_POLICY_VALUES "list_policy_values";
    LIST_REVOKED_SESSIONS "list_revoked_sessions";
    LIST_ROLE_PERMISSIONS "list_role_permissions";
    LIST_ROLES "list_roles";
    LIST_SESSIONS "list_sessions";
    LIST_SIGNING_KEYS "list_signing_keys";
    LIST_SITE_ADDRESSES "list_site_addresses";
    LIST_SITE_STORES "list_site_stores";
    LIST_SITES "list_sites";
    LOCK_AUDIT_HEAD "lock_audit_head";
    LOCK_SETUP "lock_setup";
    LOCK_SITE "lock_site";
    REDEEM_TICKETS "redeem_tickets";
    REHASH_PASSWORD "rehash_password";
    ROTATE_SESSIONS "rotate_sessions";
    SET_AUDIT_HEAD "set_audit_head";
    SET_USER_FAILURES "set_user_failures";
    SET_USER_LOGIN "set_user_login";
    SET_USER_STATE "set_user_state";
    SHARE_A_GROUP "share_a_group";
    TAKE_REVISIONS "take_revisions";
    UPDATE_PROFILE "update_profile";
    UPSERT_DEVICE "upsert_device";
    UPSERT_PASSWORD "upsert_password";
    USE_INVITE "use_invite";
}
