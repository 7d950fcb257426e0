//! The test stores themselves.

use crate::support::{
    postgres::{Fsync, Server},
    stores::{TestStore, on_both_stores},
};

on_both_stores! {
    async fn every_test_gets_an_empty_store_of_its_own(store: TestStore) {
        let other = if store.is_postgres() { TestStore::postgres() } else { TestStore::sqlite() };
        assert_ne!(store.url, other.url);
        assert!(store.directory().is_dir());
    }
}

#[test]
fn a_server_of_its_own_is_stopped_and_removed() {
    let server = Server::start(Fsync::On);
    let url = server.fresh_database();
    let database = url.rsplit('/').next().unwrap();
    assert_eq!(server.sql(database, "SHOW fsync"), "on");
    let data = server.sql(database, "SHOW data_directory");
    assert!(std::path::Path::new(&data).parent().unwrap().exists());
    drop(server);
    assert!(!std::path::Path::new(&data).parent().unwrap().exists(), "{data} is left over");
}
