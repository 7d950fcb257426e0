//! `onecase openapi`: writes the contract's files, or says which of them are not what the code serves.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Subcommand;

use super::Failure;
use crate::api::openapi;

const DIRECTORY: &str = "openapi";

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write the OpenAPI document and the JSON Schemas
    Write {
        /// Directory of the contract
        #[arg(default_value = DIRECTORY)]
        directory: PathBuf,
    },
    /// Compare the committed files with what the code serves; exit status 1 if they differ
    Check {
        /// Directory of the contract
        #[arg(default_value = DIRECTORY)]
        directory: PathBuf,
    },
}

/// A file of the contract could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{}", path.display())]
pub struct OpenapiError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// # Errors
/// If a file cannot be written, or is there and cannot be read.
pub fn run(args: Args) -> Result<ExitCode, Failure> {
    match args.action {
        Action::Write { directory } => {
            for (path, text) in files(&directory) {
                write(&path, &text).map_err(|source| OpenapiError { path: path.clone(), source })?;
                println!("{}", path.display());
            }
            Ok(ExitCode::SUCCESS)
        }
        Action::Check { directory } => {
            let differing = differing(&directory)?;
            for path in &differing {
                println!("{} is not what the code serves; run `onecase openapi write`", path.display());
            }
            Ok(if differing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

fn files(directory: &Path) -> impl Iterator<Item = (PathBuf, String)> {
    openapi::files().into_iter().map(|(name, text)| (directory.join(name), text))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, text)
}

/// The files that are missing or differ.
///
/// # Errors
/// If a file is there and cannot be read.
pub fn differing(directory: &Path) -> Result<Vec<PathBuf>, OpenapiError> {
    let mut differing = Vec::new();
    for (path, expected) in files(directory) {
        match fs::read_to_string(&path) {
            Ok(text) if text == expected => {}
            Ok(_) => differing.push(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => differing.push(path),
            Err(source) => return Err(OpenapiError { path, source }),
        }
    }
    Ok(differing)
}
