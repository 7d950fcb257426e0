//! Bodies, read under a limit of size and of time.

use std::{future::Future, pin::Pin, time::Duration};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{CONTENT_ENCODING, CONTENT_TYPE},
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt;

use super::problem::{Problem, Reply};
use crate::app::{code::Code, validate};

/// How long a body may take to arrive.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// How large a platform's callback may be.
pub const MAX_CALLBACK_BYTES: usize = 1024 * 1024;

/// A JSON body, not yet parsed.
#[derive(Debug)]
pub struct JsonBody(pub Bytes);

/// A body of any type, for the platform's adapter to make sense of.
#[derive(Debug)]
pub struct RawBody(pub Bytes);

impl FromRequest for JsonBody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Reply<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let accepted = expect_media_type(request, |essence| essence == "application/json", "application/json");
        let payload = payload.take();
        Box::pin(async move {
            accepted?;
            read(payload, validate::MAX_BYTES).await.map(Self)
        })
    }
}

impl FromRequest for RawBody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Reply<Self>>>>;

    fn from_request(_: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let payload = payload.take();
        Box::pin(async move { read(payload, MAX_CALLBACK_BYTES).await.map(Self) })
    }
}

/// Refuses other media types, and bodies that are compressed.
///
/// # Errors
/// `unsupported_media_type`, naming what is expected.
pub fn expect_media_type(request: &HttpRequest, accepts: impl Fn(&str) -> bool, expected: &str) -> Reply<()> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let essence = header(CONTENT_TYPE).and_then(|value| value.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
    if !accepts(&essence) {
        return Err(Problem::new(Code::UnsupportedMediaType, format!("Send the body with `Content-Type: {expected}`.")));
    }
    match header(CONTENT_ENCODING) {
        None | Some("identity") => Ok(()),
        Some(_) => Err(Problem::new(Code::UnsupportedMediaType, "Send the body without `Content-Encoding`.")),
    }
}

async fn read(mut payload: Payload, limit: usize) -> Reply<Bytes> {
    let everything = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Problem::new(Code::InvalidRequest, "The body broke off; send it again."))?;
            if body.len() + chunk.len() > limit {
                return Err(Problem::new(
                    Code::PayloadTooLarge,
                    format!("At most {limit} bytes are taken. {}", Code::PayloadTooLarge.advice()),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(BODY_TIMEOUT, everything).await.unwrap_or_else(|_| Err(Problem::of(Code::RequestTimeout)))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[actix_web::test]
    async fn a_body_is_held_to_type_and_size() {
        async fn code(request: TestRequest) -> Option<Code> {
            let (request, mut payload) = request.to_http_parts();
            JsonBody::from_request(&request, &mut payload).await.err().map(|problem| problem.code())
        }
        let post = || TestRequest::post().set_payload("{}");
        assert_eq!(code(post().insert_header(("Content-Type", "Application/JSON; charset=utf-8"))).await, None);
        assert_eq!(code(post()).await, Some(Code::UnsupportedMediaType));
        assert_eq!(code(post().insert_header(("Content-Type", "text/plain"))).await, Some(Code::UnsupportedMediaType));
        let zipped = post().insert_header(("Content-Type", "application/json")).insert_header(("Content-Encoding", "gzip"));
        assert_eq!(code(zipped).await, Some(Code::UnsupportedMediaType));
        let large =
            TestRequest::post().insert_header(("Content-Type", "application/json")).set_payload(vec![b' '; validate::MAX_BYTES + 1]);
        assert_eq!(code(large).await, Some(Code::PayloadTooLarge));
    }
}
