//! A throw-away PostgreSQL server.
//!
//! It lives in a directory of its own under the system's temporary directory, listens on a free port of the loopback interface,
//! and is stopped and removed when its [`Server`] is dropped **or the test process ends in any way**: a small shell script stands
//! between, holding a pipe from this process, and clears up when the pipe closes. The shared server lives in a `static`, which Rust
//! never drops, and a killed test run must leave no server behind either.

use std::{
    io::Write as _,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// Superuser of every throw-away server.
const USER: &str = "onecase";
const STARTED_WITHIN: Duration = Duration::from_secs(60);

/// Waits for the pipe to close, then stops the server at once and removes its directory.
const KEEPER: &str = r#"
trap '' INT TERM HUP
"$@" &
server=$!
cat >/dev/null
kill -QUIT "$server" 2>/dev/null
wait "$server"
rm -rf "$ONECASE_TEST_DIRECTORY"
"#;

/// Whether a commit waits for the disk. Tests of crashes need it; all others are faster without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    On,
    Off,
}

pub struct Server {
    keeper: Child,
    port: u16,
    binaries: PathBuf,
    databases: AtomicU32,
}

impl Server {
    /// The one server of this test process, started by the first test that needs it.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Fsync::Off))
    }

    pub fn start(fsync: Fsync) -> Self {
        let binaries = binaries();
        let directory = tempfile::Builder::new().prefix("onecase-postgres-").tempdir().unwrap().keep();
        if is_root() {
            checked(Command::new("chown").arg("postgres").arg(&directory));
        }
        let data = directory.join("data");
        let mut initdb = unprivileged(&binaries.join("initdb"));
        initdb.args(["--auth=trust", "--no-sync", "--no-instructions", "--locale=C", "--encoding=UTF8", "--username", USER, "--pgdata"]);
        checked(initdb.arg(&data).current_dir(&directory));

        // Another process may take the port between our look and the server's bind; then it does not answer and we try the next.
        for _ in 0..5 {
            let port = free_port();
            let keeper = spawn(&binaries, &directory, &data, port, fsync);
            let mut server = Self { keeper, port, binaries: binaries.clone(), databases: AtomicU32::new(0) };
            if server.answers() {
                return server;
            }
            eprintln!("PostgreSQL did not start on port {port}:\n{}", log(&directory));
            server.keeper.kill().unwrap();
        }
        panic!("PostgreSQL did not start: {}", log(&directory));
    }

    /// Makes an empty database and answers its URL.
    pub fn fresh_database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        format!("postgres://{USER}@127.0.0.1:{}/{name}", self.port)
    }

    /// Runs SQL with psql and answers what it prints, unaligned.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        let output = checked(&mut self.psql(database, statement));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn psql(&self, database: &str, statement: &str) -> Command {
        let mut psql = Command::new(self.binaries.join("psql"));
        psql.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", USER, "-d", database]);
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "-v", "ON_ERROR_STOP=1", "-c", statement]);
        psql.stdin(Stdio::null());
        psql
    }

    fn answers(&mut self) -> bool {
        let started = Instant::now();
        while started.elapsed() < STARTED_WITHIN {
            if self.psql("postgres", "SELECT 1").output().is_ok_and(|output| output.status.success()) {
                return true;
            }
            if self.keeper.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        self.keeper.wait().unwrap();
    }
}

fn spawn(binaries: &Path, directory: &Path, data: &Path, port: u16, fsync: Fsync) -> Child {
    let mut arguments = Vec::new();
    let server = unprivileged(&binaries.join("postgres"));
    arguments.push(server.get_program().to_owned());
    arguments.extend(server.get_args().map(ToOwned::to_owned));
    arguments.push("-D".into());
    arguments.push(data.into());
    let synchronous = if fsync == Fsync::On { "on" } else { "off" };
    for setting in [
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("unix_socket_directories={}", directory.display()),
        format!("fsync={synchronous}"),
        format!("synchronous_commit={synchronous}"),
        format!("full_page_writes={synchronous}"),
        "max_connections=300".to_owned(),
        "shared_buffers=64MB".to_owned(),
        "timezone=UTC".to_owned(),
    ] {
        arguments.push("-c".into());
        arguments.push(setting.into());
    }
    let log = std::fs::File::create(directory.join("log")).unwrap();
    let mut keeper = Command::new("sh")
        .args(["-c", KEEPER, "keeper"])
        .args(arguments)
        .env("ONECASE_TEST_DIRECTORY", directory)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    keeper.stdin.as_mut().unwrap().flush().unwrap();
    keeper
}

fn log(directory: &Path) -> String {
    std::fs::read_to_string(directory.join("log")).unwrap_or_default()
}

/// `initdb` and `postgres` refuse to run as root; Debian's package made the user `postgres` for them.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    static ROOT: OnceLock<bool> = OnceLock::new();
    *ROOT.get_or_init(|| checked(Command::new("id").arg("-u")).stdout.trim_ascii() == b"0")
}

/// Where `initdb` is: Debian keeps the server's programs out of the search path.
fn binaries() -> PathBuf {
    let mut places: Vec<PathBuf> = std::env::var_os("ONECASE_TEST_POSTGRES_BIN").map(PathBuf::from).into_iter().collect();
    let mut versions: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin")).collect();
    versions.sort();
    places.extend(versions.into_iter().rev());
    places.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    let complete = |place: &PathBuf| ["initdb", "postgres", "psql"].iter().all(|program| place.join(program).is_file());
    places.into_iter().find(complete).unwrap_or_else(|| {
        panic!(
            "no PostgreSQL server here: run scripts/test, which installs it, or set ONECASE_TEST_POSTGRES_BIN to the directory of initdb"
        )
    })
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

fn checked(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    output
}
