//! Sessions and devices.

use im_store::{FromRow, Row, StoreError, query};
use im_types::{DeviceId, SessionId, SiteId, Timestamp, UserId};
use uuid::Uuid;

use super::statements as sql;
use super::{SqlStore, Unit};
use crate::domain::change::Change;
use crate::domain::session::{Device, Session, SessionWithDevice};

impl FromRow for SessionWithDevice {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            session: Session::from_row(row)?,
            device_name: row.get_text("device_name")?,
        })
    }
}

struct Ended(SessionId, UserId);

impl FromRow for Ended {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self(row.get_id("session_id")?, row.get_id("user_id")?))
    }
}

/// What a renewal changes of a session.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// Which session.
    pub session_id: SessionId,
    /// Hash of the token that was sent.
    pub before: Vec<u8>,
    /// Hash of the token that replaces it.
    pub after: Vec<u8>,
    /// Where the request came from.
    pub client_address: String,
    /// Now.
    pub now: Timestamp,
    /// When the session ends unless renewed again.
    pub expires_at: Timestamp,
}

/// Whose sessions or devices; `None` for everybody's.
type Owner = Option<UserId>;

impl SqlStore {
    /// A session that has not been ended; it may have expired.
    pub async fn find_session(&self, session: SessionId) -> Result<Option<Session>, StoreError> {
        query(sql::FIND_SESSION)
            .bind(session)
            .fetch_optional(&self.database)
            .await
    }

    /// Open sessions, the newest first, beginning after `before`.
    pub async fn list_sessions(
        &self,
        owner: Owner,
        before: Option<SessionId>,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<SessionWithDevice>, StoreError> {
        query(sql::LIST_SESSIONS)
            .bind(owner.is_none())
            .bind(owner)
            .bind(before.map_or(Uuid::max(), |id| id.as_uuid()))
            .bind(now)
            .bind(limit)
            .fetch_all(&self.database)
            .await
    }

    /// Those of these sessions that are open.
    pub async fn find_live_sessions(
        &self,
        sessions: &[SessionId],
        now: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError> {
        let find = query(sql::FIND_LIVE_SESSIONS)
            .bind(now)
            .bind_list(sessions.iter().copied());
        let live: Vec<Uuid> = find.fetch_all(&self.database).await?;
        Ok(live.into_iter().map(SessionId::from_uuid).collect())
    }

    /// How many sessions are open.
    pub async fn count_live_sessions(&self, now: Timestamp) -> Result<i64, StoreError> {
        query(sql::COUNT_LIVE_SESSIONS)
            .bind(now)
            .fetch_one(&self.database)
            .await
    }

    /// A device.
    pub async fn find_device(&self, device: DeviceId) -> Result<Option<Device>, StoreError> {
        query(sql::FIND_DEVICE)
            .bind(device)
            .fetch_optional(&self.database)
            .await
    }

    /// Devices, the newest first, beginning after `before`.
    pub async fn list_devices(
        &self,
        owner: Owner,
        is_waiting_only: bool,
        before: Option<DeviceId>,
        limit: i64,
    ) -> Result<Vec<Device>, StoreError> {
        query(sql::LIST_DEVICES)
            .bind(owner.is_none())
            .bind(owner)
            .bind(is_waiting_only)
            .bind(before.map_or(Uuid::max(), |id| id.as_uuid()))
            .bind(limit)
            .fetch_all(&self.database)
            .await
    }
}

impl Unit {
    /// Opens a session.
    pub async fn insert_session(&mut self, session: &Session) -> Result<(), StoreError> {
        query(sql::INSERT_SESSION)
            .bind(session.id)
            .bind(session.user_id)
            .bind(session.device_id)
            .bind(&session.site)
            .bind(session.is_password_only)
            .bind(&session.family_hash)
            .bind(&session.refresh_hash)
            .bind(session.client_address.as_str())
            .bind(session.created_at)
            .bind(session.expires_at)
            .bind(session.ends_at)
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }

    /// A session, within the unit.
    pub async fn find_session(
        &mut self,
        session: SessionId,
    ) -> Result<Option<Session>, StoreError> {
        query(sql::FIND_SESSION)
            .bind(session)
            .fetch_optional(&mut self.tx)
            .await
    }

    /// Lets a session do everything again.
    pub async fn lift_session(&mut self, session: SessionId) -> Result<(), StoreError> {
        query(sql::LIFT_SESSION)
            .bind(session)
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }

    /// Ends a session; `None` if there is none.
    pub async fn end_session(&mut self, session: SessionId) -> Result<Option<UserId>, StoreError> {
        let ended: Option<Ended> = query(sql::DELETE_SESSION)
            .bind(session)
            .fetch_optional(&mut self.tx)
            .await?;
        let user = ended.as_ref().map(|Ended(_, user)| *user);
        self.note_ended(ended);
        Ok(user)
    }

    /// Ends all sessions of a person, except one.
    pub async fn end_sessions_of_user(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
    ) -> Result<usize, StoreError> {
        let except = except.map_or(Uuid::nil(), |id| id.as_uuid());
        let delete = query(sql::DELETE_SESSIONS_OF_USER).bind(user).bind(except);
        let ended: Vec<Ended> = delete.fetch_all(&mut self.tx).await?;
        Ok(self.note_ended(ended))
    }

    /// Ends all sessions on a device.
    pub async fn end_sessions_of_device(&mut self, device: DeviceId) -> Result<usize, StoreError> {
        let delete = query(sql::DELETE_SESSIONS_OF_DEVICE).bind(device);
        let ended: Vec<Ended> = delete.fetch_all(&mut self.tx).await?;
        Ok(self.note_ended(ended))
    }

    /// Ends all sessions on a site.
    pub async fn end_sessions_of_site(&mut self, site: &SiteId) -> Result<usize, StoreError> {
        let delete = query(sql::DELETE_SESSIONS_OF_SITE).bind(site);
        let ended: Vec<Ended> = delete.fetch_all(&mut self.tx).await?;
        Ok(self.note_ended(ended))
    }

    /// Removes at most 500 sessions that have expired; says how many.
    pub async fn end_expired_sessions(&mut self) -> Result<usize, StoreError> {
        let now = self.now();
        let delete = query(sql::DELETE_EXPIRED_SESSIONS).bind(now);
        let ended: Vec<Ended> = delete.fetch_all(&mut self.tx).await?;
        Ok(self.note_ended(ended))
    }

    fn note_ended(&mut self, ended: impl IntoIterator<Item = Ended>) -> usize {
        let mut count = 0;
        for Ended(session, user) in ended {
            self.change(Change::SessionRevoked(session, user));
            count += 1;
        }
        count
    }

    /// Ends the sessions of a person that were unused the longest, so that with one more there are
    /// at most `sessions_max`.
    pub async fn make_room_for_session(
        &mut self,
        user: UserId,
        sessions_max: u64,
    ) -> Result<usize, StoreError> {
        let keep = i64::try_from(sessions_max.saturating_sub(1)).unwrap_or(i64::MAX);
        let delete = query(sql::DELETE_OLDEST_SESSIONS).bind(user).bind(keep);
        let ended: Vec<Ended> = delete.fetch_all(&mut self.tx).await?;
        Ok(self.note_ended(ended))
    }

    /// How many devices a person has.
    pub async fn count_devices(&mut self, user: UserId) -> Result<u64, StoreError> {
        let count: i64 = query(sql::COUNT_DEVICES)
            .bind(user)
            .fetch_one(&mut self.tx)
            .await?;
        Ok(count.unsigned_abs())
    }

    /// Forgets the device of a person that was unused the longest and has no open session.
    pub async fn delete_oldest_device(&mut self, user: UserId) -> Result<bool, StoreError> {
        let delete = query(sql::DELETE_OLDEST_DEVICE).bind(user);
        Ok(delete.execute(&mut self.tx).await? > 0)
    }

    /// Notes a device, or that it was used. A device of somebody else stays untouched.
    pub async fn put_device(&mut self, device: &Device) -> Result<(), StoreError> {
        let now = self.now();
        query(sql::UPSERT_DEVICE)
            .bind(device.id)
            .bind(device.user_id)
            .bind(device.name.as_str())
            .bind(device.is_approved)
            .bind(now)
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }

    /// Lets a device in.
    pub async fn approve_device(&mut self, device: DeviceId) -> Result<(), StoreError> {
        query(sql::APPROVE_DEVICE)
            .bind(device)
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }

    /// Forgets a device and ends its sessions.
    pub async fn delete_device(&mut self, device: DeviceId) -> Result<(), StoreError> {
        self.end_sessions_of_device(device).await?;
        query(sql::DELETE_DEVICE)
            .bind(device)
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }
}
