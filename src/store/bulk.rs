//! Filling an empty store with a long history: indexes are made at the end, and nothing is safe until then.

use diesel::{QueryableByName, RunQueryDsl, connection::SimpleConnection, sql_types::Text};

use super::{Backend, Connection, Store, StoreError, audit, submissions};

/// Written pages may be lost in a crash: a store that is being filled is filled anew then.
const SQLITE_FAST: &str = "PRAGMA synchronous = OFF; PRAGMA cache_size = -512000; PRAGMA wal_autocheckpoint = 20000;";
const SQLITE_SAFE: &str = "PRAGMA synchronous = FULL; PRAGMA cache_size = -32000; PRAGMA wal_autocheckpoint = 1000;";

/// Indexes that keep nothing unique.
const SQLITE_INDEXES: &str = "SELECT name, sql AS definition FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
const POSTGRES_INDEXES: &str = "SELECT c.relname::text AS name, pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i \
     JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname = current_schema() AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)";

/// An index that was taken away for the time of the filling.
#[derive(Debug, QueryableByName)]
pub struct Index {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    definition: String,
}

impl Connection<'_> {
    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(c) => c.batch_execute(sql)?,
            Self::Postgres(c) => c.batch_execute(sql)?,
        }
        Ok(())
    }
}

impl Store {
    /// Takes the indexes away and gives up safety; `None` if the store holds something already.
    pub fn begin_filling(&self) -> Result<Option<Vec<Index>>, StoreError> {
        if self.read(|c| Ok(submissions::last_seq(c)? > 0 || audit::size(c)? > 0))? {
            return Ok(None);
        }
        if self.backend() == Backend::Sqlite {
            self.settings(SQLITE_FAST)?;
        }
        self.transaction(|c| {
            let indexes: Vec<Index> = match c {
                Connection::Sqlite(c) => diesel::sql_query(SQLITE_INDEXES).load(*c)?,
                Connection::Postgres(c) => diesel::sql_query(POSTGRES_INDEXES).load(*c)?,
            };
            for index in &indexes {
                c.batch(&format!("DROP INDEX \"{}\"", index.name))?;
            }
            Ok(Some(indexes))
        })
    }

    /// Makes one of the indexes again.
    pub fn restore_index(&self, index: &Index) -> Result<(), StoreError> {
        self.transaction(|c| c.batch(&index.definition))
    }

    /// Makes the store safe again, and counts for the planner what is in it.
    pub fn end_filling(&self) -> Result<(), StoreError> {
        if self.backend() == Backend::Sqlite {
            self.settings(SQLITE_SAFE)?;
        }
        self.analyse()
    }

    /// Counts for the query planner what the tables hold.
    pub fn analyse(&self) -> Result<(), StoreError> {
        self.transaction(|c| match c {
            // A sample of each index is quick on any size; of a key of few values it says too little (docs/performance.md).
            Connection::Sqlite(_) => c.batch("PRAGMA analysis_limit = 1000; ANALYZE;"),
            Connection::Postgres(_) => c.batch("ANALYZE"),
        })
    }
}
