//! Flat rows of submissions: what `link`, `neighbours`, `train` and their like read from files.

mod adapted;
mod generate;
#[cfg(feature = "parquet")]
mod parquet;
mod read;
mod vocabulary;
mod year;

pub use adapted::AdaptedRows;
pub use generate::{Plan, write as write_corpus};
pub use read::{FlatRow, Problems, RowReader};
pub use year::{Places, YearFilings};

use std::path::PathBuf;

/// A corpus that could not be read, or a result that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("{path}: {source}")]
    Csv { path: PathBuf, source: csv::Error },
    #[cfg(feature = "parquet")]
    #[error("{path}: {source}")]
    Parquet { path: PathBuf, source: ::parquet::errors::ParquetError },
    #[cfg(not(feature = "parquet"))]
    #[error("{path}: this program was built without Parquet; build it with the feature parquet")]
    NoParquet { path: PathBuf },
    #[error(
        "{path} has none of the columns id, subject, content; rename its columns, or name the adapter folder that maps them (--adapter)"
    )]
    Columns { path: PathBuf },
    #[error("adapter: {0}")]
    Adapter(#[from] crate::adapter::AdapterError),
    #[error("match model: {0}")]
    Model(#[from] crate::matching::ModelError),
    #[error("output: {0}")]
    Output(#[from] std::io::Error),
    #[error("output: {0}")]
    OutputCsv(#[from] csv::Error),
    #[error("{0}")]
    Usage(String),
}
