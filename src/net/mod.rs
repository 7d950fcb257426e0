//! The only user of reqwest: requests to platforms under one policy. Also the certificate the gateway itself shows.
//!
//! Redirects are not followed, answers are read up to a limit and within a time, and no request leaves for an address
//! inside the private ranges unless the configuration allows it; the check is on the resolved address, at connect time.
//! Folders on SFTP servers ([`sftp`]) are read under the same policy.

pub mod sftp;

mod certificate;
pub mod validity;

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use reqwest::{
    Method, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{HeaderMap, HeaderName, HeaderValue},
};

pub use certificate::{ServerCertificate, TlsError};

/// Limits of every request.
#[derive(Clone, Debug)]
pub struct OutboundPolicy {
    pub allow_private_addresses: bool,
    pub connect_timeout: Duration,
    pub total_timeout: Duration,
    /// Bytes of body, after decompression.
    pub max_response_bytes: usize,
}

/// What one server is shown, and whom it must be; all in PEM form.
#[derive(Clone)]
pub struct TlsIdentity {
    pub certificate: Option<String>,
    pub key: Option<String>,
    pub authority: Option<String>,
}

impl std::fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsIdentity").finish_non_exhaustive()
    }
}

/// A request with an absolute address.
#[derive(Clone)]
pub struct OutboundRequest {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

#[derive(Clone, Debug)]
pub struct OutboundResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Why no usable answer came. None of these shows an address's query or a body.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    #[error("the address or a header of the request is not valid")]
    Invalid,
    #[error("the address is not one of https, or names a user or a fragment")]
    Form,
    #[error("the address lies in a private range, which outbound.allow_private_addresses does not allow")]
    PrivateAddress,
    #[error("no answer within the time limit")]
    Timeout,
    #[error("no connection")]
    Connect(#[source] reqwest::Error),
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the connection broke off")]
    Broken(#[source] reqwest::Error),
}

impl OutboundError {
    /// A stable word for counters and stored attempts.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid => "invalid_request",
            Self::Form => "address_not_allowed",
            Self::PrivateAddress => "private_address",
            Self::Timeout => "timeout",
            Self::Connect(_) => "no_connection",
            Self::TooLarge { .. } => "answer_too_large",
            Self::Broken(_) => "connection_broken",
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the outbound client cannot be made")]
pub struct ClientError(#[from] reqwest::Error);

/// Sends requests. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    client: reqwest::Client,
    identified: Arc<HashMap<String, reqwest::Client>>,
    policy: Arc<OutboundPolicy>,
}

impl Outbound {
    pub fn new(policy: OutboundPolicy) -> Result<Self, ClientError> {
        // A second installation fails harmlessly: the first one stands.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self { client: builder(&policy).build()?, identified: Arc::default(), policy: Arc::new(policy) })
    }

    /// Knows how to show itself to servers that want to know who asks, by name for [`Self::send_as`].
    pub fn identified(self, identities: impl IntoIterator<Item = (String, TlsIdentity)>) -> Result<Self, ClientError> {
        let mut identified = HashMap::new();
        for (name, identity) in identities {
            identified.insert(name, identify(builder(&self.policy), &identity)?.build()?);
        }
        Ok(Self { identified: Arc::new(identified), ..self })
    }

    /// Whether an address that somebody else names may be sent to: TLS, no user, no fragment, and no private range as far as it
    /// can be seen without resolving its name. Where private addresses are allowed, so is `http`.
    pub fn check(&self, address: &str) -> Result<(), OutboundError> {
        let url = Url::parse(address).map_err(|_| OutboundError::Invalid)?;
        let scheme = url.scheme() == "https" || (url.scheme() == "http" && self.policy.allow_private_addresses);
        let host = url.host_str().ok_or(OutboundError::Invalid)?;
        if !scheme || !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(OutboundError::Form);
        }
        let private = host.eq_ignore_ascii_case("localhost") || literal_address(host).is_some_and(is_private);
        if private && !self.policy.allow_private_addresses { Err(OutboundError::PrivateAddress) } else { Ok(()) }
    }

    /// Connects to a folder on an SFTP server.
    pub async fn open_folder(&self, folder: &sftp::SftpFolder) -> Result<sftp::Session, sftp::SftpError> {
        let limits = sftp::SftpLimits {
            allow_private_addresses: self.policy.allow_private_addresses,
            connect: self.policy.connect_timeout,
            answer: self.policy.total_timeout,
        };
        sftp::Session::connect(folder, limits).await
    }

    /// How long one answer may take.
    pub fn patience(&self) -> Duration {
        self.policy.total_timeout
    }

    /// Sends one request and reads the answer whole, whatever its status.
    pub async fn send(&self, request: OutboundRequest) -> Result<OutboundResponse, OutboundError> {
        self.send_with(&self.client, request).await
    }

    /// As [`Self::send`], under the identity of this name if there is one.
    pub async fn send_as(&self, identity: &str, request: OutboundRequest) -> Result<OutboundResponse, OutboundError> {
        self.send_with(self.identified.get(identity).unwrap_or(&self.client), request).await
    }

    async fn send_with(&self, client: &reqwest::Client, request: OutboundRequest) -> Result<OutboundResponse, OutboundError> {
        let url = Url::parse(&request.url).map_err(|_| OutboundError::Invalid)?;
        if !self.policy.allow_private_addresses && url.host_str().and_then(literal_address).is_some_and(is_private) {
            return Err(OutboundError::PrivateAddress);
        }
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| OutboundError::Invalid)?;
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| OutboundError::Invalid)?;
            headers.append(name, HeaderValue::from_str(value).map_err(|_| OutboundError::Invalid)?);
        }
        let response = client.request(method, url).headers(headers).body(request.body).send().await.map_err(classify)?;
        self.read(response).await
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<OutboundResponse, OutboundError> {
        let limit = self.policy.max_response_bytes;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(classify)? {
            if body.len() + chunk.len() > limit {
                return Err(OutboundError::TooLarge { limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(OutboundResponse { status, headers, body })
    }
}

fn builder(policy: &OutboundPolicy) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(policy.connect_timeout)
        .timeout(policy.total_timeout)
        .pool_idle_timeout(Duration::from_secs(30))
        .user_agent(concat!("onecase/", env!("CARGO_PKG_VERSION")))
        .no_proxy()
        .dns_resolver(Arc::new(PublicResolver { allow_private: policy.allow_private_addresses }))
}

fn identify(mut builder: reqwest::ClientBuilder, identity: &TlsIdentity) -> Result<reqwest::ClientBuilder, reqwest::Error> {
    if let (Some(certificate), Some(key)) = (&identity.certificate, &identity.key) {
        builder = builder.identity(reqwest::Identity::from_pem(format!("{certificate}\n{key}").as_bytes())?);
    }
    if let Some(authority) = &identity.authority {
        builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(authority.as_bytes())?);
    }
    Ok(builder)
}

fn classify(error: reqwest::Error) -> OutboundError {
    let error = error.without_url();
    if is_policy_refusal(&error) {
        OutboundError::PrivateAddress
    } else if error.is_timeout() {
        OutboundError::Timeout
    } else if error.is_connect() {
        OutboundError::Connect(error)
    } else if error.is_builder() {
        OutboundError::Invalid
    } else {
        OutboundError::Broken(error)
    }
}

fn is_policy_refusal(error: &reqwest::Error) -> bool {
    let mut at: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = at {
        if current.is::<PrivateAddressRefused>() {
            return true;
        }
        at = current.source();
    }
    false
}

#[derive(Debug, thiserror::Error)]
#[error("every address of the host lies in a private range")]
struct PrivateAddressRefused;

/// Resolves names and leaves private addresses out, so that a name cannot be pointed inside afterwards.
struct PublicResolver {
    allow_private: bool,
}

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> = found.into_iter().filter(|address| allow_private || !is_private(address.ip())).collect();
            if allowed.is_empty() {
                return Err(PrivateAddressRefused.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn literal_address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Loopback, private, link-local, shared, documentation, multicast and unspecified ranges (RFC 6890).
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation()
                || a == 0
                || (a == 100 && (64..128).contains(&b))
                || (a == 198 && (18..20).contains(&b))
                || a >= 240
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_private(IpAddr::V4(v4)),
            None => v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || v6.is_unique_local() || v6.is_unicast_link_local(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_others_name_are_checked() {
        let outbound = |allow_private_addresses| {
            let policy = OutboundPolicy {
                allow_private_addresses,
                connect_timeout: Duration::from_secs(1),
                total_timeout: Duration::from_secs(1),
                max_response_bytes: 1,
            };
            Outbound::new(policy).expect("a client")
        };
        let code = |allow, address: &str| outbound(allow).check(address).err().map_or("", |error| error.code());
        for (address, strict, lenient) in [
            ("https://example.com/hooks?a=1", "", ""),
            ("http://example.com/", "address_not_allowed", ""),
            ("https://user:secret@example.com/", "address_not_allowed", "address_not_allowed"),
            ("https://example.com/#part", "address_not_allowed", "address_not_allowed"),
            ("https://127.0.0.1/", "private_address", ""),
            ("https://[::1]/", "private_address", ""),
            // Other spellings of 127.0.0.1 are the same address to the parser.
            ("https://2130706433/", "private_address", ""),
            ("https://0x7f.1/", "private_address", ""),
            ("https://localhost/", "private_address", ""),
            ("ftp://example.com/", "address_not_allowed", "address_not_allowed"),
            ("hooks", "invalid_request", "invalid_request"),
        ] {
            assert_eq!((code(false, address), code(true, address)), (strict, lenient), "{address}");
        }
    }

    #[test]
    fn private_ranges_are_known() {
        for (address, private) in [
            ("127.0.0.1", true),
            ("10.1.2.3", true),
            ("169.254.169.254", true),
            ("100.64.0.1", true),
            ("0.0.0.0", true),
            ("8.8.8.8", false),
            ("::1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("::ffff:10.0.0.1", true),
            ("2001:4860:4860::8888", false),
        ] {
            assert_eq!(is_private(address.parse().expect("an address")), private, "{address}");
        }
    }
}
