//! The submission log.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, INSERT_CHUNK, Page, StoreError,
    cases::begins_with,
    connection::{Log, each_backend},
    erasures,
    schema::{idempotency_keys, links, submission_keys, submissions},
    seal::{OwnKey, Sealer},
    stored, submission_keys as own_keys,
    tallies::{self, Subject},
    word,
};
use crate::{
    domain::{
        division,
        submission::{Channel, Kind, Submission},
    },
    matching::Decision,
};

/// A validated, fingerprinted filing that asks to be registered.
#[derive(Clone, Debug)]
pub struct NewSubmission {
    pub id: String,
    pub platform: String,
    pub submission: Submission,
    /// SHA-256 of the filing in canonical form.
    pub body_digest: [u8; 32],
    pub fingerprint: Vec<u8>,
    pub province: String,
    pub received_at: DateTime<Utc>,
    pub idempotency_key: Option<String>,
    /// The platform keeps the content: `submission` holds the envelope, `fingerprint` is the platform's own.
    pub blind: bool,
}

/// What became of a [`NewSubmission`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    New {
        seq: i64,
    },
    /// The same filing is registered already.
    Known {
        id: String,
        received_at: DateTime<Utc>,
    },
    /// The platform's number is registered with another body.
    SourceIdConflict {
        id: String,
    },
    /// The idempotency key was used for another body.
    KeyReused,
}

#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = submissions, treat_none_as_default_value = false)]
struct SubmissionRow {
    seq: i64,
    id: String,
    platform: String,
    source_id: String,
    body_digest: Vec<u8>,
    body: Vec<u8>,
    fingerprint: Vec<u8>,
    channel: String,
    kind: String,
    division: Option<String>,
    province: String,
    category: Option<String>,
    anonymous: bool,
    blind: bool,
    people_count: i32,
    submitted_at: NaiveDateTime,
    received_at: NaiveDateTime,
}

#[derive(Insertable)]
#[diesel(table_name = idempotency_keys)]
struct IdempotencyKeyRow {
    platform: String,
    key: String,
    body_digest: Vec<u8>,
    submission_id: String,
    created_at: NaiveDateTime,
}

/// A registered filing, opened.
#[derive(Clone, Debug)]
pub struct Registered {
    pub seq: i64,
    pub id: String,
    pub platform: String,
    pub province: String,
    pub received_at: DateTime<Utc>,
    pub fingerprint: Vec<u8>,
    pub submission: Submission,
    /// The content stayed on the platform; `submission` is only its envelope.
    pub blind: bool,
    /// Personal data was erased; `submission` is only its envelope.
    pub erased: bool,
}

impl Registered {
    /// True if the content is here.
    pub const fn is_open(&self) -> bool {
        !self.blind && !self.erased
    }
}

/// What the matcher's index is rebuilt from: what it decided itself. What people decided since is folded in beside.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Folded {
    pub seq: i64,
    pub fingerprint: Vec<u8>,
    /// Sequence number of the submission that founded the case.
    pub case_seq: i64,
    pub matter_seq: Option<i64>,
}

fn row_context(id: &str) -> String {
    format!("submission:{id}")
}

/// A filing and its own key, if it was not erased.
type Opening = (SubmissionRow, Option<Vec<u8>>);

fn open(connection: &mut Connection<'_>, sealer: &Sealer, rows: Vec<Opening>) -> Result<Vec<Registered>, StoreError> {
    let erased: Vec<&str> = rows.iter().filter(|(_, key)| key.is_none()).map(|(row, _)| row.id.as_str()).collect();
    let mut left = erasures::left(connection, sealer, &erased)?;
    rows.into_iter()
        .map(|(row, key)| {
            let erased = key.is_none();
            let submission = match key {
                Some(sealed) => own_keys::open(sealer, &row.id, &sealed)?.open_json(&row_context(&row.id), &row.body)?,
                None => left.remove(&row.id).ok_or_else(|| StoreError::corrupt("filing", "its key is gone and it was not erased"))?,
            };
            Ok(row.opened(submission, erased))
        })
        .collect()
}

impl SubmissionRow {
    fn opened(self, submission: Submission, erased: bool) -> Registered {
        Registered {
            seq: self.seq,
            id: self.id,
            platform: self.platform,
            province: self.province,
            received_at: self.received_at.and_utc(),
            fingerprint: self.fingerprint,
            submission,
            blind: self.blind,
            erased,
        }
    }
}

/// Registers a batch in order and answers for each entry. Call inside a transaction; what it answers holds once that commits.
pub fn append(connection: &mut Connection<'_>, sealer: &Sealer, batch: &[NewSubmission]) -> Result<Vec<Appended>, StoreError> {
    connection.lock_log(Log::Submissions)?;
    let mut known = registered_source_ids(connection, batch)?;
    let mut keys = used_keys(connection, batch)?;
    let mut seq = last_seq(connection)?;
    let (mut rows, mut own, mut key_rows, mut answers) = (Vec::new(), Vec::new(), Vec::new(), Vec::with_capacity(batch.len()));
    for new in batch {
        let key = new.idempotency_key.as_ref().map(|key| (new.platform.clone(), key.clone()));
        if key.as_ref().and_then(|k| keys.get(k)).is_some_and(|digest| digest[..] != new.body_digest) {
            answers.push(Appended::KeyReused);
            continue;
        }
        let source = (new.platform.clone(), new.submission.source_id.clone());
        if let Some((id, digest, received_at)) = known.get(&source) {
            answers.push(if digest[..] == new.body_digest {
                Appended::Known { id: id.clone(), received_at: received_at.and_utc() }
            } else {
                Appended::SourceIdConflict { id: id.clone() }
            });
            continue;
        }
        seq += 1;
        known.insert(source, (new.id.clone(), new.body_digest.to_vec(), stored(new.received_at)));
        if let Some(key) = key {
            keys.insert(key.clone(), new.body_digest.to_vec());
            key_rows.push(IdempotencyKeyRow {
                platform: key.0,
                key: key.1,
                body_digest: new.body_digest.to_vec(),
                submission_id: new.id.clone(),
                created_at: stored(new.received_at),
            });
        }
        let (key, kept) = own_keys::make(sealer, &new.id)?;
        rows.push(row(&key, seq, new)?);
        own.push(kept);
        answers.push(Appended::New { seq });
    }
    for chunk in rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(submissions::table).values(chunk).execute(c))?;
    }
    own_keys::insert(connection, &own)?;
    for chunk in key_rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(idempotency_keys::table).values(chunk).execute(c))?;
    }
    Ok(answers)
}

fn row(key: &OwnKey, seq: i64, new: &NewSubmission) -> Result<SubmissionRow, StoreError> {
    let s = &new.submission;
    Ok(SubmissionRow {
        seq,
        id: new.id.clone(),
        platform: new.platform.clone(),
        source_id: s.source_id.clone(),
        body_digest: new.body_digest.to_vec(),
        body: key.seal_json(&row_context(&new.id), s)?,
        fingerprint: new.fingerprint.clone(),
        channel: s.channel.as_str().to_owned(),
        kind: s.kind.as_str().to_owned(),
        division: s.division.clone(),
        province: new.province.clone(),
        category: s.category.clone(),
        anonymous: s.anonymous,
        blind: new.blind,
        people_count: i32::try_from(s.people_count).unwrap_or(i32::MAX),
        submitted_at: stored(s.submitted_at.to_utc()),
        received_at: stored(new.received_at),
    })
}

type SourceId = (String, String);
/// Id, body digest and time of a registered filing.
type Known = (String, Vec<u8>, NaiveDateTime);

fn registered_source_ids(connection: &mut Connection<'_>, batch: &[NewSubmission]) -> Result<HashMap<SourceId, Known>, StoreError> {
    let mut by_platform: HashMap<&str, Vec<&str>> = HashMap::new();
    for new in batch {
        by_platform.entry(&new.platform).or_default().push(&new.submission.source_id);
    }
    let mut known = HashMap::new();
    for (platform, source_ids) in by_platform {
        let found: Vec<(String, String, Vec<u8>, NaiveDateTime)> = each_backend!(connection, c => submissions::table
            .filter(submissions::platform.eq(platform))
            .filter(submissions::source_id.eq_any(&source_ids))
            .select((submissions::source_id, submissions::id, submissions::body_digest, submissions::received_at))
            .load(c))?;
        known.extend(found.into_iter().map(|(source_id, id, digest, at)| ((platform.to_owned(), source_id), (id, digest, at))));
    }
    Ok(known)
}

fn used_keys(connection: &mut Connection<'_>, batch: &[NewSubmission]) -> Result<HashMap<(String, String), Vec<u8>>, StoreError> {
    let keys: Vec<&str> = batch.iter().filter_map(|new| new.idempotency_key.as_deref()).collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(String, String, Vec<u8>)> = each_backend!(connection, c => idempotency_keys::table
        .filter(idempotency_keys::key.eq_any(&keys))
        .select((idempotency_keys::platform, idempotency_keys::key, idempotency_keys::body_digest))
        .load(c))?;
    Ok(found.into_iter().map(|(platform, key, digest)| ((platform, key), digest)).collect())
}

/// Forgets idempotency keys used before a time; answers how many. The filings stay known by their `source_id`.
pub fn expire_keys(connection: &mut Connection<'_>, before: DateTime<Utc>) -> Result<usize, StoreError> {
    Ok(
        each_backend!(connection, c => diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.lt(stored(before)))).execute(c))?,
    )
}

/// The position of the newest entry; 0 for an empty log.
pub fn last_seq(connection: &mut Connection<'_>) -> Result<i64, StoreError> {
    let last: Option<i64> = each_backend!(connection, c => submissions::table.select(diesel::dsl::max(submissions::seq)).first(c))?;
    Ok(last.unwrap_or(0))
}

/// Filings with their own keys.
macro_rules! opening {
    () => {
        submissions::table
            .left_join(submission_keys::table.on(submission_keys::submission_id.eq(submissions::id)))
            .select((SubmissionRow::as_select(), submission_keys::sealed.nullable()))
    };
}

/// Entries after a position, in order.
pub fn read_log(connection: &mut Connection<'_>, sealer: &Sealer, after: i64, limit: i64) -> Result<Vec<Registered>, StoreError> {
    let rows: Vec<Opening> = each_backend!(connection, c => opening!()
        .filter(submissions::seq.gt(after))
        .order(submissions::seq)
        .limit(limit)
        .load(c))?;
    open(connection, sealer, rows)
}

/// Linked entries after a position, in order, with the case and matter the matcher put each into.
pub fn fold(connection: &mut Connection<'_>, after: i64, limit: i64) -> Result<Vec<Folded>, StoreError> {
    Ok(each_backend!(connection, c => submissions::table
        .inner_join(links::table.on(links::submission_seq.eq(submissions::seq)))
        .filter(submissions::seq.gt(after))
        .order(submissions::seq)
        .limit(limit)
        .select((submissions::seq, submissions::fingerprint, links::decided_case, links::decided_matter))
        .load(c))?)
}

pub fn find(connection: &mut Connection<'_>, sealer: &Sealer, id: &str) -> Result<Option<Registered>, StoreError> {
    let row: Option<Opening> = each_backend!(connection, c => opening!().filter(submissions::id.eq(id)).first(c).optional())?;
    Ok(open(connection, sealer, row.into_iter().collect())?.pop())
}

pub fn find_many(connection: &mut Connection<'_>, sealer: &Sealer, seqs: &[i64]) -> Result<Vec<Registered>, StoreError> {
    let rows: Vec<Opening> =
        each_backend!(connection, c => opening!().filter(submissions::seq.eq_any(seqs)).order(submissions::seq).load(c))?;
    open(connection, sealer, rows)
}

/// What a match names a filing by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub id: String,
    pub platform: String,
    pub channel: Channel,
}

impl Registered {
    pub fn reference(&self) -> Reference {
        Reference { id: self.id.clone(), platform: self.platform.clone(), channel: self.submission.channel }
    }
}

/// References of filings, by their positions.
pub fn references(connection: &mut Connection<'_>, seqs: &[i64]) -> Result<HashMap<i64, Reference>, StoreError> {
    let mut all = HashMap::new();
    for chunk in seqs.chunks(INSERT_CHUNK) {
        let found: Vec<(i64, String, String, String)> = each_backend!(connection, c => submissions::table
            .filter(submissions::seq.eq_any(chunk))
            .select((submissions::seq, submissions::id, submissions::platform, submissions::channel))
            .load(c))?;
        for (seq, id, platform, channel) in found {
            all.insert(seq, Reference { id, platform, channel: word("channel", channel)? });
        }
    }
    Ok(all)
}

/// Which filings a list shows; every part narrows it.
#[derive(Clone, Debug, Default)]
pub struct SubmissionFilter {
    pub platform: Option<String>,
    pub source_id: Option<String>,
    pub channel: Option<Channel>,
    pub kind: Option<Kind>,
    pub decision: Option<Decision>,
    pub received_from: Option<DateTime<Utc>>,
    /// Exclusive.
    pub received_until: Option<DateTime<Utc>>,
    /// This one and all inside it.
    pub division: Option<String>,
}

/// Filings, newest first.
pub fn list(
    connection: &mut Connection<'_>,
    sealer: &Sealer,
    filter: &SubmissionFilter,
    page: Page,
) -> Result<Vec<Registered>, StoreError> {
    let rows: Vec<Opening> = each_backend!(connection, c => {
        let mut query = opening!().into_boxed();
        if let Some(platform) = &filter.platform {
            query = query.filter(submissions::platform.eq(platform));
        }
        if let Some(source_id) = &filter.source_id {
            query = query.filter(submissions::source_id.eq(source_id));
        }
        if let Some(channel) = filter.channel {
            query = query.filter(submissions::channel.eq(channel.as_str()));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(submissions::kind.eq(kind.as_str()));
        }
        if let Some(decision) = filter.decision {
            let decided = links::table.filter(links::decision.eq(super::links::decision_word(decision))).select(links::submission_seq);
            query = query.filter(submissions::seq.eq_any(decided));
        }
        if let Some(from) = filter.received_from {
            query = query.filter(submissions::received_at.ge(stored(from)));
        }
        if let Some(until) = filter.received_until {
            query = query.filter(submissions::received_at.lt(stored(until)));
        }
        if let Some(own) = &filter.division {
            let prefix = division::prefix(own);
            query = query.filter(submissions::province.eq(division::province(own)));
            if prefix.len() > 2 {
                query = query.filter(submissions::division.like(begins_with(prefix)).escape('\\'));
            }
        }
        query.filter(submissions::seq.lt(page.below().0)).order(submissions::seq.desc()).limit(page.limit).load(c)
    })?;
    open(connection, sealer, rows)
}

/// Channel, source number and time of filings, unopened.
#[derive(Clone, Debug)]
pub struct Heading {
    pub source_id: String,
    pub channel: Channel,
    pub submitted_at: DateTime<Utc>,
}

/// Headings by id.
pub fn headings(connection: &mut Connection<'_>, ids: &[String]) -> Result<HashMap<String, Heading>, StoreError> {
    let rows: Vec<(String, String, String, NaiveDateTime)> = each_backend!(connection, c => submissions::table
        .filter(submissions::id.eq_any(ids))
        .select((submissions::id, submissions::source_id, submissions::channel, submissions::submitted_at))
        .load(c))?;
    rows.into_iter()
        .map(|(id, source_id, channel, at)| Ok((id, Heading { source_id, channel: word("channel", channel)?, submitted_at: at.and_utc() })))
        .collect()
}

/// When each of these platforms last filed.
pub fn last_received(connection: &mut Connection<'_>, platforms: &[&str]) -> Result<HashMap<String, DateTime<Utc>>, StoreError> {
    let mut last = HashMap::new();
    for platform in platforms {
        let at: Option<NaiveDateTime> = each_backend!(connection, c => submissions::table
            .filter(submissions::platform.eq(platform))
            .order(submissions::seq.desc())
            .select(submissions::received_at)
            .first(c)
            .optional())?;
        last.extend(at.map(|at| ((*platform).to_owned(), at.and_utc())));
    }
    Ok(last)
}

/// How many filings came by each platform and channel.
pub fn counts(connection: &mut Connection<'_>) -> Result<Vec<(String, String, i64)>, StoreError> {
    let counted = tallies::of(connection, Subject::Submission)?;
    Ok(counted.into_iter().map(|counted| (counted.platform, counted.detail, counted.count)).collect())
}

/// How many filings of each of these platforms came since a time.
pub fn received_since(
    connection: &mut Connection<'_>,
    platforms: &[&str],
    since: DateTime<Utc>,
) -> Result<HashMap<String, i64>, StoreError> {
    let first: Option<i64> = each_backend!(connection, c => submissions::table
        .filter(submissions::received_at.ge(stored(since)))
        .order((submissions::received_at, submissions::seq))
        .select(submissions::seq)
        .first(c)
        .optional())?;
    let Some(first) = first else { return Ok(HashMap::new()) };
    let mut counts = HashMap::new();
    for platform in platforms {
        let count: i64 = each_backend!(connection, c => submissions::table
            .filter(submissions::platform.eq(platform))
            .filter(submissions::seq.ge(first))
            .count()
            .get_result(c))?;
        counts.insert((*platform).to_owned(), count);
    }
    Ok(counts)
}
