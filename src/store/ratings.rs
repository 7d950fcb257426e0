//! Petitioners' ratings. What they wrote is kept in the event, sealed.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{Connection, INSERT_CHUNK, StoreError, connection::each_backend, events::UpdateNovelty, schema::ratings, stored, word};
use crate::domain::rating::{Rating, Satisfaction};

/// Keeps a rating, so that it counts once.
pub fn insert(
    connection: &mut Connection<'_>,
    platform: &str,
    case_id: &str,
    rating: &Rating,
    now: DateTime<Utc>,
) -> Result<UpdateNovelty, StoreError> {
    let digest = rating.digest();
    let inserted = each_backend!(connection, c => diesel::insert_into(ratings::table)
        .values((
            ratings::platform.eq(platform),
            ratings::rating_id.eq(&rating.rating_id),
            ratings::case_id.eq(case_id),
            ratings::body_digest.eq(&digest[..]),
            ratings::satisfaction.eq(rating.satisfaction.as_str()),
            ratings::rated_at.eq(stored(rating.rated_at.to_utc())),
            ratings::received_at.eq(stored(now)),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    if inserted == 1 {
        return Ok(UpdateNovelty::New);
    }
    let known: (String, Vec<u8>) = each_backend!(connection, c => ratings::table
        .find((platform, &rating.rating_id))
        .select((ratings::case_id, ratings::body_digest))
        .first(c))?;
    Ok(if known.0 == case_id && known.1[..] == digest[..] { UpdateNovelty::Repeated } else { UpdateNovelty::Conflict })
}

/// Keeps ratings that are not there yet: platform, case, rating, when it was received.
pub fn insert_new(connection: &mut Connection<'_>, new: &[(String, String, Rating, DateTime<Utc>)]) -> Result<(), StoreError> {
    let rows: Vec<_> = new
        .iter()
        .map(|(platform, case, rating, now)| {
            (
                ratings::platform.eq(platform),
                ratings::rating_id.eq(&rating.rating_id),
                ratings::case_id.eq(case),
                ratings::body_digest.eq(rating.digest().to_vec()),
                ratings::satisfaction.eq(rating.satisfaction.as_str()),
                ratings::rated_at.eq(stored(rating.rated_at.to_utc())),
                ratings::received_at.eq(stored(*now)),
            )
        })
        .collect();
    for chunk in rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(ratings::table).values(chunk.to_vec()).execute(c))?;
    }
    Ok(())
}

/// The newest rating of each of these cases, by when it was given.
pub fn newest(connection: &mut Connection<'_>, cases: &[String]) -> Result<HashMap<String, (Satisfaction, DateTime<Utc>)>, StoreError> {
    let rows: Vec<(String, String, NaiveDateTime)> = each_backend!(connection, c => ratings::table
        .filter(ratings::case_id.eq_any(cases))
        .order((ratings::rated_at, ratings::received_at))
        .select((ratings::case_id, ratings::satisfaction, ratings::rated_at))
        .load(c))?;
    rows.into_iter().map(|(case, satisfaction, at)| Ok((case, (word("satisfaction", satisfaction)?, at.and_utc())))).collect()
}
