//! What people decided about cases. Sticky: the linker folds them in and never goes against them.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{Connection, Page, StoreError, connection::each_backend, schema::rulings, seal::Sealer, stored};
use crate::matching;

/// A decision of a person.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// Order among rulings; given by [`append`].
    pub seq: i64,
    pub id: String,
    /// The linker folds it in after this position of the submission log.
    pub after_seq: i64,
    /// The case that is looked at, and the other one concerned.
    pub case_id: String,
    pub other_case: String,
    pub ruling: matching::Ruling,
    /// Who decided.
    pub actor: String,
    /// Why; kept sealed.
    pub reason: String,
    pub decided_at: DateTime<Utc>,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = rulings)]
struct RulingRow {
    seq: i64,
    id: String,
    after_seq: i64,
    case_id: String,
    other_case: String,
    ruling: String,
    actor: String,
    reason: Vec<u8>,
    decided_at: NaiveDateTime,
}

fn row_context(id: &str) -> String {
    format!("ruling:{id}")
}

impl RulingRow {
    fn open(self, sealer: &Sealer) -> Result<Ruling, StoreError> {
        let reason = sealer.open_json(&row_context(&self.id), &self.reason)?;
        Ok(Ruling {
            ruling: serde_json::from_str(&self.ruling).map_err(|source| StoreError::corrupt("ruling", source))?,
            seq: self.seq,
            id: self.id,
            after_seq: self.after_seq,
            case_id: self.case_id,
            other_case: self.other_case,
            actor: self.actor,
            reason,
            decided_at: self.decided_at.and_utc(),
        })
    }
}

/// Appends a ruling; its `seq` is assigned here. Call while the linker is kept out.
pub fn append(connection: &mut Connection<'_>, sealer: &Sealer, ruling: &Ruling) -> Result<(), StoreError> {
    let row = RulingRow {
        seq: last(connection)? + 1,
        id: ruling.id.clone(),
        after_seq: ruling.after_seq,
        case_id: ruling.case_id.clone(),
        other_case: ruling.other_case.clone(),
        ruling: serde_json::to_string(&ruling.ruling).map_err(|source| StoreError::corrupt("ruling", source))?,
        actor: ruling.actor.clone(),
        reason: sealer.seal_json(&row_context(&ruling.id), &ruling.reason)?,
        decided_at: stored(ruling.decided_at),
    };
    each_backend!(connection, c => diesel::insert_into(rulings::table).values(&row).execute(c))?;
    Ok(())
}

/// The number of the newest ruling; 0 for none.
pub fn last(connection: &mut Connection<'_>) -> Result<i64, StoreError> {
    let last: Option<i64> = each_backend!(connection, c => rulings::table.select(diesel::dsl::max(rulings::seq)).first(c))?;
    Ok(last.unwrap_or(0))
}

/// Rulings after a number, in order.
pub fn read(connection: &mut Connection<'_>, sealer: &Sealer, page: Page) -> Result<Vec<Ruling>, StoreError> {
    let rows: Vec<RulingRow> = each_backend!(connection, c => rulings::table
        .filter(rulings::seq.gt(page.above()))
        .order(rulings::seq)
        .limit(page.limit)
        .select(RulingRow::as_select())
        .load(c))?;
    rows.into_iter().map(|row| row.open(sealer)).collect()
}

/// A ruling as the linker folds it in: what and where, not why.
#[derive(Clone, Debug)]
pub struct Order {
    pub seq: i64,
    /// See [`Ruling::after_seq`].
    pub after_seq: i64,
    pub ruling: matching::Ruling,
}

/// Rulings after a number, in order, without their reasons.
pub fn orders(connection: &mut Connection<'_>, page: Page) -> Result<Vec<Order>, StoreError> {
    let rows: Vec<(i64, i64, String)> = each_backend!(connection, c => rulings::table
        .filter(rulings::seq.gt(page.above()))
        .order(rulings::seq)
        .limit(page.limit)
        .select((rulings::seq, rulings::after_seq, rulings::ruling))
        .load(c))?;
    rows.into_iter()
        .map(|(seq, after_seq, ruling)| {
            let ruling = serde_json::from_str(&ruling).map_err(|source| StoreError::corrupt("ruling", source))?;
            Ok(Order { seq, after_seq, ruling })
        })
        .collect()
}

/// Rulings that concern a case, first to last.
pub fn of_case(connection: &mut Connection<'_>, sealer: &Sealer, case_id: &str) -> Result<Vec<Ruling>, StoreError> {
    let rows: Vec<RulingRow> = each_backend!(connection, c => rulings::table
        .filter(rulings::case_id.eq(case_id).or(rulings::other_case.eq(case_id)))
        .order(rulings::seq)
        .limit(Page::MAX_LIMIT)
        .select(RulingRow::as_select())
        .load(c))?;
    rows.into_iter().map(|row| row.open(sealer)).collect()
}
