//! `onecase migrate`

use std::{process::ExitCode, sync::Arc};

use super::{
    Failure,
    runtime::{ConfigArgs, environment},
};
use crate::store::{LocalKeys, Sealer, Store, StoreOptions};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let config = args.config.load()?;
    let keys = config.keys.read(&environment, &|path| config.resolve(path))?;
    let options = StoreOptions { url: config.store_url(), connections: 2, wait: std::time::Duration::from_secs(10) };
    let masters = LocalKeys::new(&keys.master, &keys.previous);
    let ran = Store::open(&options, Sealer::new(Arc::new(masters)))?.migrate()?;
    if ran.is_empty() {
        println!("the schema is up to date");
    }
    for name in ran {
        println!("applied {name}");
    }
    Ok(ExitCode::SUCCESS)
}
