//! What is asked of the database, for whoever wants to see it: a test explains every statement behind a page.

use std::sync::{Arc, OnceLock};

use diesel::{
    Connection,
    connection::InstrumentationEvent,
    r2d2::{CustomizeConnection, Error},
};

/// Is told each statement before it runs, with its values: `SELECT … -- binds: […]`. Values may be personal; keep them out of logs.
pub type Watcher = Box<dyn Fn(&str) + Send + Sync>;

/// Who watches the statements of a store; nobody, unless [`super::Store::watch`] was called.
#[derive(Clone, Default)]
pub(super) struct Watch(Arc<OnceLock<Watcher>>);

impl Watch {
    /// The first watcher stays.
    pub(super) fn begin(&self, watcher: Watcher) {
        let _ = self.0.set(watcher);
    }

    fn follow(&self, connection: &mut impl Connection) {
        let watch = self.clone();
        connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let (Some(tell), InstrumentationEvent::StartQuery { query, .. }) = (watch.0.get(), event) {
                tell(&query.to_string());
            }
        });
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Watch").field("watched", &self.0.get().is_some()).finish()
    }
}

/// What every new connection of a pool is told first.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) settings: Option<&'static str>,
    pub(super) watch: Watch,
}

impl<C: Connection> CustomizeConnection<C, Error> for Setup {
    fn on_acquire(&self, connection: &mut C) -> Result<(), Error> {
        if let Some(settings) = self.settings {
            connection.batch_execute(settings).map_err(Error::QueryError)?;
        }
        self.watch.follow(connection);
        Ok(())
    }
}
