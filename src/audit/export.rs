//! A copy of the log that can be checked without the gateway: NDJSON, the signed checkpoint first, then every leaf.

use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};

use super::{
    Hash, leaf_hash,
    note::{Checkpoint, NoteError, SignedNote, Verifier},
    tree::Frontier,
};

/// Longest line read, bytes.
const MAX_LINE: u64 = 64 * 1024;

/// A line of an export.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Line {
    Head {
        /// The signed note.
        checkpoint: String,
    },
    Leaf {
        index: u64,
        /// The leaf's exact text.
        entry: String,
    },
}

impl Line {
    /// Writes it and ends the line.
    pub fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

/// Why an export proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("the export cannot be read")]
    Read(#[from] std::io::Error),
    #[error("line {0} is not a line of an export")]
    Line(u64),
    #[error("the export does not begin with a checkpoint")]
    NoHead,
    #[error("the checkpoint: {0}")]
    Checkpoint(#[source] NoteError),
    #[error("leaf {expected} is missing; there is leaf {found} in its place")]
    Order { expected: u64, found: u64 },
    #[error("the checkpoint is over {expected} leaves, the export has {found}")]
    Size { expected: u64, found: u64 },
    #[error("the leaves do not give the root that the checkpoint signs: one of them was changed, added or taken away")]
    Root,
    #[error("the earlier checkpoint is over {earlier} leaves, this one over {size}: leaves were taken away")]
    Shrunk { earlier: u64, size: u64 },
    #[error("the first {0} leaves do not give the root of the earlier checkpoint: history was rewritten since")]
    Rewritten(u64),
}

/// What an export proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proven {
    pub checkpoint: Checkpoint,
    /// The witnesses whose signatures fit, with the time of each in seconds since 1970.
    pub witnesses: Vec<(String, u64)>,
    /// Leaves of the earlier checkpoint that this one was compared with.
    pub earlier: Option<u64>,
}

/// Reads an export and checks that `log` signed exactly these leaves, and that an `earlier` checkpoint of the same log, if given,
/// signed a beginning of them. O(log n) memory.
pub fn verify(
    mut export: impl BufRead,
    log: &Verifier,
    witnesses: &[Verifier],
    earlier: Option<&Checkpoint>,
) -> Result<Proven, ExportError> {
    let mut number = 0;
    let Some(Line::Head { checkpoint }) = next(&mut export, &mut number)? else { return Err(ExportError::NoHead) };
    let note = SignedNote::parse(&checkpoint).map_err(ExportError::Checkpoint)?;
    let checkpoint = note.checkpoint(log).map_err(ExportError::Checkpoint)?;
    let earlier_size = earlier.map(|checkpoint| checkpoint.size);
    if let Some(earlier) = earlier_size.filter(|earlier| *earlier > checkpoint.size) {
        return Err(ExportError::Shrunk { earlier, size: checkpoint.size });
    }
    let mut tree = Frontier::default();
    loop {
        if let Some(before) = earlier.filter(|before| before.size == tree.size() && before.root != tree.root()) {
            return Err(ExportError::Rewritten(before.size));
        }
        match next(&mut export, &mut number)? {
            Some(Line::Leaf { index, entry }) if index == tree.size() => tree.push(leaf_hash(entry.as_bytes())),
            Some(Line::Leaf { index, .. }) => return Err(ExportError::Order { expected: tree.size(), found: index }),
            Some(Line::Head { .. }) => return Err(ExportError::Line(number)),
            None => break,
        }
    }
    compare(&checkpoint, tree.size(), tree.root())?;
    let cosigned = |witness: &Verifier| witness.verify(&note).ok().flatten().map(|time| (witness.name().to_owned(), time));
    Ok(Proven { witnesses: witnesses.iter().filter_map(cosigned).collect(), earlier: earlier_size, checkpoint })
}

fn compare(checkpoint: &Checkpoint, size: u64, root: Hash) -> Result<(), ExportError> {
    if checkpoint.size != size {
        return Err(ExportError::Size { expected: checkpoint.size, found: size });
    }
    if checkpoint.root == root { Ok(()) } else { Err(ExportError::Root) }
}

fn next(export: &mut impl BufRead, number: &mut u64) -> Result<Option<Line>, ExportError> {
    use std::io::Read as _;
    let mut line = String::new();
    *number += 1;
    if export.by_ref().take(MAX_LINE).read_line(&mut line)? == 0 {
        return Ok(None);
    }
    serde_json::from_str(&line).map(Some).map_err(|_| ExportError::Line(*number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::note::{Role, Signer};

    fn signer() -> Signer {
        Signer::new("example.org/log", Role::Log, &[1; 32]).expect("a signer")
    }

    fn checkpoint(entries: &[&str]) -> Checkpoint {
        let mut tree = Frontier::default();
        entries.iter().for_each(|entry| tree.push(leaf_hash(entry.as_bytes())));
        Checkpoint { origin: "example.org/log".into(), size: tree.size(), root: tree.root() }
    }

    fn export(signed: &[&str], written: &[&str]) -> Vec<u8> {
        let text = checkpoint(signed).to_string();
        let note = SignedNote { signatures: vec![signer().sign(&text, 0)], text };
        let mut out = Vec::new();
        Line::Head { checkpoint: note.to_string() }.write(&mut out).expect("written");
        for (index, entry) in (0..).zip(written) {
            Line::Leaf { index, entry: (*entry).to_owned() }.write(&mut out).expect("written");
        }
        out
    }

    fn said(export: &[u8], earlier: Option<&Checkpoint>) -> String {
        match verify(export, signer().verifier(), &[], earlier) {
            Ok(proven) => format!("proven {}", proven.checkpoint.size),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_was_altered_is_found() {
        let log = ["a", "b", "c"];
        for (written, earlier, expected) in [
            (&["a", "b", "c"][..], None, "proven 3"),
            (&["a", "b", "c"], Some(checkpoint(&["a", "b"])), "proven 3"),
            (&["a", "x", "c"], None, "do not give the root"),
            (&["a", "b"], None, "over 3 leaves, the export has 2"),
            (&["a", "b", "c", "d"], None, "over 3 leaves, the export has 4"),
            (&["a", "b", "c"], Some(checkpoint(&["a", "y"])), "history was rewritten"),
            (&["a", "b", "c"], Some(checkpoint(&["a", "b", "c", "d"])), "leaves were taken away"),
        ] {
            let found = said(&export(&log, written), earlier.as_ref());
            assert!(found.contains(expected), "{written:?}: {found}");
        }
        assert!(said(b"", None).contains("begin with a checkpoint"));
        assert!(said(b"{}\n", None).contains("line 1"));
        let forged = String::from_utf8(export(&log, &log)).expect("text").replace("\\n3\\n", "\\n4\\n");
        assert!(said(forged.as_bytes(), None).contains("does not fit"));
    }
}
