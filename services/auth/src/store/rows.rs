//! From rows to domain values.

use im_policy::{Scope, StoredValue};
use im_store::{FromRow, Row, StoreError};
use im_types::{DisplayName, RoleId, Secret, SiteId, Username};

use crate::crypto::StoredKey;
use crate::domain::audit::AuditHash;
use crate::domain::change::NumberedChange;
use crate::domain::credential::Credential;
use crate::domain::people::{UnknownWordError, User, UserState};
use crate::domain::session::{Device, Session};

/// A counter with its hash.
pub(super) struct Head {
    pub(super) value: i64,
    pub(super) hash: AuditHash,
}

impl FromRow for Head {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let hash = row
            .get_bytes("hash")?
            .try_into()
            .map_err(|_| StoreError::Decode {
                column: "hash".to_owned(),
                source: "a hash of the audit chain has 32 bytes".into(),
            })?;
        Ok(Self {
            value: row.get_i64("value")?,
            hash,
        })
    }
}

impl FromRow for NumberedChange {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            revision: row.get_i64("revision")?,
            kind: row.get_i64("kind")?,
            reference: row.get_text("ref")?,
            user_id: row.get_opt_id("user_id")?,
        })
    }
}

impl FromRow for User {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get_id("user_id")?,
            username: row.get_parsed("username", Username::parse)?,
            display_name: row.get_parsed("display_name", DisplayName::parse)?,
            state: row.get_parsed("state", UserState::parse)?,
            site: row.get_parsed("site_id", SiteId::parse)?,
            hierarchy_level: row.get_int("hierarchy_level")?,
            about: row.get_text("about")?,
            locale: row.get_text("locale")?,
            time_zone: row.get_text("time_zone")?,
            email: row.get_text("email")?,
            is_break_glass: row.get_bool("is_break_glass")?,
            failure_count: row.get_int("failure_count")?,
            locked_until: row.get_opt_timestamp("locked_until_at_us")?,
            last_login_at: row.get_opt_timestamp("last_login_at_us")?,
            created_at: row.get_timestamp("created_at_us")?,
        })
    }
}

impl FromRow for Credential {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            user_id: row.get_id("user_id")?,
            password_hash: row.get_text("password_hash")?,
            changed_at: row.get_timestamp("changed_at_us")?,
            is_change_required: row.get_bool("is_change_required")?,
        })
    }
}

impl FromRow for Session {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get_id("session_id")?,
            user_id: row.get_id("user_id")?,
            device_id: row.get_id("device_id")?,
            site: row.get_parsed("site_id", SiteId::parse)?,
            is_password_only: row.get_bool("is_password_only")?,
            family_hash: row.get_bytes("family_hash")?,
            refresh_hash: row.get_bytes("refresh_hash")?,
            client_address: row.get_text("client_address")?,
            created_at: row.get_timestamp("created_at_us")?,
            last_seen_at: row.get_timestamp("last_seen_at_us")?,
            expires_at: row.get_timestamp("expires_at_us")?,
            ends_at: row.get_timestamp("ends_at_us")?,
            is_shadow: row.get_bool("is_shadow")?,
        })
    }
}

impl FromRow for Device {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get_id("device_id")?,
            user_id: row.get_id("user_id")?,
            name: row.get_text("name")?,
            is_approved: row.get_bool("is_approved")?,
            created_at: row.get_timestamp("created_at_us")?,
            last_seen_at: row.get_timestamp("last_seen_at_us")?,
        })
    }
}

impl FromRow for StoredKey {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get_text("key_id")?,
            seed: Secret::new(row.get_bytes("private_key")?),
            public_key: row.get_bytes("public_key")?,
            created_at: row.get_timestamp("created_at_us")?,
            signs_from: row.get_timestamp("signs_from_at_us")?,
            signs_until: row.get_timestamp("signs_until_at_us")?,
            expires_at: row.get_timestamp("expires_at_us")?,
        })
    }
}

/// A policy value; its scope is read here, its value by the registry.
pub(super) struct PolicyRow(pub(super) StoredValue);

impl FromRow for PolicyRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let scope = match row.get_text("level")?.as_str() {
            "global" => Scope::Global,
            "site" => Scope::Site(row.get_parsed("scope_id", SiteId::parse)?),
            "role" => Scope::Role(row.get_parsed("scope_id", RoleId::parse)?),
            _ => row.get_parsed("level", |_| Err(UnknownWordError))?,
        };
        Ok(Self(StoredValue {
            scope,
            key: row.get_text("key")?,
            value: row.get_text("value")?,
        }))
    }
}
