//! TLS on the gateway's own port, and the certificates that platforms show instead of a key (RFC 8705, section 2.2: a
//! certificate counts because it is the one agreed, whoever issued it).

use std::{any::Any, sync::Arc};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::{dev::Extensions, rt::net::TcpStream};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};

use crate::{app::Gateway, audit::sha256, net::ServerCertificate};

/// How the port is served: TLS 1.2 and 1.3; platforms whose certificates are known to the gateway may show them.
pub(super) fn config(certificate: &Arc<ServerCertificate>, gateway: &Gateway) -> Result<ServerConfig, Error> {
    let provider = certificate.provider();
    let builder = ServerConfig::builder_with_provider(Arc::clone(provider)).with_safe_default_protocol_versions()?;
    let builder = if gateway.knows_certificates() {
        builder.with_client_cert_verifier(Arc::new(Known { gateway: gateway.clone(), provider: Arc::clone(provider) }))
    } else {
        builder.with_no_client_auth()
    };
    let resolver = Arc::clone(certificate);
    Ok(builder.with_cert_resolver(resolver))
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
