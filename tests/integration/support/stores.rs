//! The stores every store test and end-to-end test runs on.

use super::postgres::Server;

/// An empty store for one test; whatever it needs lives as long as this does.
pub struct TestStore {
    /// What `database.url` is set to.
    pub url: String,
    directory: tempfile::TempDir,
}

impl TestStore {
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { url: format!("sqlite:{}", directory.path().join("onecase.db").display()), directory }
    }

    pub fn postgres() -> Self {
        Self { url: Server::shared().fresh_database(), directory: tempfile::tempdir().unwrap() }
    }

    /// A directory of the test's own, for files beside the store.
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    pub fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres://")
    }
}

/// Makes two tests of each function, `NAME::sqlite` and `NAME::postgres`, each with an empty store of its own:
///
/// ```ignore
/// on_both_stores! {
///     async fn a_filing_is_kept(store: TestStore) { … }
/// }
/// ```
macro_rules! on_both_stores {
    ($($(#[$attribute:meta])* async fn $name:ident($store:ident: TestStore) $body:block)+) => {$(
        $(#[$attribute])*
        mod $name {
            #[allow(unused_imports, reason = "the body may need nothing but the store")]
            use super::*;

            async fn body($store: $crate::support::stores::TestStore) $body

            #[actix_web::test]
            async fn sqlite() {
                body($crate::support::stores::TestStore::sqlite()).await;
            }

            #[actix_web::test]
            async fn postgres() {
                body($crate::support::stores::TestStore::postgres()).await;
            }
        }
    )+};
}
pub(crate) use on_both_stores;
