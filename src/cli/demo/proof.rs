//! What an auditor would run on the gateway's store, run on it.

use std::process::Command;

use super::world::World;
use crate::cli::Failure;

/// Exports the signed log and verifies the export with the log's own key: the last line that says so, or why not.
pub fn verify(world: &World) -> Result<Result<String, String>, Failure> {
    let export = world.folder().join("audit.ndjson");
    let Ok(key) = audit(world, &["key"], true)? else { return Ok(Err("the log has no key".to_owned())) };
    let output = export.display().to_string();
    if let Err(why) = audit(world, &["export", "--quiet", "--output", &output], true)? {
        return Ok(Err(why));
    }
    audit(world, &["verify", &output, "--key", key.trim()], false)
}

/// Folds the log again and compares it with the store.
pub fn replay(world: &World) -> Result<Result<String, String>, Failure> {
    audit(world, &["replay", "--quiet"], true)
}

/// `onecase audit` as a process of its own: its last line, as a success or not.
fn audit(world: &World, arguments: &[&str], configured: bool) -> Result<Result<String, String>, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("audit").args(arguments);
    if configured {
        command.arg("--config").arg(world.federation_file());
    }
    let output = command.output()?;
    let last = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().last().unwrap_or_default().to_owned();
    Ok(if output.status.success() { Ok(last(&output.stdout)) } else { Err(last(&output.stderr)) })
}
