//! Pools, transactions and the enum of the two backends.

use std::{path::Path, sync::Arc, time::Duration};

use diesel::{
    Connection as _, PgConnection, SqliteConnection,
    connection::SimpleConnection,
    r2d2::{ConnectionManager, Pool, PoolError},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{
    data_keys,
    seal::{KmsError, SealError, Sealer},
    statements::{Setup, Watch, Watcher},
};

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Expands one diesel expression for each backend.
macro_rules! each_backend {
    ($connection:expr, $inner:ident => $body:expr) => {
        match $connection {
            $crate::store::Connection::Sqlite(inner) => {
                let $inner = &mut **inner;
                $body
            }
            $crate::store::Connection::Postgres(inner) => {
                let $inner = &mut **inner;
                $body
            }
        }
    };
}
pub(super) use each_backend;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the store address must begin with sqlite: or postgres:")]
    Address,
    #[error("the store cannot be opened")]
    Open(#[source] PoolError),
    #[error("no connection to the store became free in time")]
    Pool(#[source] PoolError),
    #[error("the store's schema cannot be brought up to date: {0}")]
    Migration(String),
    #[error("the directory of the store cannot be made")]
    Directory(#[source] std::io::Error),
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("a stored {what} cannot be read")]
    Corrupt {
        what: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another node took the lease over; what was in hand was rolled back.
    #[error("the lease {0} was lost")]
    LeaseLost(String),
    #[error("the store's worker thread failed")]
    Worker,
}

impl StoreError {
    pub(super) fn corrupt(what: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Corrupt { what, source: source.into() }
    }

    /// True when the store could not be reached or stayed busy: the same will succeed later, unchanged.
    pub fn is_passing(&self) -> bool {
        use diesel::result::{DatabaseErrorKind, Error};
        match self {
            Self::Pool(_) | Self::LeaseLost(_) | Self::Seal(SealError::Stale) => true,
            Self::Query(Error::DatabaseError(kind, information)) => {
                matches!(kind, DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::UnableToSendCommand)
                    // SQLite's codes do not come through.
                    || matches!(information.message(), "database is locked" | "database or disk is full" | "disk I/O error")
            }
            Self::Query(Error::BrokenTransactionManager) => true,
            _ => false,
        }
    }

    /// True when the store was made under another master key than those at hand.
    pub fn is_wrong_master(&self) -> bool {
        matches!(self, Self::Seal(SealError::Kms(KmsError::UnknownMaster(_))))
    }

    /// True when a row with the same key was there already.
    pub fn is_unique_violation(&self) -> bool {
        use diesel::result::{DatabaseErrorKind, Error};
        matches!(self, Self::Query(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// What a pool is made with.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// `sqlite:PATH` or a `postgres://` address.
    pub url: String,
    /// Connections kept open.
    pub connections: u32,
    /// How long a caller waits for one.
    pub wait: Duration,
}

/// A connection borrowed from the pool, perhaps inside a transaction.
pub enum Connection<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

enum Pools {
    /// SQLite has one writer; a pool of one makes writers queue instead of meeting `SQLITE_BUSY`.
    Sqlite {
        readers: Pool<ConnectionManager<SqliteConnection>>,
        writer: Pool<ConnectionManager<SqliteConnection>>,
    },
    Postgres(Pool<ConnectionManager<PgConnection>>),
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pools: Arc<Pools>,
    sealer: Arc<Sealer>,
    watch: Watch,
}

const SQLITE_PRAGMAS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32000; PRAGMA secure_delete = ON;";

impl Store {
    /// Opens the database; SQLite files are made where missing. Does not migrate.
    pub fn open(options: &StoreOptions, sealer: Sealer) -> Result<Self, StoreError> {
        let watch = Watch::default();
        let pools = match split_address(&options.url)? {
            (Backend::Sqlite, path) => {
                if let Some(parent) = Path::new(path).parent() {
                    std::fs::create_dir_all(parent).map_err(StoreError::Directory)?;
                }
                let pool = |size| {
                    Pool::builder()
                        .max_size(size)
                        .min_idle(Some(1))
                        .connection_timeout(options.wait)
                        .connection_customizer(Box::new(Setup { settings: Some(SQLITE_PRAGMAS), watch: watch.clone() }))
                        .build(ConnectionManager::<SqliteConnection>::new(path))
                        .map_err(StoreError::Open)
                };
                let writer = pool(1)?;
                Pools::Sqlite { readers: pool(options.connections.max(1))?, writer }
            }
            (Backend::Postgres, url) => Pools::Postgres(
                Pool::builder()
                    .max_size(options.connections.max(2))
                    .min_idle(Some(1))
                    .connection_timeout(options.wait)
                    .connection_customizer(Box::new(Setup { settings: None, watch: watch.clone() }))
                    .build(ConnectionManager::<PgConnection>::new(url))
                    .map_err(StoreError::Open)?,
            ),
        };
        Ok(Self { pools: Arc::new(pools), sealer: Arc::new(sealer), watch })
    }

    pub fn backend(&self) -> Backend {
        match *self.pools {
            Pools::Sqlite { .. } => Backend::Sqlite,
            Pools::Postgres(_) => Backend::Postgres,
        }
    }

    /// Tells `watcher` every statement from now on, of every connection; the first watcher stays.
    pub fn watch(&self, watcher: impl Fn(&str) + Send + Sync + 'static) {
        self.watch.begin(Box::new(watcher) as Watcher);
    }

    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// Has the data keys read again before the next thing is done: they were changed here.
    pub fn reread_keys(&self) {
        self.sealer.expire();
    }

    /// Brings the schema up to date, with a data key in a new store; returns the names of the migrations that ran.
    pub fn migrate(&self) -> Result<Vec<String>, StoreError> {
        let ran = self.migrate_schema()?;
        self.transaction(|c| data_keys::ensure(c, &self.sealer))?;
        self.reread_keys();
        Ok(ran)
    }

    fn migrate_schema(&self) -> Result<Vec<String>, StoreError> {
        let ran = match &*self.pools {
            Pools::Sqlite { writer, .. } => {
                let mut connection = writer.get().map_err(StoreError::Pool)?;
                connection.run_pending_migrations(SQLITE_MIGRATIONS).map(|versions| versions.iter().map(ToString::to_string).collect())
            }
            Pools::Postgres(pool) => {
                let mut connection = pool.get().map_err(StoreError::Pool)?;
                // Nodes that start together migrate one after the other.
                connection.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))?;
                let ran = connection
                    .run_pending_migrations(POSTGRES_MIGRATIONS)
                    .map(|versions| versions.iter().map(ToString::to_string).collect());
                connection.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))?;
                ran
            }
        };
        ran.map_err(|error| StoreError::Migration(error.to_string()))
    }

    /// Runs a query outside a transaction.
    pub fn read<T>(&self, work: impl FnOnce(&mut Connection<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match &*self.pools {
            Pools::Sqlite { readers, .. } => {
                let mut connection = readers.get().map_err(StoreError::Pool)?;
                let mut connection = Connection::Sqlite(&mut connection);
                self.freshen(&mut connection)?;
                work(&mut connection)
            }
            Pools::Postgres(pool) => {
                let mut connection = pool.get().map_err(StoreError::Pool)?;
                let mut connection = Connection::Postgres(&mut connection);
                self.freshen(&mut connection)?;
                work(&mut connection)
            }
        }
    }

    /// Runs a unit of work that happens whole or not at all. Durable when it returns `Ok`.
    pub fn transaction<T, E>(&self, work: impl FnOnce(&mut Connection<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError> + From<diesel::result::Error>,
    {
        match &*self.pools {
            Pools::Sqlite { writer, .. } => {
                let mut connection = writer.get().map_err(StoreError::Pool)?;
                self.freshen(&mut Connection::Sqlite(&mut connection))?;
                connection.immediate_transaction(|inner| work(&mut Connection::Sqlite(inner)))
            }
            Pools::Postgres(pool) => {
                let mut connection = pool.get().map_err(StoreError::Pool)?;
                self.freshen(&mut Connection::Postgres(&mut connection))?;
                connection.transaction(|inner| work(&mut Connection::Postgres(inner)))
            }
        }
    }

    /// Reads the data keys again when it is time: another node may have made or destroyed one.
    fn freshen(&self, connection: &mut Connection<'_>) -> Result<(), StoreError> {
        if self.sealer.is_due() {
            self.sealer.install(&data_keys::load(connection)?)?;
        }
        Ok(())
    }

    /// Sets how SQLite's writer works; outside any transaction.
    pub(super) fn settings(&self, pragmas: &str) -> Result<(), StoreError> {
        match &*self.pools {
            Pools::Sqlite { writer, .. } => Ok(writer.get().map_err(StoreError::Pool)?.batch_execute(pragmas)?),
            Pools::Postgres(_) => Ok(()),
        }
    }

    /// Runs blocking work on a thread of its own and hands the result to asynchronous code.
    pub async fn run<T, E>(&self, work: impl FnOnce(&Self) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let store = self.clone();
        match tokio::task::spawn_blocking(move || work(&store)).await {
            Ok(result) => result,
            Err(_) => Err(StoreError::Worker.into()),
        }
    }
}

const MIGRATION_LOCK: i64 = 0x4f6e_6563_6173_6500;

impl Connection<'_> {
    /// Serialises writers of an ordered log until the transaction ends. SQLite's immediate transactions do so already.
    pub(super) fn lock_log(&mut self, log: Log) -> Result<(), StoreError> {
        if let Connection::Postgres(inner) = self {
            inner.batch_execute(&format!("SELECT pg_advisory_xact_lock({})", MIGRATION_LOCK + log as i64))?;
        }
        Ok(())
    }
}

/// What is written by one at a time: tables whose `seq` is dense and follows the order of commit, and one whose rows are counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Log {
    Submissions = 1,
    CaseEvents = 2,
    Deliveries = 3,
    Audit = 4,
    Indicators = 6,
    Webhooks = 5,
    Supervisions = 7,
    Warnings = 8,
    Looks = 18,
    Alerts = 17,
}

fn split_address(url: &str) -> Result<(Backend, &str), StoreError> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        Ok((Backend::Sqlite, path.strip_prefix("//").unwrap_or(path)))
    } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        Ok((Backend::Postgres, url))
    } else {
        Err(StoreError::Address)
    }
}
