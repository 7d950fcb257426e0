//! The HTTP server: routes, limits and what answers where there is no route.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::{ResourceDef, Server},
    middleware::{Compress, from_fn},
    web,
};
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    docs::{self, Contract},
    finish::{InWork, finish},
    openapi,
    problem::{Problem, Reply},
    tls,
};
use crate::{
    app::{Gateway, code::Code},
    config::ServerConfig,
    net::ServerCertificate,
};

/// How long the head of a request may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(75);
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long requests in work may go on after a stop is asked for.
const SHUTDOWN_SECONDS: u64 = 30;
const MAX_CONNECTIONS_PER_WORKER: usize = 4096;

/// A server that listens. It serves while `server` is awaited, on any task.
pub struct Listening {
    pub server: Server,
    /// Where it listens; with port 0 asked for, the port it got.
    pub addresses: Vec<SocketAddr>,
}

/// Paths, and the methods each takes.
pub type Paths = &'static [(&'static str, &'static str)];

/// Starts to listen; with a certificate, by TLS only. `pages` mounts the pages for people, after the API; `addresses` are theirs.
///
/// The server does not listen to signals: whoever started it also has workers to stop, and stops all together.
///
/// # Errors
/// If the address cannot be bound.
pub fn listen<P>(
    gateway: Gateway,
    config: &ServerConfig,
    certificate: Option<Arc<ServerCertificate>>,
    pages: P,
    addresses: Paths,
) -> io::Result<Listening>
where
    P: Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
{
    let tls = certificate.as_ref().map(|certificate| tls::config(certificate, &gateway)).transpose().map_err(io::Error::other)?;
    let gateway = web::Data::new(gateway);
    let contract = web::Data::new(Contract::new());
    let in_work = web::Data::new(InWork::new(config.concurrent_requests));
    let routes = web::Data::new(Routes::new(&openapi::document(), addresses));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(gateway.clone())
            .app_data(contract.clone())
            .app_data(routes.clone())
            .app_data(in_work.clone())
            .configure(|config| super::routes(&mut ServiceConfig::new(config)))
            .configure(docs::configure)
            .configure(&pages)
            .default_service(web::to(nowhere))
            .wrap(from_fn(finish))
            .wrap(Compress::default())
    })
    .workers(config.workers.max(1))
    .max_connections(MAX_CONNECTIONS_PER_WORKER)
    .client_request_timeout(HEAD_TIMEOUT)
    .client_disconnect_timeout(DISCONNECT_TIMEOUT)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(SHUTDOWN_SECONDS)
    .disable_signals()
    .on_connect(tls::remember);
    let server = match tls {
        Some(tls) => server.bind_rustls_0_23(config.listen, tls)?,
        None => server.bind(config.listen)?,
    };
    if let Some(certificate) = certificate {
        certificate.watch();
    }
    let addresses = server.addrs();
    Ok(Listening { server: server.run(), addresses })
}

/// The methods of every path, for what the router does not say: a known path with another method.
struct Routes(Vec<(ResourceDef, String)>);

impl Routes {
    fn new(document: &Value, pages: Paths) -> Self {
        let paths = document["paths"].as_object().into_iter().flatten();
        let routes = paths.map(|(path, item)| {
            let mut methods: Vec<String> = item.as_object().into_iter().flatten().map(|(method, _)| method.to_ascii_uppercase()).collect();
            if methods.iter().any(|method| method == "GET") {
                methods.push("HEAD".to_owned());
            }
            (ResourceDef::new(path.as_str()), methods.join(", "))
        });
        let own = ["/openapi.json", "/docs", "/docs/errors", "/docs/{file:.*}"].map(|path| (path, "GET, HEAD"));
        let fixed = own.iter().chain(pages).map(|(path, methods)| (ResourceDef::new(*path), (*methods).to_owned()));
        Self(routes.chain(fixed).collect())
    }

    fn allowed(&self, path: &str) -> Option<&str> {
        // A fixed path such as /v1/submissions/batch also fits /v1/submissions/{id}; the fixed one counts.
        let fitting = || self.0.iter().filter(|(route, _)| route.is_match(path));
        fitting().find(|(route, _)| route.pattern() == Some(path)).or_else(|| fitting().next()).map(|(_, methods)| methods.as_str())
    }
}

async fn nowhere(request: HttpRequest, routes: web::Data<Routes>) -> Reply<HttpResponse> {
    Err(match routes.allowed(request.path()) {
        Some(methods) => Problem::of(Code::MethodNotAllowed).allowed_methods(methods),
        None => Problem::of(Code::NotFound),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_path_names_its_methods() {
        let routes = Routes::new(&openapi::document(), &[("/", "GET, HEAD"), ("/reviews/{submission}", "GET, HEAD, POST")]);
        for (path, methods) in [
            ("/v1/submissions", Some("GET, HEAD, POST")),
            ("/v1/submissions/018f", Some("GET, HEAD")),
            ("/v1/submissions/batch", Some("POST")),
            ("/v1/cases/LJ1/updates", Some("POST")),
            ("/openapi.json", Some("GET, HEAD")),
            ("/v1/petitioners", None),
            ("/docs/", Some("GET, HEAD")),
            ("/docs/swagger-ui.css", Some("GET, HEAD")),
            ("/", Some("GET, HEAD")),
            ("/reviews/018f", Some("GET, HEAD, POST")),
            ("/review", None),
        ] {
            let sorted = |methods: &str| {
                let mut list: Vec<_> = methods.split(", ").map(str::to_owned).collect();
                list.sort();
                list.join(", ")
            };
            assert_eq!(routes.allowed(path).map(sorted).as_deref(), methods, "{path}");
        }
    }
}
