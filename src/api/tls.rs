//! TLS on the gateway's own port: its certificate, taken up anew when its files change, and the certificates that platforms
//! show instead of a key (RFC 8705, section 2.2: a certificate counts because it is the one agreed, whoever issued it).

use std::{
    any::Any,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::{dev::Extensions, rt::net::TcpStream};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
    server::{
        ClientHello, ResolvesServerCert,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::CertifiedKey,
};

use crate::{app::Gateway, audit::sha256};

/// How often the files are looked at.
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
    written: Written,
    certified: Arc<CertifiedKey>,
}

/// When the two files were written.
type Written = (Option<SystemTime>, Option<SystemTime>);

impl ServerCertificate {
    /// Reads both files, in PEM form; the certificate's file also holds those between it and its authority.
    ///
    /// # Errors
    /// If a file cannot be read or the two do not belong together.
    pub fn open(certificate: PathBuf, key: PathBuf) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let written = written(&certificate, &key);
        let certified = load(&certificate, &key, &provider)?;
        Ok(Arc::new(Self { certificate, key, provider, current: RwLock::new(Current { written, certified }) }))
    }

    /// Reads the files again if they were written since; true if there is a new certificate now. What cannot be used
    /// changes nothing.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn reload(&self) -> Result<bool, TlsError> {
        let written = written(&self.certificate, &self.key);
        if self.current.read().unwrap_or_else(PoisonError::into_inner).written == written {
            return Ok(false);
        }
        let certified = load(&self.certificate, &self.key, &self.provider)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Current { written, certified };
        Ok(true)
    }

    /// Keeps looking at the files for as long as anybody serves with them.
    pub(super) fn watch(self: &Arc<Self>) {
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

    /// How the port is served: TLS 1.2 and 1.3; platforms whose certificates are known to the gateway may show them.
    pub(super) fn config(self: &Arc<Self>, gateway: &Gateway) -> Result<ServerConfig, Error> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider)).with_safe_default_protocol_versions()?;
        let builder = if gateway.knows_certificates() {
            builder.with_client_cert_verifier(Arc::new(Known { gateway: gateway.clone(), provider: Arc::clone(&self.provider) }))
        } else {
            builder.with_no_client_auth()
        };
        Ok(builder.with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>))
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).certified))
    }
}

fn written(certificate: &Path, key: &Path) -> Written {
    let of = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    (of(certificate), of(key))
}

fn load(certificate: &Path, key: &Path, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
    let read = |path: &Path| fs::read(path).map_err(|source| TlsError::Read { path: path.to_path_buf(), source });
    let not_pem = |path: &Path, what| TlsError::Pem { path: path.to_path_buf(), what };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&read(certificate)?).collect::<Result<_, _>>().unwrap_or_default();
    if chain.is_empty() {
        return Err(not_pem(certificate, "certificate"));
    }
    let private = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|_| not_pem(key, "private key"))?;
    let failed = |source| TlsError::Certificate { path: certificate.to_path_buf(), source };
    CertifiedKey::from_der(chain, private, provider).map(Arc::new).map_err(failed)
}

/// The SHA-256 of the certificate a platform has shown, whose key it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownCertificate(pub [u8; 32]);

/// Remembers with a connection which certificate was shown on it.
pub(super) fn remember(connection: &dyn Any, data: &mut Extensions) {
    let shown = connection.downcast_ref::<TlsStream<TcpStream>>().and_then(|stream| {
        let certificates = stream.get_ref().1.peer_certificates()?;
        certificates.first().map(|certificate| ShownCertificate(sha256(certificate)))
    });
    if let Some(shown) = shown {
        data.insert(shown);
    }
}

/// Takes the certificates that the federation file names, and no others.
struct Known {
    gateway: Gateway,
    provider: Arc<CryptoProvider>,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Known")
    }
}

impl ClientCertVerifier for Known {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(&self, shown: &CertificateDer<'_>, _: &[CertificateDer<'_>], _: UnixTime) -> Result<ClientCertVerified, Error> {
        match self.gateway.authenticate_certificate(&sha256(shown)) {
            Some(_) => Ok(ClientCertVerified::assertion()),
            None => Err(rustls::CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
