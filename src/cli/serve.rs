//! `onecase serve`

use std::{net::SocketAddr, process::ExitCode, sync::Arc};

use tokio::signal::unix::{SignalKind, signal};

use super::{
    Failure,
    runtime::{ConfigArgs, LogFormat, parts, start_log, tokio_runtime},
    sandbox,
};
use crate::{
    api::server,
    app::Gateway,
    config::{Config, ServerTlsConfig},
    net::ServerCertificate,
    workers::Workers,
};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Listen here instead of where the federation file says
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Serve a federation of its own for trying things out: a store that goes away, printed keys, a body that answers
    #[arg(long, conflicts_with = "config")]
    sandbox: bool,
    /// In the sandbox, leave the handling to whoever holds the office's key
    #[arg(long, requires = "sandbox")]
    without_body: bool,
    /// How the log is written; text on a terminal, JSON elsewhere
    #[arg(long, value_enum)]
    log_format: Option<LogFormat>,
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    start_log(args.log_format);
    if args.sandbox {
        return sandbox::run(args.listen, !args.without_body);
    }
    let mut config = args.config.load()?;
    if let Some(listen) = args.listen {
        config.server.listen = listen;
    }
    tokio_runtime()?.block_on(async move {
        let gateway = Gateway::start(parts(&config)?);
        let certificate = certificate(&config)?;
        let scheme = if certificate.is_some() { "https" } else { "http" };
        let listening = server::listen(gateway.clone(), &config.server, certificate, crate::web::configure, crate::web::ADDRESSES)?;
        let workers = Workers::start(&gateway);
        for address in &listening.addresses {
            tracing::info!(%address, pages = format!("{scheme}://{address}/"), "the gateway serves");
        }
        let handle = listening.server.handle();
        let serving = tokio::spawn(listening.server);
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping: requests in work are finished first");
        gateway.end_waiting();
        handle.stop(true).await;
        workers.stop().await;
        serving.await??;
        Ok(ExitCode::SUCCESS)
    })
}

fn certificate(config: &Config) -> Result<Option<Arc<ServerCertificate>>, Failure> {
    let open = |tls: &ServerTlsConfig| ServerCertificate::open(config.resolve(&tls.certificate), config.resolve(&tls.key));
    Ok(config.server.tls.as_ref().map(open).transpose()?)
}
