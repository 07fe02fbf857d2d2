//! The server under load: one of our own in an empty directory, or an installation that runs
//! already.

use std::{
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::args::Cli;

/// How long a start may take.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How often one looks whether it has happened.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Settings that keep making people cheap and the limits on strangers out of the way. They do not
/// concern what is measured, but for `login`, which takes none of the first group.
const CHEAP_PASSWORDS: [&str; 2] = ["auth.password_memory_kib=8", "auth.password_passes=1"];
const NO_LIMITS: [&str; 5] = [
    "auth.registration_burst=100000",
    "gateway.requests_per_address_per_s=0",
    "gateway.requests_per_user_per_s=0",
    "gateway.open_calls_per_address_per_s=0",
    "gateway.frames_per_s=0",
];

/// How passwords are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passwords {
    /// As for real people.
    Real,
    /// Not worth measuring.
    Cheap,
}

/// A server. One of our own is killed and its data removed when the value is dropped.
pub(crate) struct Server {
    /// `http://127.0.0.1:port`
    pub(crate) address: String,
    /// From the start of the process to the line that says that it is ready; `None` for an
    /// installation that ran already.
    pub(crate) start_time: Option<Duration>,
    pids: Vec<u32>,
    own: Option<Own>,
}

struct Own {
    child: Child,
    program: PathBuf,
    settings: Vec<String>,
    dir: TempDir,
}

impl Server {
    /// Starts a server, or takes the one that was named.
    pub(crate) async fn start(cli: &Cli, passwords: Passwords) -> anyhow::Result<Self> {
        if let Some(address) = &cli.address {
            return Ok(Self {
                address: address.trim_end_matches('/').to_owned(),
                start_time: None,
                pids: cli.pids.clone(),
                own: None,
            });
        }
        let program = match &cli.server_bin {
            Some(program) => program.clone(),
            None => std::env::current_exe()?.with_file_name("intramessenger"),
        };
        ensure!(
            program.is_file(),
            "there is no server {}; build it or use --server-bin",
            program.display()
        );
        let mut settings: Vec<String> = NO_LIMITS.map(str::to_owned).to_vec();
        if passwords == Passwords::Cheap {
            settings.extend(CHEAP_PASSWORDS.map(str::to_owned));
        }
        settings.extend(cli.settings.iter().cloned());
        let mut builder = tempfile::Builder::new();
        builder.prefix("im-bench-");
        let dir = match &cli.data_root {
            Some(root) => builder.tempdir_in(root)?,
            None => builder.tempdir()?,
        };
        let begin = Instant::now();
        let child = spawn(&program, &settings, dir.path(), "127.0.0.1:0")?;
        let mut server = Self {
            address: String::new(),
            start_time: None,
            pids: vec![child.id()],
            own: Some(Own {
                child,
                program,
                settings,
                dir,
            }),
        };
        server.address = server.wait_ready().await?;
        server.start_time = Some(begin.elapsed());
        Ok(server)
    }

    /// The processes whose time and memory count.
    pub(crate) fn pids(&self) -> &[u32] {
        &self.pids
    }

    /// SIGKILL: it ends as in a power cut, between any two instructions.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        let own = self.own.as_mut().context("the server is not our own")?;
        own.child.kill()?;
        own.child.wait()?;
        Ok(())
    }

    /// Starts again on the same data and port after [`Server::kill`].
    pub(crate) async fn restart(&mut self) -> anyhow::Result<()> {
        let listen = self.address.trim_start_matches("http://").to_owned();
        let own = self.own.as_mut().context("the server is not our own")?;
        // The line of the first start is not that of the second.
        fs::remove_file(log_path(own.dir.path()))?;
        own.child = spawn(&own.program, &own.settings, own.dir.path(), &listen)?;
        self.pids = vec![own.child.id()];
        let address = self.wait_ready().await?;
        ensure!(address == self.address, "it came back as {address}");
        Ok(())
    }

    async fn wait_ready(&mut self) -> anyhow::Result<String> {
        let own = self.own.as_mut().context("the server is not our own")?;
        let end = Instant::now() + START_TIMEOUT;
        loop {
            let log = fs::read_to_string(log_path(own.dir.path())).unwrap_or_default();
            if let Some(address) = address_in(&log) {
                return Ok(address);
            }
            if let Some(status) = own.child.try_wait()? {
                bail!("the server ended with {status}:\n{log}");
            }
            ensure!(Instant::now() < end, "the server is not ready:\n{log}");
            sleep(POLL_INTERVAL).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(own) = &mut self.own {
            // It may be dead already; nobody is left to tell.
            let _killed = own.child.kill();
            let _ended = own.child.wait();
        }
    }
}

fn log_path(dir: &Path) -> PathBuf {
    dir.join("log")
}

fn spawn(program: &Path, settings: &[String], dir: &Path, listen: &str) -> anyhow::Result<Child> {
    let log: File = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log_path(dir))?;
    let mut command = Command::new(program);
    // What configures other servers of this machine does not concern this one.
    for (name, _) in configuring() {
        command.env_remove(name);
    }
    command
        .arg("--data-dir")
        .arg(dir.join("data"))
        .args(["--listen", listen])
        .args(settings.iter().flat_map(|setting| ["--set", setting]))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("starting {}", program.display()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the environment is kept from the server under load"
)]
fn configuring() -> impl Iterator<Item = (String, String)> {
    std::env::vars().filter(|(name, _)| name.starts_with("IM_"))
}

/// The address in the line that says that the server is ready. A line that is not yet complete
/// does not count.
fn address_in(log: &str) -> Option<String> {
    let complete = log.get(..=log.rfind('\n')?)?;
    let (_, rest) = complete.split_once("http://")?;
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '[' | ']')))
        .unwrap_or(rest.len());
    Some(format!("http://{}", rest.get(..end)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_the_log() {
        let log = "ready at http://127.0.0.1:41000/\nfirst: http://127.0.0.1:41000/x\n";
        assert_eq!(address_in(log).unwrap(), "http://127.0.0.1:41000");
        assert!(address_in("ready at http://127.0.0.1:41").is_none());
        assert!(address_in("starting\n").is_none());
    }
}
