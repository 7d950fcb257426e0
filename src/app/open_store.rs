//! Opening the store that a configuration names, with the keys it names.

use std::{sync::Arc, time::Duration};

use super::StartError;
use crate::{
    config::{Config, KeyMaterial, StoreSecrets},
    store::{LocalKeys, Sealer, Store, StoreError, StoreOptions, data_keys, keys},
};

/// How long a use case waits for a connection to the store.
const WAIT: Duration = Duration::from_secs(10);

/// The store, its schema up to date, and the secrets derived from what lies in it.
///
/// # Errors
/// If it cannot be opened, or was made with other keys.
pub fn open_store(config: &Config, keys: &KeyMaterial, connections: u32) -> Result<(Store, StoreSecrets), StartError> {
    let options = StoreOptions { url: config.store_url(), connections, wait: WAIT };
    let masters = LocalKeys::new(&keys.master, &keys.previous);
    let store = Store::open(&options, Sealer::new(Arc::new(masters)))?;
    let wrong = |error: StoreError| if error.is_wrong_master() { StartError::WrongKey("master") } else { error.into() };
    store.migrate().map_err(wrong)?;
    let root = store.read(|c| data_keys::root(c, store.sealer())).map_err(wrong)?;
    let check = blake3::derive_key("onecase 2026 key check", &keys.federation);
    if !store.transaction(|c| keys::same_key(c, "federation", &check))? {
        return Err(StartError::WrongKey("federation"));
    }
    Ok((store, StoreSecrets::derive(&root)))
}
