//! Possible duplicates of a run, as a file of their own.

use std::path::{Path, PathBuf};

use super::super::corpus::CorpusError;

/// Writes `id,earlier,probability`: for every submission the earlier ones of other cases that a person would have to compare it with.
pub struct Possible(csv::Writer<std::fs::File>);

impl Possible {
    pub fn create(path: &Path) -> Result<Self, CorpusError> {
        let file = std::fs::File::create(path).map_err(|source| CorpusError::File { path: PathBuf::from(path), source })?;
        let mut writer = csv::WriterBuilder::new().buffer_capacity(1 << 16).from_writer(file);
        writer.write_record(["id", "earlier", "probability"])?;
        Ok(Self(writer))
    }

    pub fn write(&mut self, id: &str, earlier: &str, probability: f64) -> Result<(), CorpusError> {
        Ok(self.0.write_record([id, earlier, &format!("{probability:.4}")])?)
    }

    pub fn finish(mut self) -> Result<(), CorpusError> {
        Ok(self.0.flush()?)
    }
}
