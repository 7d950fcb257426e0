//! The `onecase` command.

fn main() -> std::process::ExitCode {
    onecase::cli::main()
}
