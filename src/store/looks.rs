//! Who looked at personal data in clear, of which case, and why.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, INSERT_CHUNK, Page, StoreError,
    connection::{Log, each_backend},
    schema::looks,
    seal::Sealer,
    stored,
};

/// Somebody looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Order among looks; given by [`append`].
    pub seq: i64,
    pub id: String,
    pub case_id: String,
    pub actor: String,
    /// Kept sealed.
    pub reason: String,
    pub at: DateTime<Utc>,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = looks)]
struct LookRow {
    seq: i64,
    id: String,
    case_id: String,
    actor: String,
    reason: Vec<u8>,
    at: NaiveDateTime,
}

fn context(id: &str) -> String {
    format!("look:{id}")
}

impl LookRow {
    fn open(self, sealer: &Sealer) -> Result<Look, StoreError> {
        let reason = sealer.open_json(&context(&self.id), &self.reason)?;
        Ok(Look { seq: self.seq, id: self.id, case_id: self.case_id, actor: self.actor, reason, at: self.at.and_utc() })
    }
}

/// Keeps looks; their `seq` is assigned here, in order.
pub fn append(connection: &mut Connection<'_>, sealer: &Sealer, new: &[Look]) -> Result<(), StoreError> {
    connection.lock_log(Log::Looks)?;
    let last: Option<i64> = each_backend!(connection, c => looks::table.select(diesel::dsl::max(looks::seq)).first(c))?;
    let row = |(seq, look): (i64, &Look)| -> Result<LookRow, StoreError> {
        Ok(LookRow {
            seq,
            id: look.id.clone(),
            case_id: look.case_id.clone(),
            actor: look.actor.clone(),
            reason: sealer.seal_json(&context(&look.id), &look.reason)?,
            at: stored(look.at),
        })
    };
    let rows = (last.unwrap_or(0) + 1..).zip(new).map(row).collect::<Result<Vec<_>, _>>()?;
    for chunk in rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(looks::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// Looks, newest first; those at one case, if one is named.
pub fn list(connection: &mut Connection<'_>, sealer: &Sealer, case_id: Option<&str>, page: Page) -> Result<Vec<Look>, StoreError> {
    let rows: Vec<LookRow> = each_backend!(connection, c => {
        let mut query = looks::table.select(LookRow::as_select()).into_boxed();
        if let Some(case_id) = case_id {
            query = query.filter(looks::case_id.eq(case_id));
        }
        query.filter(looks::seq.lt(page.below().0)).order(looks::seq.desc()).limit(page.limit).load(c)
    })?;
    rows.into_iter().map(|row| row.open(sealer)).collect()
}
