//! What platforms want to see before they answer: tokens that live for a while, and certificates of both sides.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use onecase::{
    adapter::Secrets,
    app::{FederatedPlatform, Federation},
    config::Config,
    domain::{organization::Directory, platform::PlatformKind},
    net::TlsIdentity,
};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

use super::{errors, federation, manifest, pull_all};
use crate::support::{
    gateway::{TestClock, platform, start, start_with},
    stores::on_both_stores,
    wild::{WildServer, json, response},
};

const PULL: &str = "    request: {method: GET, path: /list}\n    records: body";

/// OAuth 2.0 client credentials (RFC 6749, section 4.4).
const OAUTH: &str = r#"
secrets: {id: the client, secret: its secret}
authentication:
  headers: {Authorization: "Bearer {token}"}
  access_token:
    method: POST
    path: /token
    headers: {Authorization: "Basic {basic:id:secret}"}
    form: {grant_type: client_credentials}
    token: body.access_token
    lifetime_seconds: body.expires_in
"#;

fn with_secrets(manifest: &str, base: &str, secrets: &[(&str, &str)]) -> Federation {
    let one = federation(manifest, base).platform("plain").unwrap().adapter.clone();
    let plain = FederatedPlatform {
        adapter: one,
        base_url: Some(base.to_owned()),
        secrets: secrets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Secrets>(),
        ..platform("plain", PlatformKind::Provincial, "430000")
    };
    Federation::new(vec![plain], Directory::default())
}

const CA: &str = include_str!("tls/ca.pem");

fn identity(certificate: Option<(&str, &str)>) -> TlsIdentity {
    TlsIdentity {
        certificate: certificate.map(|(certificate, _)| certificate.to_owned()),
        key: certificate.map(|(_, key)| key.to_owned()),
        authority: Some(CA.to_owned()),
    }
}

/// A server that answers only who shows a certificate of the test authority.
fn closed_server() -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(CA.as_bytes()).unwrap()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let config = Arc::new(ServerConfig::builder().with_client_cert_verifier(verifier).with_single_cert(vec![certificate], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().take(20).flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
            let mut request = [0; 4_096];
            // A handshake that fails is what some of the callers are here for.
            if stream.read(&mut request).is_ok() {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\n[{\"id\": 1}]");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    base
}

on_both_stores! {
    async fn a_token_is_held_and_renewed_once_it_is_refused(store: TestStore) {
        let valid = Arc::new(Mutex::new(0_u32));
        let given = Arc::clone(&valid);
        let server = WildServer::start(move |seen| {
            let mut valid = given.lock().unwrap();
            match (seen.target(), seen.header("authorization")) {
                ("/token", Some("Basic aWQ6czNjcmV0")) => {
                    *valid += 1;
                    json(&format!(r#"{{"access_token": "T{valid}", "expires_in": 3600}}"#))
                }
                ("/list", Some(bearer)) if bearer == format!("Bearer T{valid}") => json(r#"[{"id": 1}]"#),
                _ => response("401 Unauthorized", "", "{}"),
            }
        })
        .await;
        let oauth = manifest(PULL).replace("mappings:", &format!("{OAUTH}mappings:"));
        let clock = TestClock::new();
        let gateway = start(&store, with_secrets(&oauth, &server.base, &[("id", "id"), ("secret", "s3cret")]), &clock);
        pull_all(&gateway).await;
        pull_all(&gateway).await;
        assert_eq!((*valid.lock().unwrap(), server.requests()), (1, 3), "one token for both");
        // Somebody else took a token: ours is void, and nobody notices.
        *valid.lock().unwrap() += 1;
        pull_all(&gateway).await;
        assert_eq!((*valid.lock().unwrap(), server.requests()), (3, 6));
        clock.advance(chrono::TimeDelta::hours(1));
        pull_all(&gateway).await;
        let failed = errors(&gateway).await.len();
        assert_eq!((*valid.lock().unwrap(), failed), (4, 0));

        let wrong = start(&store, with_secrets(&oauth, &server.base, &[("id", "id"), ("secret", "wrong")]), &clock);
        let platform = wrong.federation().platform("plain").unwrap().clone();
        let error = format!("{:?}", wrong.pull(&platform, "filings").await.unwrap_err());
        assert!(!error.contains("wrong") && !error.contains("d3Jvbmc"), "{error}");
        assert_eq!(errors(&wrong).await[0].code, "no_access_token");
    }

    async fn certificates_are_shown_and_looked_at(store: TestStore) {
        let base = closed_server();
        let ours = (include_str!("tls/client.pem"), include_str!("tls/client.key"));
        for (tls, expected) in [(Some(identity(Some(ours))), None), (Some(identity(None)), Some(())), (None, Some(()))] {
            let plain = FederatedPlatform {
                adapter: federation(&manifest(PULL), &base).platform("plain").unwrap().adapter.clone(),
                base_url: Some(base.clone()),
                tls,
                ..platform("plain", PlatformKind::Provincial, "430000")
            };
            let federation = Federation::new(vec![plain], Directory::default());
            let gateway = start_with(&store, federation, &TestClock::new(), |_: &mut Config| {});
            let platform = gateway.federation().platform("plain").unwrap().clone();
            assert_eq!(gateway.pull(&platform, "filings").await.err().map(|_| ()), expected);
        }
    }
}
