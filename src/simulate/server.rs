//! What all simulated platforms share: a server of their own, faults, and a control interface under `/_control`.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
};

use actix_web::{
    App, HttpResponse, HttpServer,
    body::{BodySize, MessageBody},
    dev::ServerHandle,
    http::{StatusCode, header},
    web::{self, Bytes, ServiceConfig},
};
use chrono::{DateTime, Utc};
use serde_json::json;
use tokio::{runtime::Handle, sync::Semaphore};

use super::{
    caller::{Call, Gateway},
    faults::{FaultBox, Faults, Verdict},
    filing::Filing,
    record::{Received, Sent},
};

/// Calls to the gateway a platform has under way at once.
const CALLS_AT_ONCE: usize = 8;

/// The moment, as the simulation sees it.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// A platform under simulation.
pub(super) trait Simulated: Send + Sync {
    fn shared(&self) -> &Shared;
    /// A person files. Platforms that push send it at once; the others offer it to be read.
    fn file(self: Arc<Self>, filing: Filing);
    fn received(&self) -> Received;
    /// The secrets the gateway needs, by the names of the adapter's manifest.
    fn secrets(&self) -> BTreeMap<String, String>;
    /// Makes the platform forget what it gave out for a while, such as access tokens.
    fn expire(&self) {}
}

pub(super) struct Shared {
    pub id: String,
    pub clock: Clock,
    pub faults: FaultBox,
    pub gateway: Gateway,
    pub refused: AtomicU32,
    pub faulted: AtomicU32,
    runtime: Handle,
    calls: Arc<Semaphore>,
    sent: std::sync::Mutex<Sent>,
}

impl Shared {
    pub fn new(id: &str, clock: Clock, gateway: Gateway, runtime: Handle) -> Self {
        Self {
            id: id.to_owned(),
            clock,
            faults: FaultBox::default(),
            gateway,
            refused: AtomicU32::new(0),
            faulted: AtomicU32::new(0),
            runtime,
            calls: Arc::new(Semaphore::new(CALLS_AT_ONCE)),
            sent: std::sync::Mutex::default(),
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    pub fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits and judges. `Ok(true)`: carry it out and lose the answer.
    pub async fn admit(&self, key: &str) -> Result<bool, HttpResponse> {
        let (wait, verdict) = self.faults.judge(key);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        if verdict != Verdict::Carry {
            self.faulted.fetch_add(1, Ordering::Relaxed);
        }
        match verdict {
            Verdict::Carry => Ok(false),
            Verdict::LoseReply => Ok(true),
            Verdict::Error => Err(HttpResponse::InternalServerError().content_type("text/plain").body("Internal Server Error")),
            Verdict::Down => Err(HttpResponse::ServiceUnavailable().content_type("text/html").body("<html><body>503</body></html>")),
            Verdict::TooMany { retry_after_seconds } => {
                Err(HttpResponse::TooManyRequests().insert_header((header::RETRY_AFTER, retry_after_seconds)).finish())
            }
        }
    }

    /// Sends a filing to the gateway until it is taken, and a second time if that fault strikes.
    pub fn send(self: &Arc<Self>, key: String, make: impl Fn() -> Call + Send + Sync + 'static) {
        let shared = Arc::clone(self);
        self.count(|sent| sent.filings += 1);
        self.runtime.spawn(async move {
            let Ok(_permit) = Arc::clone(&shared.calls).acquire_owned().await else { return };
            let (attempts, answer) = shared.gateway.insist(&make).await;
            shared.count(|sent| {
                sent.attempts += attempts;
                if answer.is_some() { sent.acknowledged += 1 } else { sent.given_up += 1 }
            });
            if answer.is_some() && shared.faults.doubles(&key) {
                shared.count(|sent| sent.doubled += 1);
                shared.gateway.insist(&make).await;
            }
        });
    }

    fn count(&self, change: impl FnOnce(&mut Sent)) {
        if let Ok(mut sent) = self.sent.lock() {
            change(&mut sent);
        }
    }

    pub fn sent(&self) -> Sent {
        self.sent.lock().map(|sent| *sent).unwrap_or_default()
    }

    pub fn received(&self) -> Received {
        Received {
            refused: self.refused.load(Ordering::Relaxed),
            faulted: self.faulted.load(Ordering::Relaxed),
            sent: self.sent(),
            ..Received::default()
        }
    }
}

/// Binds a port (0 for a free one) and serves until the handle is stopped.
pub(super) fn serve<P: Simulated + 'static>(
    platform: Arc<P>,
    port: u16,
    routes: fn(&mut ServiceConfig),
) -> std::io::Result<(SocketAddr, ServerHandle)> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
    let address = listener.local_addr()?;
    let runtime = platform.shared().runtime.clone();
    let server = HttpServer::new(move || {
        let control: Arc<dyn Simulated> = Arc::clone(&platform) as Arc<dyn Simulated>;
        App::new()
            .app_data(web::PayloadConfig::new(4 << 20))
            .app_data(web::Data::from(Arc::clone(&platform)))
            .app_data(web::Data::from(control))
            .configure(routes)
            .configure(control_routes)
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?
    .run();
    let handle = server.handle();
    runtime.spawn(server);
    Ok((address, handle))
}

fn control_routes(config: &mut ServiceConfig) {
    config.service(
        web::scope("/_control")
            .route("/state", web::get().to(state))
            .route("/faults", web::get().to(faults))
            .route("/faults", web::post().to(set_faults))
            .route("/filings", web::post().to(file))
            .route("/expire", web::post().to(expire)),
    );
}

async fn state(platform: web::Data<dyn Simulated>) -> HttpResponse {
    HttpResponse::Ok().json(platform.received())
}

async fn faults(platform: web::Data<dyn Simulated>) -> HttpResponse {
    HttpResponse::Ok().json(platform.shared().faults.get())
}

async fn set_faults(platform: web::Data<dyn Simulated>, faults: web::Json<Faults>) -> HttpResponse {
    platform.shared().faults.set(faults.into_inner());
    HttpResponse::Ok().json(platform.shared().faults.get())
}

async fn file(platform: web::Data<dyn Simulated>, filing: web::Json<Filing>) -> HttpResponse {
    let filing = filing.into_inner();
    if filing.platform != platform.shared().id {
        return HttpResponse::BadRequest().json(json!({"error": "the filing is another platform's"}));
    }
    platform.into_inner().file(filing);
    HttpResponse::Accepted().finish()
}

async fn expire(platform: web::Data<dyn Simulated>) -> HttpResponse {
    platform.expire();
    HttpResponse::NoContent().finish()
}

/// Answers, or drops the connection in the middle of the answer.
pub(super) fn finish(response: HttpResponse, lose: bool) -> HttpResponse {
    if lose { HttpResponse::new(StatusCode::OK).map_body(|_, _| Broken).map_into_boxed_body() } else { response }
}

/// A body that promises more than it gives: the connection ends before the answer is whole.
struct Broken;

impl MessageBody for Broken {
    type Error = std::io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(1_024)
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(Some(Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))))
    }
}
