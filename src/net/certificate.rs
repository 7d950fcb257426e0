//! The gateway's own certificate, taken up anew when its files change.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use rustls::{
    Error,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

/// How often the files are read.
const LOOK: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{path} cannot be read")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path} holds no {what} in PEM form")]
    Pem { path: PathBuf, what: &'static str },
    #[error("the certificate {path} cannot be used with its key")]
    Certificate {
        path: PathBuf,
        #[source]
        source: Error,
    },
}

/// The gateway's certificate and key, as they lie in their files.
#[derive(Debug)]
pub struct ServerCertificate {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    /// What the two files held.
    digest: blake3::Hash,
    certified: Arc<CertifiedKey>,
}

impl ServerCertificate {
    /// Reads both files, in PEM form; the certificate's file also holds those between it and its authority.
    ///
    /// # Errors
    /// If a file cannot be read or the two do not belong together.
    pub fn open(certificate: PathBuf, key: PathBuf) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let files = Files::read(&certificate, &key)?;
        let current = Current { digest: files.digest(), certified: files.certified(&certificate, &key, &provider)? };
        Ok(Arc::new(Self { certificate, key, provider, current: RwLock::new(current) }))
    }

    /// Reads the files again; true if there is a new certificate now. What cannot be used changes nothing.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn reload(&self) -> Result<bool, TlsError> {
        let files = Files::read(&self.certificate, &self.key)?;
        let digest = files.digest();
        if self.current.read().unwrap_or_else(PoisonError::into_inner).digest == digest {
            return Ok(false);
        }
        let certified = files.certified(&self.certificate, &self.key, &self.provider)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Current { digest, certified };
        Ok(true)
    }

    /// What signs and checks signatures.
    pub fn provider(&self) -> &Arc<CryptoProvider> {
        &self.provider
    }

    /// Keeps reading the files for as long as anybody serves with them.
    pub fn watch(self: &Arc<Self>) {
        let certificate = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK).await;
                let Some(certificate) = certificate.upgrade() else { return };
                match certificate.reload() {
                    Ok(true) => tracing::info!("the gateway's certificate was renewed"),
                    Ok(false) => {}
                    Err(error) => {
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            "the gateway's new certificate cannot be used; the old one stays"
                        );
                    }
                }
            }
        });
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).certified))
    }
}

/// What the two files hold.
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Files {
    fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let read = |path: &Path| fs::read(path).map_err(|source| TlsError::Read { path: path.to_path_buf(), source });
        Ok(Self { certificate: read(certificate)?, key: read(key)? })
    }

    fn digest(&self) -> blake3::Hash {
        blake3::Hasher::new().update(blake3::hash(&self.certificate).as_bytes()).update(&self.key).finalize()
    }

    fn certified(&self, certificate: &Path, key: &Path, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
        let not_pem = |path: &Path, what| TlsError::Pem { path: path.to_path_buf(), what };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&self.certificate).collect::<Result<_, _>>().unwrap_or_default();
        if chain.is_empty() {
            return Err(not_pem(certificate, "certificate"));
        }
        let private = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| not_pem(key, "private key"))?;
        let failed = |source| TlsError::Certificate { path: certificate.to_path_buf(), source };
        CertifiedKey::from_der(chain, private, provider).map(Arc::new).map_err(failed)
    }
}
