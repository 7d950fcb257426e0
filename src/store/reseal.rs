//! Every column that a data key seals, and sealing its values again.

use diesel::{QueryableByName, RunQueryDsl, sql_query, sql_types};

use super::{Connection, StoreError, seal::Sealer};

/// A column of sealed values. A value is bound to its row: to `context`, a colon and the row's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedColumn {
    pub table: &'static str,
    pub column: &'static str,
    /// A unique text that does not change.
    pub key: &'static str,
    pub context: &'static str,
}

const fn column(table: &'static str, column: &'static str, key: &'static str, context: &'static str) -> SealedColumn {
    SealedColumn { table, column, key, context }
}

/// What filings' own keys seal is not among them; those keys are.
pub const COLUMNS: [SealedColumn; 14] = [
    column("submission_keys", "sealed", "submission_id", "submission_key"),
    column("erasures", "sealed", "submission_id", "erasure"),
    column("case_events", "words", "id", "case_event"),
    column("deliveries", "message", "id", "delivery"),
    column("looks", "reason", "id", "look"),
    column("matters", "name", "id", "matter"),
    column("parked_updates", "body", "id", "parked_update"),
    column("quarantine", "raw", "id", "quarantine"),
    column("referral_conflicts", "reason", "id", "referral_conflict"),
    column("rulings", "reason", "id", "ruling"),
    column("supervisions", "answer", "id", "supervision"),
    column("supervisions", "adoption_note", "id", "adoption"),
    column("warnings", "note", "id", "warning"),
    column("webhooks", "settings", "id", "webhook"),
];

impl SealedColumn {
    /// `table.column`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.table, self.column)
    }
}

#[derive(QueryableByName)]
struct SealedRow {
    #[diesel(sql_type = sql_types::Text)]
    key: String,
    #[diesel(sql_type = sql_types::Binary)]
    sealed: Vec<u8>,
}

/// What a batch did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The last row looked at; `None`: there was none left.
    pub position: Option<String>,
    pub resealed: i64,
}

/// Seals the next values of a column again, in the order of their keys, where another key than the active one sealed them.
/// A value that somebody replaces meanwhile is left as it is: it is sealed by the active key.
pub fn batch(connection: &mut Connection<'_>, sealer: &Sealer, of: &SealedColumn, after: &str, limit: i64) -> Result<Batch, StoreError> {
    let SealedColumn { table, column, key, context } = of;
    let read =
        format!("SELECT {key} AS key, {column} AS sealed FROM {table} WHERE {key} > $1 AND {column} IS NOT NULL ORDER BY {key} LIMIT $2");
    let read = sql_query(read).bind::<sql_types::Text, _>(after).bind::<sql_types::BigInt, _>(limit);
    let rows: Vec<SealedRow> = match connection {
        Connection::Sqlite(c) => read.load(*c)?,
        Connection::Postgres(c) => read.load(*c)?,
    };
    let mut resealed = 0;
    for row in &rows {
        // A filing's own key sealed it.
        if super::seal::sealed_by(&row.sealed).is_none() {
            continue;
        }
        let Some(again) = sealer.reseal(&format!("{context}:{}", row.key), &row.sealed)? else { continue };
        let write = sql_query(format!("UPDATE {table} SET {column} = $1 WHERE {key} = $2 AND {column} = $3"))
            .bind::<sql_types::Binary, _>(&again)
            .bind::<sql_types::Text, _>(&row.key)
            .bind::<sql_types::Binary, _>(&row.sealed);
        let changed = match connection {
            Connection::Sqlite(c) => write.execute(*c)?,
            Connection::Postgres(c) => write.execute(*c)?,
        };
        resealed += i64::from(changed == 1);
    }
    Ok(Batch { position: rows.last().map(|row| row.key.clone()), resealed })
}
