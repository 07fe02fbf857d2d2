//! Claims and last-seen times.

use im_store::{Database, query, query_rows};
use im_types::{Timestamp, UserId};
use uuid::Uuid;

use super::rows::{choice_code, or_zero};
use super::sql;
use crate::domain::claim::Claim;
use crate::error::Error;
use crate::ports::Sighting;

pub(super) async fn save_claims(database: &Database, claims: &[Claim]) -> Result<(), Error> {
    let rows = claims.iter().map(|claim| {
        (
            claim.user_id,
            claim.revision,
            choice_code(claim.choice),
            &*claim.reason,
            or_zero(claim.expires_at),
            claim.is_last_seen_hidden,
        )
    });
    query_rows(sql::UPSERT_CLAIMS)
        .rows(rows)
        .execute(database)
        .await?;
    Ok(())
}

pub(super) async fn list_claims(
    database: &Database,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<Claim>, Error> {
    let after = after.unwrap_or(UserId::from_uuid(Uuid::nil()));
    let statement = query(sql::LIST_CLAIMS).bind(after).bind(true).bind(limit);
    Ok(statement.fetch_all(database).await?)
}

pub(super) async fn save_sightings(
    database: &Database,
    sightings: &[(UserId, Timestamp)],
) -> Result<(), Error> {
    let rows = sightings.iter().map(|(user_id, at)| (*user_id, "", *at));
    query_rows(sql::UPSERT_SIGHTINGS)
        .rows(rows)
        .execute(database)
        .await?;
    Ok(())
}

pub(super) async fn list_sightings(
    database: &Database,
    user_ids: &[UserId],
) -> Result<Vec<Sighting>, Error> {
    if user_ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(query(sql::LIST_SIGHTINGS)
        .bind_list(user_ids)
        .fetch_all(database)
        .await?)
}
