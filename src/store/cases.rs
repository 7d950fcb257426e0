//! Canonical cases and routing gaps.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{dsl::exists, prelude::*};

use super::{
    Connection, INSERT_CHUNK, Page, StoreError,
    connection::each_backend,
    counted::{Counted, counted},
    schema::{cases, links, review_requests, routing_gaps, submissions},
    stored,
    tallies::{self, Subject},
    word,
};
use crate::domain::{
    case::CaseStatus,
    division,
    organization::{self, GapReason},
    spot::Spot,
    submission::{Channel, Kind},
};

/// A stored case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    pub id: String,
    /// Position of the founding submission in the log.
    pub founding_seq: i64,
    pub kind: Kind,
    pub status: CaseStatus,
    pub division: Option<String>,
    pub province: String,
    pub category: Option<String>,
    /// The responsible body and the platform it works on; absent while no connected body is competent.
    pub organization: Option<String>,
    pub platform: Option<String>,
    /// The number the handling platform answered the forward with.
    pub receipt: Option<String>,
    pub matter_id: Option<String>,
    /// The case that took this one's submissions over when people merged them.
    pub merged_into: Option<String>,
    pub submission_count: i32,
    /// The cell that the founding filing's location lies in.
    pub spot: Option<Spot>,
    /// Rises with every change; the entity tag.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = cases, treat_none_as_default_value = false)]
pub(super) struct CaseRow {
    id: String,
    founding_seq: i64,
    kind: String,
    status: String,
    division: Option<String>,
    province: String,
    category: Option<String>,
    organization: Option<String>,
    platform: Option<String>,
    receipt: Option<String>,
    matter_id: Option<String>,
    merged_into: Option<String>,
    submission_count: i32,
    latitude: Option<i32>,
    longitude: Option<i32>,
    version: i64,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

impl From<&Case> for CaseRow {
    fn from(case: &Case) -> Self {
        Self {
            id: case.id.clone(),
            founding_seq: case.founding_seq,
            kind: case.kind.as_str().to_owned(),
            status: case.status.as_str().to_owned(),
            division: case.division.clone(),
            province: case.province.clone(),
            category: case.category.clone(),
            organization: case.organization.clone(),
            platform: case.platform.clone(),
            receipt: case.receipt.clone(),
            matter_id: case.matter_id.clone(),
            merged_into: case.merged_into.clone(),
            submission_count: case.submission_count,
            latitude: case.spot.map(|spot| spot.latitude),
            longitude: case.spot.map(|spot| spot.longitude),
            version: case.version,
            created_at: stored(case.created_at),
            updated_at: stored(case.updated_at),
        }
    }
}

impl TryFrom<CaseRow> for Case {
    type Error = StoreError;

    fn try_from(row: CaseRow) -> Result<Self, StoreError> {
        Ok(Self {
            kind: word("case kind", row.kind)?,
            status: word("case status", row.status)?,
            id: row.id,
            founding_seq: row.founding_seq,
            division: row.division,
            province: row.province,
            category: row.category,
            organization: row.organization,
            platform: row.platform,
            receipt: row.receipt,
            matter_id: row.matter_id,
            merged_into: row.merged_into,
            submission_count: row.submission_count,
            spot: row.latitude.zip(row.longitude).map(|(latitude, longitude)| Spot { latitude, longitude }),
            version: row.version,
            created_at: row.created_at.and_utc(),
            updated_at: row.updated_at.and_utc(),
        })
    }
}

/// Which cases a list shows; every part narrows it.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// Only cases this platform is a source, the handler or the reviewer of.
    pub visible_to: Option<String>,
    pub status: Option<CaseStatus>,
    pub kind: Option<Kind>,
    /// First digits of the division.
    pub division_prefix: Option<String>,
    /// This category path and all below it.
    pub category: Option<String>,
    pub organization: Option<String>,
    /// Any of these bodies.
    pub organizations: Option<Vec<String>>,
    /// The handling platform.
    /// The first filing came by it.
    pub channel: Option<Channel>,
    /// Only what a figure counted.
    pub counted: Option<Counted>,
    pub platform: Option<String>,
    pub matter: Option<String>,
    pub updated_from: Option<DateTime<Utc>>,
    /// Also cases that were merged into others.
    pub with_merged: bool,
}

/// The first text that no longer begins so, in the order of bytes: what begins with `text` lies from `text` on and before this, which an
/// index can find. The last text there is begins with [`char::MAX`].
pub(super) fn beyond(text: &str) -> String {
    let mut end: Vec<char> = text.chars().collect();
    let next = end.pop().and_then(|last| (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32)).unwrap_or(char::MAX);
    end.push(next);
    end.into_iter().collect()
}

/// A LIKE pattern for texts that begin so.
pub(super) fn begins_with(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

pub fn insert(connection: &mut Connection<'_>, new: &[Case]) -> Result<(), StoreError> {
    let rows: Vec<CaseRow> = new.iter().map(CaseRow::from).collect();
    for chunk in rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(cases::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// Writes a changed case over its stored form if nobody changed it since; `false` if somebody did.
pub fn replace(connection: &mut Connection<'_>, case: &Case, expected_version: i64) -> Result<bool, StoreError> {
    let changed = each_backend!(connection, c => diesel::update(cases::table)
        .filter(cases::id.eq(&case.id))
        .filter(cases::version.eq(expected_version))
        .set((
            cases::status.eq(case.status.as_str()),
            cases::organization.eq(&case.organization),
            cases::platform.eq(&case.platform),
            cases::receipt.eq(&case.receipt),
            cases::matter_id.eq(&case.matter_id),
            cases::merged_into.eq(&case.merged_into),
            cases::submission_count.eq(case.submission_count),
            cases::version.eq(case.version),
            cases::updated_at.eq(stored(case.updated_at)),
        ))
        .execute(c))?;
    Ok(changed == 1)
}

pub fn find(connection: &mut Connection<'_>, id: &str) -> Result<Option<Case>, StoreError> {
    let row: Option<CaseRow> = each_backend!(connection, c => cases::table
        .filter(cases::id.eq(id))
        .select(CaseRow::as_select())
        .first(c)
        .optional())?;
    row.map(Case::try_from).transpose()
}

/// The cases founded at these positions, kept from changing until the transaction ends.
pub fn lock_by_founding(connection: &mut Connection<'_>, seqs: &[i64]) -> Result<Vec<Case>, StoreError> {
    let mut all = Vec::with_capacity(seqs.len());
    for chunk in seqs.chunks(INSERT_CHUNK) {
        macro_rules! query {
            () => {
                cases::table.filter(cases::founding_seq.eq_any(chunk)).order(cases::founding_seq).select(CaseRow::as_select())
            };
        }
        let rows: Vec<CaseRow> = match connection {
            Connection::Sqlite(c) => query!().load(*c)?,
            Connection::Postgres(c) => query!().for_update().load(*c)?,
        };
        for row in rows {
            all.push(Case::try_from(row)?);
        }
    }
    Ok(all)
}

/// Cases that no body has in hand, in the order they were founded.
pub fn without_body(connection: &mut Connection<'_>, after: i64, limit: i64) -> Result<Vec<Case>, StoreError> {
    let rows: Vec<CaseRow> = each_backend!(connection, c => cases::table
        .filter(cases::organization.is_null())
        .filter(cases::merged_into.is_null())
        .filter(cases::founding_seq.gt(after))
        .order(cases::founding_seq)
        .limit(limit)
        .select(CaseRow::as_select())
        .load(c))?;
    rows.into_iter().map(Case::try_from).collect()
}

/// The case, kept from changing until the transaction ends.
pub fn lock(connection: &mut Connection<'_>, id: &str) -> Result<Option<Case>, StoreError> {
    macro_rules! query {
        () => {
            cases::table.filter(cases::id.eq(id)).select(CaseRow::as_select())
        };
    }
    let row: Option<CaseRow> = match connection {
        Connection::Sqlite(c) => query!().first(*c).optional()?,
        Connection::Postgres(c) => query!().for_update().first(*c).optional()?,
    };
    row.map(Case::try_from).transpose()
}

/// Names of cases that were made part of another lead to where their first submissions are after a split: to `new` for
/// those that `leaving` holds, to `old` for others that led to `new`.
pub fn lead_on(connection: &mut Connection<'_>, old: &str, new: &str, leaving: &[i64]) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::update(cases::table
        .filter(cases::merged_into.eq(new))
        .filter(cases::founding_seq.ne_all(leaving)))
        .set(cases::merged_into.eq(old))
        .execute(c))?;
    each_backend!(connection, c => diesel::update(cases::table
        .filter(cases::merged_into.is_not_null())
        .filter(cases::id.ne(new))
        .filter(cases::founding_seq.eq_any(leaving)))
        .set(cases::merged_into.eq(new))
        .execute(c))?;
    Ok(())
}

pub fn find_by_receipt(connection: &mut Connection<'_>, platform: &str, receipt: &str) -> Result<Option<Case>, StoreError> {
    let row: Option<CaseRow> = each_backend!(connection, c => cases::table
        .filter(cases::platform.eq(platform))
        .filter(cases::receipt.eq(receipt))
        .select(CaseRow::as_select())
        .first(c)
        .optional())?;
    row.map(Case::try_from).transpose()
}

/// Cases, newest first; a position's major part is the founding position.
pub fn list(connection: &mut Connection<'_>, filter: &CaseFilter, page: Page) -> Result<Vec<Case>, StoreError> {
    let gather = filter.counted.as_ref().map(|counted| counted.is_rare(connection, page.limit)).transpose()?.unwrap_or_default();
    let rows: Vec<CaseRow> = each_backend!(connection, c => {
        let mut query = cases::table.select(CaseRow::as_select()).into_boxed();
        if let Some(platform) = &filter.visible_to {
            let source = links::table.filter(links::platform.eq(platform)).filter(links::case_id.eq(cases::id));
            let reviewed = review_requests::table.filter(review_requests::reviewer_platform.eq(platform));
            let reviewed = reviewed.filter(review_requests::case_id.eq(cases::id));
            query = query.filter(cases::platform.eq(platform).assume_not_null().or(exists(source)).or(exists(reviewed)));
        }
        if let Some(status) = filter.status {
            query = query.filter(cases::status.eq(status.as_str()));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(cases::kind.eq(kind.as_str()));
        }
        if let Some(prefix) = filter.division_prefix.as_ref().filter(|prefix| !prefix.is_empty()) {
            query = query.filter(cases::province.eq(division::province(prefix)));
            if prefix.len() > 2 {
                query = query.filter(cases::division.ge(prefix).and(cases::division.lt(beyond(prefix))));
            }
        }
        if let Some(category) = &filter.category {
            query = query.filter(cases::category.ge(category).and(cases::category.lt(beyond(&format!("{category}/")))));
            query = query.filter(cases::category.eq(category).or(cases::category.like(begins_with(&format!("{category}/"))).escape('\\')));
        }
        if let Some(organization) = &filter.organization {
            query = query.filter(cases::organization.eq(organization));
        }
        if let Some(organizations) = &filter.organizations {
            query = query.filter(cases::organization.eq_any(organizations));
        }
        let of_filings = filter.counted.as_ref().is_some_and(Counted::is_of_filings);
        if let Some(platform) = filter.platform.as_ref().filter(|_| !of_filings) {
            query = query.filter(cases::platform.eq(platform));
        }
        if let Some(channel) = filter.channel.filter(|_| !of_filings) {
            let came_by = submissions::table.filter(submissions::seq.eq(cases::founding_seq)).filter(submissions::channel.eq(channel.as_str()));
            query = query.filter(exists(came_by));
        }
        if let Some(counted) = &filter.counted {
            query = counted!(query, counted, gather, filter);
        }
        if let Some(matter) = &filter.matter {
            query = query.filter(cases::matter_id.eq(matter));
        }
        if !filter.with_merged {
            query = query.filter(cases::merged_into.is_null());
        }
        if let Some(from) = filter.updated_from {
            query = query.filter(cases::updated_at.ge(stored(from)));
        }
        query.filter(cases::founding_seq.lt(page.below().0)).order(cases::founding_seq.desc()).limit(page.limit).load(c)
    })?;
    rows.into_iter().map(Case::try_from).collect()
}

/// Cases in each platform's hands that are not answered.
pub fn open_by_platform(connection: &mut Connection<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    let open = [CaseStatus::Routed, CaseStatus::Objected, CaseStatus::Accepted, CaseStatus::InProgress, CaseStatus::Extended]
        .map(CaseStatus::as_str);
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for counted in tallies::of(connection, Subject::Case)? {
        if !counted.platform.is_empty() && open.contains(&counted.state.as_str()) {
            *sums.entry(counted.platform).or_default() += counted.count;
        }
    }
    Ok(sums.into_iter().collect())
}

/// The cases with these codes.
pub fn find_many(connection: &mut Connection<'_>, ids: &[String]) -> Result<Vec<Case>, StoreError> {
    let rows: Vec<CaseRow> = each_backend!(connection, c => cases::table
        .filter(cases::id.eq_any(ids))
        .select(CaseRow::as_select())
        .load(c))?;
    rows.into_iter().map(Case::try_from).collect()
}

/// The cases founded at these positions.
pub fn founded_at(connection: &mut Connection<'_>, seqs: &[i64]) -> Result<Vec<Case>, StoreError> {
    let rows: Vec<CaseRow> = each_backend!(connection, c => cases::table
        .filter(cases::founding_seq.eq_any(seqs))
        .select(CaseRow::as_select())
        .load(c))?;
    rows.into_iter().map(Case::try_from).collect()
}

/// How many cases stand where; those that are part of others are not counted.
pub fn counts_by_status(connection: &mut Connection<'_>) -> Result<Vec<(CaseStatus, i64)>, StoreError> {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for counted in tallies::of(connection, Subject::Case)? {
        *sums.entry(counted.state).or_default() += counted.count;
    }
    sums.into_iter().map(|(status, count)| Ok((word("case status", status)?, count))).collect()
}

/// A case that could not go to the competent body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingGap {
    /// Position of the case's founding submission.
    pub founding_seq: i64,
    pub case_id: String,
    pub competent: Option<String>,
    /// Who took it instead; `None` while nobody connected may.
    pub responsible: Option<String>,
    /// `None`: no connected body is competent.
    pub reason: Option<GapReason>,
    pub province: String,
    pub at: DateTime<Utc>,
}

const NO_ROUTE: &str = "no_route";

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = routing_gaps, treat_none_as_default_value = false)]
struct RoutingGapRow {
    founding_seq: i64,
    case_id: String,
    competent: Option<String>,
    responsible: Option<String>,
    reason: String,
    province: String,
    at: NaiveDateTime,
}

/// A case that had no route has one: its gap becomes the detour it makes, or goes.
pub fn close_gap(connection: &mut Connection<'_>, case: &Case, detour: Option<&organization::RoutingGap>) -> Result<(), StoreError> {
    let of_case = routing_gaps::table.filter(routing_gaps::founding_seq.eq(case.founding_seq));
    match detour {
        Some(gap) => each_backend!(connection, c => diesel::update(of_case)
            .set((
                routing_gaps::competent.eq(&gap.competent),
                routing_gaps::responsible.eq(&case.organization),
                routing_gaps::reason.eq(gap.reason.as_str()),
            ))
            .execute(c))?,
        None => each_backend!(connection, c => diesel::delete(of_case).execute(c))?,
    };
    Ok(())
}

pub fn insert_gaps(connection: &mut Connection<'_>, gaps: &[RoutingGap]) -> Result<(), StoreError> {
    let rows: Vec<RoutingGapRow> = gaps
        .iter()
        .map(|gap| RoutingGapRow {
            founding_seq: gap.founding_seq,
            case_id: gap.case_id.clone(),
            competent: gap.competent.clone(),
            responsible: gap.responsible.clone(),
            reason: gap.reason.map_or(NO_ROUTE, GapReason::as_str).to_owned(),
            province: gap.province.clone(),
            at: stored(gap.at),
        })
        .collect();
    for chunk in rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(routing_gaps::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// Gaps, newest case first; of one competent body or of all.
pub fn gaps(connection: &mut Connection<'_>, competent: Option<&str>, page: Page) -> Result<Vec<RoutingGap>, StoreError> {
    let rows: Vec<RoutingGapRow> = each_backend!(connection, c => {
        let mut query = routing_gaps::table.select(RoutingGapRow::as_select()).into_boxed();
        if let Some(body) = competent {
            query = query.filter(routing_gaps::competent.eq(body));
        }
        query
            .filter(routing_gaps::founding_seq.lt(page.below().0))
            .order(routing_gaps::founding_seq.desc())
            .limit(page.limit)
            .load(c)
    })?;
    rows.into_iter()
        .map(|row| {
            Ok(RoutingGap {
                reason: if row.reason == NO_ROUTE { None } else { Some(word("gap reason", row.reason)?) },
                founding_seq: row.founding_seq,
                case_id: row.case_id,
                competent: row.competent,
                responsible: row.responsible,
                province: row.province,
                at: row.at.and_utc(),
            })
        })
        .collect()
}

pub fn count_gaps(connection: &mut Connection<'_>) -> Result<i64, StoreError> {
    tallies::total(connection, Subject::Gap)
}
