//! A program that runs, and what can happen to it.

use std::fs::OpenOptions;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;

use crate::{Program, Ready, data_dir, environment};

/// How often a process is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Lines of the log shown when a test fails.
const LOG_LINES_SHOWN: usize = 200;

/// A running program. Killed when dropped; if the test panics, the end of its log is printed.
#[derive(Debug)]
pub struct Process {
    program: Program,
    child: Option<Child>,
    log_dir: TempDir,
    /// Where the log of the present run begins, in bytes.
    log_start: usize,
    ready_line: Option<String>,
}

impl Process {
    pub(crate) async fn start(program: Program) -> Self {
        let log_dir = data_dir();
        let mut process = Self {
            program,
            child: None,
            log_dir,
            log_start: 0,
            ready_line: None,
        };
        process.resume().await;
        process
    }

    /// Starts it again in the same way, after it was killed or ended, and waits until it is ready.
    ///
    /// # Panics
    /// When it runs already, or as [`Program::start`].
    pub async fn resume(&mut self) {
        assert!(!self.is_running(), "{} runs already", self.program.name);
        self.log_start = self.log_bytes().len();
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_path())
            .expect("the log file opens");
        let mut command = Command::new(&self.program.path);
        for name in environment::configuring() {
            command.env_remove(name);
        }
        let child = command
            .args(&self.program.args)
            .envs(
                self.program
                    .variables
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log file can be shared"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.program.path.display()));
        self.child = Some(child);
        self.wait_ready().await;
    }

    /// [`Process::kill_hard`], then [`Process::resume`].
    pub async fn restart_hard(&mut self) {
        self.kill_hard();
        self.resume().await;
    }

    /// SIGKILL: it ends as in a power cut, between any two instructions.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill_hard(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("SIGKILL is delivered");
            child.wait().expect("a killed process ends");
        }
    }

    /// SIGTERM, and waits until it ended by itself.
    ///
    /// # Panics
    /// When it does not end within `deadline`.
    pub async fn terminate(&mut self, deadline: Duration) -> ExitStatus {
        self.signal("TERM");
        self.wait_exit(deadline).await
    }

    /// Waits until it ended by itself.
    ///
    /// # Panics
    /// When it does not end within `deadline`, or did not run.
    pub async fn wait_exit(&mut self, deadline: Duration) -> ExitStatus {
        let end = Instant::now() + deadline;
        loop {
            let child = self.child.as_mut().expect("the process was started");
            if let Some(status) = child.try_wait().expect("the process can be asked") {
                self.child = None;
                return status;
            }
            assert!(
                Instant::now() < end,
                "{} still runs after {deadline:?}",
                self.program.name
            );
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// SIGSTOP: it stands still, its connections stay open. Returns when it does: the signal takes
    /// effect a moment after it was sent.
    ///
    /// # Panics
    /// When a thread still runs after a million looks.
    pub fn freeze(&self) {
        self.signal("STOP");
        let Some(id) = self.id() else { return };
        for _look in 0..1_000_000 {
            if all_threads_stopped(id) {
                return;
            }
            std::thread::yield_now();
        }
        panic!("process {id} does not stop");
    }

    /// SIGCONT: it goes on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    /// Sends a signal by its name, such as `HUP`.
    ///
    /// # Panics
    /// When it does not run.
    pub fn signal(&self, name: &str) {
        let child = self.child.as_ref().expect("the process runs");
        // The shell's own `kill` is there on every machine and needs no unsafe code here.
        let status = Command::new("sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", name, &child.id().to_string()])
            .status()
            .expect("sh runs");
        assert!(
            status.success(),
            "SIG{name} to {}: {status}",
            self.program.name
        );
    }

    /// Whether it runs now.
    pub fn is_running(&mut self) -> bool {
        self.child
            .as_mut()
            .is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Its process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// The line by which it said that it is ready ([`Ready::Line`]), such as the one with the
    /// address.
    pub fn ready_line(&self) -> Option<&str> {
        self.ready_line.as_deref()
    }

    /// What it wrote to standard output and standard error, in all its runs.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&self.log_bytes()).into_owned()
    }

    fn log_path(&self) -> PathBuf {
        self.log_dir.path().join("output.log")
    }

    fn log_bytes(&self) -> Vec<u8> {
        // Before the first start there is none.
        std::fs::read(self.log_path()).unwrap_or_default()
    }

    async fn wait_ready(&mut self) {
        let end = Instant::now() + self.program.ready_within;
        while !self.is_ready().await {
            let exit = self
                .child
                .as_mut()
                .and_then(|child| child.try_wait().ok())
                .flatten();
            if let Some(status) = exit {
                let how = status.signal().map_or_else(
                    || format!("ended with {:?}", status.code()),
                    |signal| format!("was ended by signal {signal}"),
                );
                panic!("{} {how} before it was ready", self.program.name);
            }
            let waited = self.program.ready_within;
            assert!(
                Instant::now() < end,
                "{} is not ready after {waited:?}",
                self.program.name
            );
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    async fn is_ready(&mut self) -> bool {
        match &self.program.ready {
            Ready::Started => true,
            Ready::Port(port) => tokio::net::TcpStream::connect(("127.0.0.1", *port))
                .await
                .is_ok(),
            Ready::Http(url) => {
                let answer = tokio::time::timeout(Duration::from_secs(2), reqwest::get(url)).await;
                matches!(answer, Ok(Ok(answer)) if answer.status().is_success())
            }
            Ready::Line(text) => {
                let bytes = self.log_bytes();
                let run = String::from_utf8_lossy(bytes.get(self.log_start..).unwrap_or_default());
                // Only whole lines: the rest of one may still be on its way.
                let whole = run.rsplit_once('\n').map_or("", |(whole, _)| whole);
                self.ready_line = whole
                    .lines()
                    .find(|line| line.contains(text))
                    .map(str::to_owned);
                self.ready_line.is_some()
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself; both then say so and nothing is left to do.
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let shown = lines
                .get(lines.len().saturating_sub(LOG_LINES_SHOWN)..)
                .unwrap_or(&lines);
            eprintln!(
                "--- end of the log of {} ---\n{}\n---",
                self.program.name,
                shown.join("\n")
            );
        }
    }
}

/// Whether every thread is in state `T`, the field after the name in parentheses.
fn all_threads_stopped(id: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{id}/task"))
        .into_iter()
        .flatten();
    threads.flatten().all(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        stat.rsplit(") ")
            .next()
            .is_none_or(|rest| rest.starts_with('T'))
    })
}
