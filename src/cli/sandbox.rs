//! `onecase serve --sandbox`: a gateway to try things out on, with nothing to set up and nothing left behind.
//!
//! Two platforms: `sandbox`, which files, and `office`, whose body is competent for everything. Unless told otherwise the body
//! accepts and answers each case by itself, so that a vendor sees a whole case go by. A reset makes the store anew and keeps
//! the keys.

use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, http::header::AUTHORIZATION, web};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
};

use super::{
    Failure,
    runtime::{Scratch, tokio_runtime},
};
use crate::{
    adapter::Secrets,
    api::server,
    app::{Clock, FederatedPlatform, Federation, Gateway, Parts, new_secret, query::ChangeFilter, view::EventKind},
    config::{Config, KeyMaterial},
    domain::{
        case::CaseStatus,
        division, id,
        organization::{Directory, Organization},
        platform::{Platform, PlatformKind, Scope},
        update::{CaseReference, CaseUpdate, Reply},
    },
    workers::Workers,
};

const FILES: &str = "sandbox";
const HANDLES: &str = "office";
/// Between two steps of the body, so that each can be seen.
const STEP: Duration = Duration::from_millis(200);

/// The keys of a sandbox, the same after every reset.
struct Keys {
    files: String,
    handles: String,
    watches: String,
}

/// What ended a round.
enum Ended {
    Reset,
    Stopped,
}

pub fn run(listen: Option<SocketAddr>, with_body: bool) -> Result<ExitCode, Failure> {
    let keys = Keys { files: new_secret(), handles: new_secret(), watches: new_secret() };
    tokio_runtime()?.block_on(async move {
        let mut listen = listen.unwrap_or_else(|| Config::default().server.listen);
        let mut first = true;
        loop {
            match round(&mut listen, &keys, with_body, first).await? {
                Ended::Reset => tracing::info!("the sandbox begins anew"),
                Ended::Stopped => return Ok(ExitCode::SUCCESS),
            }
            first = false;
        }
    })
}

/// Serves from an empty store until a reset or the end.
async fn round(listen: &mut SocketAddr, keys: &Keys, with_body: bool, first: bool) -> Result<Ended, Failure> {
    let scratch = Scratch::new("sandbox")?;
    let mut config = Config::default();
    config.store.url = format!("sqlite:{}", scratch.path().join("onecase.db").display());
    config.server.listen = *listen;
    // A vendor's endpoints are on the same machine.
    config.outbound.allow_private_addresses = true;
    config.delivery.base_delay_ms = 200;
    let material = KeyMaterial::new(rand::random(), rand::random());
    let gateway = Gateway::start(Parts::new(&config, &material, federation()?, Clock::system())?);
    gateway.adopt_key(&keys.files, Some(FILES), &[Scope::Submit, Scope::Handle], "sandbox")?;
    gateway.adopt_key(&keys.handles, Some(HANDLES), &[Scope::Submit, Scope::Handle], "office")?;
    gateway.adopt_key(&keys.watches, None, &[Scope::Monitor, Scope::Audit, Scope::Review, Scope::Administer], "bureau")?;
    let reset = Reset { asked: Arc::new(Notify::new()), key: keys.files.clone() };
    let mounted = web::Data::new(reset.clone());
    let pages = move |service: &mut web::ServiceConfig| {
        service.app_data(mounted.clone()).route("/sandbox/reset", web::post().to(ask_reset));
        crate::web::configure(service);
    };
    let listening = server::listen(gateway.clone(), &config.server, None, pages, crate::web::ADDRESSES)?;
    *listen = listening.addresses.first().copied().unwrap_or(*listen);
    let workers = Workers::start(&gateway);
    let handle = listening.server.handle();
    let serving = tokio::spawn(listening.server);
    let body = with_body.then(|| tokio::spawn(answer_everything(gateway.clone())));
    if first {
        announce(*listen, keys);
    }
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let ended = tokio::select! {
        () = reset.asked.notified() => Ended::Reset,
        _ = interrupt.recv() => Ended::Stopped,
        _ = terminate.recv() => Ended::Stopped,
    };
    gateway.end_waiting();
    handle.stop(true).await;
    workers.stop().await;
    if let Some(body) = body {
        body.await?;
    }
    serving.await??;
    Ok(ended)
}

/// What a vendor needs to begin, on standard output.
fn announce(listen: SocketAddr, keys: &Keys) {
    println!("gateway    http://{listen}");
    println!("key        {}    platform {FILES}: files and reads its own", keys.files);
    println!("office     {}    platform {HANDLES}: handles", keys.handles);
    println!("bureau     {}    reads everything, decides", keys.watches);
    println!("reset      curl -X POST -H 'Authorization: Bearer {}' http://{listen}/sandbox/reset", keys.files);
}

fn federation() -> Result<Federation, Failure> {
    let platform = |id: &str, name: &str, kind| FederatedPlatform {
        platform: Platform { id: id.into(), name: name.into(), kind, division: division::NATION.into() },
        adapter: None,
        base_url: None,
        secrets: Secrets::default(),
        pull_interval: None,
        folder: None,
        tls: None,
    };
    let body = Organization {
        id: "sandbox-office".into(),
        name: "试用信访局".into(),
        division: division::NATION.into(),
        parent: None,
        platform: Some(HANDLES.into()),
        categories: Vec::new(),
    };
    let platforms = vec![platform(FILES, "试用平台", PlatformKind::Mobile), platform(HANDLES, "试用办理平台", PlatformKind::Provincial)];
    Ok(Federation::new(platforms, Directory::new(vec![body])?))
}

/// Asks for a reset.
#[derive(Clone)]
struct Reset {
    asked: Arc<Notify>,
    /// Whoever holds it may ask.
    key: String,
}

async fn ask_reset(request: HttpRequest, reset: web::Data<Reset>) -> HttpResponse {
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if given != format!("Bearer {}", reset.key) {
        return HttpResponse::Unauthorized().finish();
    }
    reset.asked.notify_one();
    HttpResponse::Accepted().finish()
}

/// The body: every case put into its hands is accepted, worked on and answered.
async fn answer_everything(gateway: Gateway) {
    let filter = ChangeFilter { visible_to: Some(HANDLES.to_owned()), kinds: vec![EventKind::CaseRouted], ..ChangeFilter::default() };
    let mut position = 0;
    while !gateway.is_ending() {
        match gateway.changes_within(&filter, position, 50, Duration::from_secs(30)).await {
            Ok(found) => {
                position = found.position;
                let cases: Vec<String> = found.items.into_iter().map(|change| change.subject).collect();
                for status in [CaseStatus::Accepted, CaseStatus::InProgress, CaseStatus::Answered] {
                    for case in &cases {
                        report(&gateway, case, status).await;
                    }
                    tokio::time::sleep(STEP).await;
                }
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the sandbox's body cannot see its cases");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn report(gateway: &Gateway, case: &str, status: CaseStatus) {
    let now = gateway.now();
    let update = CaseUpdate {
        update_id: id::new_id(now),
        reference: CaseReference::Case(case.to_owned()),
        status,
        occurred_at: now.fixed_offset(),
        reply: (status == CaseStatus::Answered).then(|| Reply {
            content: "这是试用环境的自动答复：您反映的事项已办理。".into(),
            organization: Some("试用信访局".into()),
            replied_at: now.fixed_offset(),
        }),
        reason: None,
        hearing: None,
        approved_by: None,
    };
    // Somebody with the office's key may have been faster.
    if let Err(error) = gateway.update_case(HANDLES, update).await {
        tracing::debug!(error = &error as &dyn std::error::Error, "the sandbox's body reports in vain");
    }
}
