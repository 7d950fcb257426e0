//! Requests for a review or a re-review of an answer, and which body decides on them. What the petitioner wrote is kept in the
//! event, sealed.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{Connection, StoreError, connection::each_backend, events::UpdateNovelty, schema::review_requests, stored};

/// A request and who has it in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewRequest {
    pub id: String,
    /// Where it was made, and its number there.
    pub platform: String,
    pub request_id: String,
    pub body_digest: [u8; 32],
    pub case_id: String,
    /// The body that decides, and the platform it works on.
    pub organization: String,
    pub reviewer_platform: String,
    /// The number its platform answered the forward with.
    pub receipt: Option<String>,
    pub received_at: DateTime<Utc>,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = review_requests, treat_none_as_default_value = false)]
struct Row {
    id: String,
    platform: String,
    request_id: String,
    body_digest: Vec<u8>,
    case_id: String,
    organization: String,
    reviewer_platform: String,
    receipt: Option<String>,
    received_at: NaiveDateTime,
}

impl TryFrom<Row> for ReviewRequest {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            platform: row.platform,
            request_id: row.request_id,
            body_digest: row.body_digest.try_into().map_err(|_| StoreError::corrupt("review request", "a digest of another length"))?,
            case_id: row.case_id,
            organization: row.organization,
            reviewer_platform: row.reviewer_platform,
            receipt: row.receipt,
            received_at: row.received_at.and_utc(),
        })
    }
}

/// How a request stands to what its platform sent before.
pub fn novelty(
    connection: &mut Connection<'_>,
    platform: &str,
    request_id: &str,
    case_id: &str,
    digest: &[u8; 32],
) -> Result<UpdateNovelty, StoreError> {
    let known: Option<(String, Vec<u8>)> = each_backend!(connection, c => review_requests::table
        .filter(review_requests::platform.eq(platform))
        .filter(review_requests::request_id.eq(request_id))
        .select((review_requests::case_id, review_requests::body_digest))
        .first(c)
        .optional())?;
    Ok(match known {
        None => UpdateNovelty::New,
        Some((case, known)) if case == case_id && known[..] == digest[..] => UpdateNovelty::Repeated,
        Some(_) => UpdateNovelty::Conflict,
    })
}

pub fn insert(connection: &mut Connection<'_>, request: &ReviewRequest) -> Result<(), StoreError> {
    let row = Row {
        id: request.id.clone(),
        platform: request.platform.clone(),
        request_id: request.request_id.clone(),
        body_digest: request.body_digest.to_vec(),
        case_id: request.case_id.clone(),
        organization: request.organization.clone(),
        reviewer_platform: request.reviewer_platform.clone(),
        receipt: request.receipt.clone(),
        received_at: stored(request.received_at),
    };
    each_backend!(connection, c => diesel::insert_into(review_requests::table).values(&row).execute(c))?;
    Ok(())
}

/// The newest request about a case.
pub fn latest(connection: &mut Connection<'_>, case_id: &str) -> Result<Option<ReviewRequest>, StoreError> {
    let row: Option<Row> = each_backend!(connection, c => review_requests::table
        .filter(review_requests::case_id.eq(case_id))
        .order(review_requests::seq.desc())
        .select(Row::as_select())
        .first(c)
        .optional())?;
    row.map(ReviewRequest::try_from).transpose()
}

/// The body of the newest request about each of these cases, and its platform.
pub fn latest_of(connection: &mut Connection<'_>, cases: &[String]) -> Result<HashMap<String, (String, String)>, StoreError> {
    let rows: Vec<(String, String, String)> = each_backend!(connection, c => review_requests::table
        .filter(review_requests::case_id.eq_any(cases))
        .order(review_requests::seq)
        .select((review_requests::case_id, review_requests::organization, review_requests::reviewer_platform))
        .load(c))?;
    Ok(rows.into_iter().map(|(case, organization, platform)| (case, (organization, platform))).collect())
}

/// Notes the reviewing platform's own number.
pub fn keep_receipt(connection: &mut Connection<'_>, id: &str, receipt: &str) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::update(review_requests::table.filter(review_requests::id.eq(id)))
        .set(review_requests::receipt.eq(receipt))
        .execute(c))?;
    Ok(())
}

/// The case that a reviewing platform knows by a number of its own.
pub fn case_by_receipt(connection: &mut Connection<'_>, platform: &str, receipt: &str) -> Result<Option<String>, StoreError> {
    Ok(each_backend!(connection, c => review_requests::table
        .filter(review_requests::reviewer_platform.eq(platform))
        .filter(review_requests::receipt.eq(receipt))
        .order(review_requests::seq.desc())
        .select(review_requests::case_id)
        .first(c)
        .optional())?)
}
