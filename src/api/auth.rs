//! Who calls and what they may do, as a type in the handler's signature.

use std::{future::Future, marker::PhantomData, net::SocketAddr, pin::Pin};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header::AUTHORIZATION, web};

use super::{
    problem::{Problem, Reply},
    tls::ShownCertificate,
};
use crate::{
    app::{Credential, Gateway, code::Code, network},
    domain::{
        access::{self, OutsideDivision, Reach},
        division,
        platform::Scope,
    },
};

const KEY_HEADER: &str = "X-API-Key";

/// Longer than any key we give out; nothing longer is hashed.
const MAX_KEY: usize = 256;

/// What a handler needs its caller to be allowed.
pub trait Permission: 'static {
    /// Any one of these is enough.
    const SCOPES: &'static [Scope];
    /// What it opens speaks of the whole federation and cannot be narrowed to a division.
    const WHOLE: bool = false;
}

/// What a caller must hold to be let in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needed {
    /// Any one of these.
    pub scopes: &'static [Scope],
    /// And be confined to no division.
    pub whole: bool,
}

impl Needed {
    const fn of<P: Permission>() -> Self {
        Self { scopes: P::SCOPES, whole: P::WHOLE }
    }
}

/// File submissions.
#[derive(Debug)]
pub struct Submit;
/// Report status and reply.
#[derive(Debug)]
pub struct Handle;
/// Read what one is concerned with, or everything for those who watch.
#[derive(Debug)]
pub struct Read;
/// Watch the federation.
#[derive(Debug)]
pub struct Monitor;
/// Watch what is of no division alone.
#[derive(Debug)]
pub struct WatchAll;
/// Be told of changes.
#[derive(Debug)]
pub struct Follow;
/// Read the audit log's leaves.
#[derive(Debug)]
pub struct Audit;
/// Decide what may be a duplicate.
#[derive(Debug)]
pub struct Review;
/// See what one's platform was addressed with, or everything for those who watch.
#[derive(Debug)]
pub struct Supervise;
/// Decide as the superior of the bodies concerned, or as a reviewer of the gateway.
#[derive(Debug)]
pub struct Oversee;
/// See what waits for a decision.
#[derive(Debug)]
pub struct ReadReviews;
/// Put things right.
#[derive(Debug)]
pub struct Administer;

impl Permission for Submit {
    const SCOPES: &'static [Scope] = &[Scope::Submit];
}
impl Permission for Handle {
    const SCOPES: &'static [Scope] = &[Scope::Handle];
}
impl Permission for Read {
    const SCOPES: &'static [Scope] = &[Scope::Submit, Scope::Handle, Scope::Monitor];
}
impl Permission for Monitor {
    const SCOPES: &'static [Scope] = &[Scope::Monitor];
}
impl Permission for WatchAll {
    const SCOPES: &'static [Scope] = &[Scope::Monitor];
    const WHOLE: bool = true;
}
impl Permission for Follow {
    const SCOPES: &'static [Scope] = Read::SCOPES;
    const WHOLE: bool = true;
}
impl Permission for Audit {
    const SCOPES: &'static [Scope] = &[Scope::Audit];
    const WHOLE: bool = true;
}
impl Permission for Review {
    const SCOPES: &'static [Scope] = &[Scope::Review, Scope::Administer];
}
impl Permission for Supervise {
    const SCOPES: &'static [Scope] = &[Scope::Handle, Scope::Monitor];
}
impl Permission for Oversee {
    const SCOPES: &'static [Scope] = &[Scope::Handle, Scope::Review, Scope::Administer];
}
impl Permission for ReadReviews {
    const SCOPES: &'static [Scope] = &[Scope::Review, Scope::Monitor];
}
impl Permission for Administer {
    const SCOPES: &'static [Scope] = &[Scope::Administer];
    const WHOLE: bool = true;
}

/// A caller who holds a key with the permission `P`.
#[derive(Debug)]
pub struct Caller<P> {
    credential: Credential,
    permission: PhantomData<P>,
}

impl<P: Permission> Caller<P> {
    /// The platform on whose behalf the call is made.
    ///
    /// # Errors
    /// If the key belongs to no platform.
    pub fn platform(&self) -> Reply<&str> {
        self.credential.platform.as_deref().ok_or_else(|| Problem::of(Code::PlatformKeyRequired))
    }

    /// The only platform whose affairs the caller may see; `None` for those who watch the whole federation.
    ///
    /// # Errors
    /// If the key may neither watch nor belongs to a platform.
    pub fn confined_to(&self) -> Reply<Option<&str>> {
        if self.credential.scopes.contains(&Scope::Monitor) { Ok(None) } else { self.platform().map(Some) }
    }

    /// What the caller may see.
    ///
    /// # Errors
    /// As [`Caller::confined_to`].
    pub fn reach(&self) -> Reply<Reach> {
        Ok(Reach { platform: self.confined_to()?.map(str::to_owned), division: self.credential.division.clone() })
    }

    /// What the caller may see, where platforms do not matter.
    pub fn division(&self) -> Reach {
        Reach { platform: None, division: self.credential.division.clone() }
    }

    /// The division to ask about: what was asked for, confined to the caller's own.
    ///
    /// # Errors
    /// If what was asked for lies elsewhere.
    pub fn within(&self, asked: Option<String>) -> Reply<Option<String>> {
        access::within(self.credential.division.as_deref(), asked).map_err(|error| outside(&error))
    }

    /// [`Caller::within`], where the nation stands for everything.
    ///
    /// # Errors
    /// As [`Caller::within`].
    pub fn area(&self, asked: Option<String>) -> Reply<String> {
        Ok(self.within(asked)?.unwrap_or_else(|| division::NATION.to_owned()))
    }

    /// Goes on only if the case is the caller's to see.
    ///
    /// # Errors
    /// If it is not, or there is none: the two are not told apart.
    pub async fn sees_case(&self, gateway: &Gateway, id: &str) -> Reply<()> {
        let reach = self.division();
        there(reach.division.is_none() || gateway.sees_case(&reach, id).await?)
    }

    /// The platform the caller decides for; `None` for a reviewer of the gateway, who decides for whatever body is competent.
    ///
    /// # Errors
    /// If the key belongs to no platform and may not review.
    pub fn on_behalf_of(&self) -> Reply<Option<&str>> {
        let reviews = [Scope::Review, Scope::Administer].iter().any(|scope| self.credential.scopes.contains(scope));
        if reviews && self.credential.platform.is_none() { Ok(None) } else { self.platform().map(Some) }
    }

    /// Names the key, for what is recorded as somebody's doing.
    pub fn actor(&self) -> String {
        self.credential.actor()
    }

    /// The key's id.
    pub fn key_id(&self) -> &str {
        &self.credential.key_id
    }

    /// True if what `platform` filed is the caller's own.
    pub fn is_platform(&self, platform: &str) -> bool {
        self.credential.platform.as_deref() == Some(platform)
    }
}

/// What is not to be seen is not there.
///
/// # Errors
/// If it is not seen.
pub fn there(seen: bool) -> Reply<()> {
    if seen { Ok(()) } else { Err(Problem::of(Code::NotFound)) }
}

fn outside(error: &OutsideDivision) -> Problem {
    Problem::new(Code::Forbidden, format!("The key sees what lies in {}; ask for that or for a part of it.", error.own))
}

/// The key from `Authorization: Bearer` (RFC 6750, section 2.1) or `X-API-Key`.
pub(super) fn key(request: &HttpRequest) -> Option<&str> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let bearer = header(AUTHORIZATION.as_str()).and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    bearer.or_else(|| header(KEY_HEADER).map(str::trim)).filter(|key| !key.is_empty() && key.len() <= MAX_KEY)
}

async fn authenticate(request: &HttpRequest, needed: Needed) -> Reply<Credential> {
    let gateway = request.app_data::<web::Data<Gateway>>().ok_or_else(|| Problem::internal("the gateway is not mounted"))?;
    if let Some(key) = key(request) {
        return authenticate_key(gateway, request, key, needed).await;
    }
    let shown = request.conn_data::<ShownCertificate>().and_then(|shown| gateway.authenticate_certificate(&shown.0));
    admit(gateway, request, shown.ok_or_else(|| Problem::of(Code::Unauthenticated))?, needed)
}

/// The answer to somebody who is not who he says: the problem, or that he tries too often.
pub(super) fn refused(gateway: &Gateway, peer: Option<SocketAddr>, problem: Problem) -> Problem {
    match peer.map_or(Ok(()), |peer| gateway.refuse_key(&network(peer.ip()).to_string())) {
        Ok(()) => problem,
        Err(wait) => Problem::of(Code::TooManyRequests).retry_after(wait),
    }
}

/// Who a key stands for, if that caller is let in.
pub(super) async fn authenticate_key(gateway: &Gateway, request: &HttpRequest, key: &str, needed: Needed) -> Reply<Credential> {
    let Some(credential) = gateway.authenticate(key).await? else {
        return Err(refused(gateway, request.peer_addr(), Problem::of(Code::Unauthenticated)));
    };
    admit(gateway, request, credential, needed)
}

/// Lets a caller in who has what is needed and has not asked for too much.
fn admit(gateway: &Gateway, request: &HttpRequest, credential: Credential, needed: Needed) -> Reply<Credential> {
    match gateway.admit(&credential) {
        Ok(allowance) => request.extensions_mut().insert(allowance),
        Err(exhausted) => {
            request.extensions_mut().insert(exhausted.allowance);
            return Err(Problem::of(Code::TooManyRequests).retry_after(exhausted.retry_after));
        }
    };
    if !needed.scopes.iter().any(|scope| credential.scopes.contains(scope)) {
        return Err(lacking(needed.scopes));
    }
    if needed.whole
        && let Some(own) = &credential.division
    {
        let detail = format!("The key sees what lies in {own}; use one that sees the whole federation.");
        return Err(Problem::new(Code::Forbidden, detail));
    }
    Ok(credential)
}

fn lacking(scopes: &[Scope]) -> Problem {
    let names: Vec<_> = scopes.iter().map(|scope| format!("`{}`", scope.as_str())).collect();
    Problem::new(Code::Forbidden, format!("Use a key with the scope {}.", names.join(" or ")))
}

impl<P: Permission> FromRequest for Caller<P> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Reply<Self>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self { credential: authenticate(&request, Needed::of::<P>()).await?, permission: PhantomData }) })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn check(name: &'static str, value: &str, expected: Option<&str>) {
        let request = TestRequest::get().insert_header((name, value)).to_http_request();
        assert_eq!(key(&request), expected, "{name}: {value}");
    }

    #[test]
    fn a_key_comes_in_either_header() {
        check("Authorization", "Bearer oc_1", Some("oc_1"));
        check("Authorization", "bearer  oc_1 ", Some("oc_1"));
        check("X-API-Key", "oc_1", Some("oc_1"));
        check("Authorization", "Basic b2M=", None);
        check("Authorization", "Bearer ", None);
        check("X-API-Key", &"x".repeat(MAX_KEY + 1), None);
    }

    #[test]
    fn an_address_of_ipv6_stands_for_its_network() {
        for (address, counted) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff::", "2001:db8:1:2::"),
        ] {
            assert_eq!(network(address.parse().expect("an address")).to_string(), counted, "{address}");
        }
    }
}
