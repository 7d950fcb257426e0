//! The audit log: signed checkpoints, proofs, and witnesses who co-sign.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use chrono::TimeDelta;

use super::{
    AppError, Gateway,
    query::Page,
    view::{AuditEntry, ConsistencyProof, InclusionProof, Paged},
};
use crate::{
    audit::{
        Hash,
        note::{Checkpoint, NoteError, Role, Signature, SignedNote, Signer, Verifier},
        tree,
    },
    config::{AuditConfig, StoreSecrets},
    net::{OutboundError, OutboundRequest},
    store::{
        StoreError,
        audit::{self, StoredCheckpoint},
    },
};

/// The log's signer and its witnesses, made from the configuration.
#[derive(Debug)]
pub struct Notary {
    signer: Signer,
    interval: TimeDelta,
    witnesses: Vec<Witness>,
}

#[derive(Debug)]
pub(crate) struct Witness {
    url: String,
    verifier: Verifier,
}

/// Why a witness did not co-sign.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    #[error(transparent)]
    App(#[from] AppError),
    #[error("the witness cannot be asked")]
    Outbound(#[from] OutboundError),
    #[error("the witness answered {0}")]
    Refused(u16),
    #[error("the witness says it has seen {0} leaves, more than there are")]
    SawMore(u64),
    #[error("the witness's answer holds no signature of its own that fits")]
    Signature(#[from] NoteError),
}

impl From<StoreError> for WitnessError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

impl Notary {
    /// # Errors
    /// If the log's name or a witness's key cannot be used.
    pub fn new(config: &AuditConfig, secrets: &StoreSecrets) -> Result<Self, NoteError> {
        let witness = |witness: &crate::config::WitnessConfig| {
            let verifier: Verifier = witness.key.parse()?;
            if verifier.role() != Role::Witness {
                return Err(NoteError::Key(witness.key.clone()));
            }
            Ok(Witness { url: format!("{}/add-checkpoint", witness.url.trim_end_matches('/')), verifier })
        };
        Ok(Self {
            signer: Signer::new(&config.origin, Role::Log, &secrets.audit)?,
            interval: TimeDelta::milliseconds(i64::try_from(config.checkpoint_interval_ms).unwrap_or(i64::MAX)),
            witnesses: config.witnesses.iter().map(witness).collect::<Result<_, _>>()?,
        })
    }

    /// The key that auditors check checkpoints with.
    pub const fn verifier(&self) -> &Verifier {
        self.signer.verifier()
    }
}

fn encoded(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| BASE64.encode(hash)).collect()
}

impl From<audit::Leaf> for AuditEntry {
    fn from(leaf: audit::Leaf) -> Self {
        Self { index: leaf.index, entry: leaf.entry, leaf_hash: BASE64.encode(leaf.hash) }
    }
}

impl Gateway {
    /// Names the log and checks its checkpoints.
    pub fn audit_verifier(&self) -> &Verifier {
        self.0.notary.verifier()
    }

    /// The newest signed checkpoint, or the one over exactly `size` leaves, with every signature it has.
    pub async fn checkpoint(&self, size: Option<u64>) -> Result<Option<String>, AppError> {
        self.read(move |gateway, c| Ok(audit::checkpoint(c, size, gateway.audit_verifier().name())?.as_ref().map(StoredCheckpoint::note)))
            .await
    }

    /// Leaves in order, all or those about one submission, case or delivery.
    pub async fn audit_entries(&self, subject: Option<String>, page: Page) -> Result<Paged<AuditEntry>, AppError> {
        let (page, limit) = super::queries::store_page(&page)?;
        self.read(move |_, c| {
            let size = audit::size(c)?;
            let from = page.after.map_or(0, |(index, _)| index.unsigned_abs() + 1);
            let (found, next_cursor) =
                super::queries::cut(audit::read(c, subject.as_deref(), from, size, page.limit)?, limit, |leaf| (leaf.index as i64, 0));
            Ok(Paged { items: found.into_iter().map(AuditEntry::from).collect(), next_cursor })
        })
        .await
    }

    /// That leaf `index` is among the first `size`; `None` if it is not, or the log has fewer.
    pub async fn inclusion_proof(&self, index: u64, size: Option<u64>) -> Result<Option<InclusionProof>, AppError> {
        self.read(move |gateway, c| {
            let Some(size) = known_size(gateway, c, size)? else { return Ok(None) };
            let Some(hashes) = tree::inclusion_proof(c, index, size)? else { return Ok(None) };
            let leaf = tree::Subtrees::subtrees(c, 0, index, 1)?;
            let root = BASE64.encode(tree::root(c, size)?);
            Ok(Some(InclusionProof { index, size, leaf_hash: encoded(&leaf).concat(), root, hashes: encoded(&hashes) }))
        })
        .await
    }

    /// That the first `from` leaves are a beginning of the first `to`; `None` unless `0 < from <= to` and the log has so many.
    pub async fn consistency_proof(&self, from: u64, to: Option<u64>) -> Result<Option<ConsistencyProof>, AppError> {
        self.read(move |gateway, c| {
            let Some(to) = known_size(gateway, c, to)? else { return Ok(None) };
            let Some(hashes) = tree::consistency_proof(c, from, to)? else { return Ok(None) };
            let (from_root, to_root) = (BASE64.encode(tree::root(c, from)?), BASE64.encode(tree::root(c, to)?));
            Ok(Some(ConsistencyProof { from, to, from_root, to_root, hashes: encoded(&hashes) }))
        })
        .await
    }

    /// Signs what was recorded since the newest checkpoint, unless that is younger than the interval. `true` if there is a new one.
    pub async fn sign_checkpoint(&self) -> Result<bool, AppError> {
        let now = self.now();
        let (notary, origin) = (&self.0.notary, self.audit_verifier().name().to_owned());
        let due = now - notary.interval;
        let state = self.read(move |gateway, c| {
            let newest = audit::checkpoint(c, None, gateway.audit_verifier().name())?;
            let size = audit::size(c)?;
            if size == 0 || newest.is_some_and(|newest| newest.size == size || newest.at > due) {
                return Ok(None);
            }
            Ok(Some((size, tree::root(c, size)?)))
        });
        let Some((size, root)) = state.await? else { return Ok(false) };
        let text = Checkpoint { origin: origin.clone(), size, root }.to_string();
        let line = notary.signer.sign(&text, 0).to_string();
        self.0
            .store
            .run(move |store| store.transaction(|c| Ok::<_, AppError>(audit::insert_checkpoint(c, size, &text, (&origin, &line), now)?)))
            .await?;
        self.0.crash.pass("audit.signed");
        Ok(true)
    }

    /// How long between checkpoints.
    pub fn checkpoint_interval(&self) -> Duration {
        self.0.notary.interval.to_std().unwrap_or_default()
    }

    /// Asks every witness to co-sign the newest checkpoint it has not seen. Answers what went wrong, by the witness's name.
    pub async fn ask_witnesses(&self) -> Vec<(String, WitnessError)> {
        let mut failed = Vec::new();
        for witness in &self.0.notary.witnesses {
            if let Err(error) = self.ask(witness).await {
                failed.push((witness.verifier.name().to_owned(), error));
            }
        }
        failed
    }

    async fn ask(&self, witness: &Witness) -> Result<(), WitnessError> {
        let name = witness.verifier.name().to_owned();
        let found = self.read(move |gateway, c| {
            let newest = audit::checkpoint(c, None, gateway.audit_verifier().name())?;
            newest.map(|newest| Ok((newest, audit::signed_size(c, &name)?))).transpose()
        });
        let Some((checkpoint, mut seen)) = found.await? else { return Ok(()) };
        if seen == checkpoint.size {
            return Ok(());
        }
        // A witness that saw another checkpoint than we know of says which, once.
        for _ in 0..2 {
            let answer = self.send_checkpoint(witness, &checkpoint, seen).await?;
            match answer.status {
                200 => return self.keep_cosignature(witness, &checkpoint, &answer.body).await,
                409 => seen = String::from_utf8_lossy(&answer.body).trim().parse().map_err(|_| WitnessError::Refused(409))?,
                status => return Err(WitnessError::Refused(status)),
            }
            if seen > checkpoint.size {
                return Err(WitnessError::SawMore(seen));
            }
        }
        Err(WitnessError::Refused(409))
    }

    async fn send_checkpoint(
        &self,
        witness: &Witness,
        checkpoint: &StoredCheckpoint,
        seen: u64,
    ) -> Result<crate::net::OutboundResponse, WitnessError> {
        let size = checkpoint.size;
        let proof = self.read(move |_, c| tree::consistency_proof(c, seen, size)).await?.unwrap_or_default();
        let proof: String = encoded(&proof).iter().map(|hash| format!("{hash}\n")).collect();
        let body = format!("old {seen}\n{proof}\n{}", checkpoint.note()).into_bytes();
        let headers = vec![("Content-Type".to_owned(), "text/plain; charset=utf-8".to_owned())];
        Ok(self.0.outbound.send(OutboundRequest { method: "POST".into(), url: witness.url.clone(), headers, body }).await?)
    }

    async fn keep_cosignature(&self, witness: &Witness, checkpoint: &StoredCheckpoint, answer: &[u8]) -> Result<(), WitnessError> {
        let lines = String::from_utf8_lossy(answer);
        let signatures = lines.lines().map(Signature::parse).collect::<Result<Vec<_>, _>>()?;
        let note = SignedNote { text: checkpoint.text.clone(), signatures };
        witness.verifier.verify(&note)?;
        let name = witness.verifier.name().to_owned();
        let own = note.signatures.iter().find(|signature| signature.name == name).map(ToString::to_string).unwrap_or_default();
        let size = checkpoint.size;
        self.0.store.run(move |store| store.transaction(|c| Ok::<_, AppError>(audit::insert_signature(c, size, (&name, &own))?))).await?;
        Ok(())
    }
}

/// The size asked for, if the log has so many leaves; else that of the newest checkpoint.
fn known_size(gateway: &Gateway, c: &mut crate::store::Connection<'_>, asked: Option<u64>) -> Result<Option<u64>, StoreError> {
    match asked {
        Some(size) => Ok((size <= audit::size(c)?).then_some(size)),
        None => Ok(audit::checkpoint(c, None, gateway.audit_verifier().name())?.map(|newest| newest.size)),
    }
}
