//! `onecase completions`

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Failure};

#[derive(clap::Args)]
pub struct Args {
    /// The shell to write for
    shell: Shell,
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    clap_complete::generate(args.shell, &mut Cli::command(), "onecase", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
