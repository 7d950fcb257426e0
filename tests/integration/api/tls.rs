//! The gateway's own TLS, and platforms that show a certificate instead of a key.

use std::path::{Path, PathBuf};

use onecase::{
    audit::{hex, sha256},
    net::{ServerCertificate, TlsError},
};
use reqwest::{Certificate, Client, Identity};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde_json::Value;

use crate::support::{http::TestServer, stores::TestStore};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/connectors/tls").join(name)
}

fn client(identity: Option<&str>) -> Client {
    let authority = Certificate::from_pem(&std::fs::read(file("ca.pem")).unwrap()).unwrap();
    let builder = Client::builder().tls_certs_only([authority]);
    match identity {
        Some(name) => {
            let pem = [format!("{name}.pem"), format!("{name}.key")].map(|name| std::fs::read(file(&name)).unwrap()).concat();
            builder.identity(Identity::from_pem(&pem).unwrap())
        }
        None => builder,
    }
    .build()
    .unwrap()
}

#[actix_web::test]
async fn a_platform_is_known_by_its_certificate() {
    let shown = sha256(&CertificateDer::from_pem_slice(&std::fs::read(file("client.pem")).unwrap()).unwrap());
    let federation = format!(
        "organizations = \"organizations.toml\"\n[server]\nlisten = \"127.0.0.1:0\"\n\
         tls = {{ certificate = {:?}, key = {:?} }}\n\
         [[platforms]]\nid = \"mobile\"\nname = \"手机信访\"\nkind = \"mobile\"\ndivision = \"000000\"\ncertificates = [\"{}\"]\n",
        file("server.pem"),
        file("server.key"),
        hex(&shown)
    );
    let test = TestServer::start_with(TestStore::sqlite(), &federation, "organizations = []").await;
    let filing = super::filing("M-1");
    let post = |client: Client| client.post(format!("{}/v1/submissions", test.address)).json(&filing).send();

    let filed = post(client(Some("client"))).await.unwrap();
    assert_eq!(filed.status(), 202);
    assert_eq!(filed.headers()["strict-transport-security"], "max-age=31536000");
    let id = filed.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    let read = client(Some("client")).get(format!("{}/v1/submissions/{id}", test.address)).send().await.unwrap();
    assert_eq!(read.json::<Value>().await.unwrap()["platform"], "mobile");
    // A certificate lets nobody watch or decide.
    let watched = client(Some("client")).get(format!("{}/v1/platforms", test.address)).send().await.unwrap();
    assert_eq!(watched.status(), 403);

    assert_eq!(post(client(None)).await.unwrap().status(), 401);
    assert!(post(client(Some("server"))).await.is_err(), "a certificate nobody agreed on ends the handshake");
    test.stop().await;
}

#[actix_web::test]
async fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("gateway.pem"), folder.path().join("gateway.key"));
    let write = |name: &str| {
        for (from, to) in [("pem", &certificate), ("key", &key)] {
            std::fs::copy(file(&format!("{name}.{from}")), to).unwrap();
        }
    };
    write("server");
    let served = ServerCertificate::open(certificate.clone(), key.clone()).unwrap();
    assert!(!served.reload().unwrap());
    write("client");
    assert!(served.reload().unwrap());
    assert!(!served.reload().unwrap());
    std::fs::copy(file("server.key"), &key).unwrap();
    assert!(matches!(served.reload(), Err(TlsError::Certificate { .. })));
    std::fs::write(&certificate, "nothing").unwrap();
    assert!(matches!(served.reload(), Err(TlsError::Pem { .. })));
}
