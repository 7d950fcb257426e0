//! `onecase serve`

use std::{net::SocketAddr, process::ExitCode};

use tokio::signal::unix::{SignalKind, signal};

use super::{
    Failure,
    runtime::{ConfigArgs, LogFormat, parts, start_log, tokio_runtime},
    sandbox,
};
use crate::{api::server, app::Gateway, workers::Workers};

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
        let listening = server::listen(gateway.clone(), &config.server, crate::web::configure, crate::web::ADDRESSES)?;
        let workers = Workers::start(&gateway);
        for address in &listening.addresses {
            tracing::info!(%address, pages = format!("http://{address}/"), "the gateway serves");
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
