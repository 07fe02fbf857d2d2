//! A whole program: arguments, configuration, telemetry, start, stop.

use std::{future::Future, io::Write as _, path::PathBuf, process::ExitCode, time::Duration};

use clap::{ArgMatches, Command};

use super::{Tasks, health, run};
use crate::{
    config::{self, Common, EXIT_BAD_CONFIGURATION, Loaded, Sections, Sources},
    telemetry, tls,
};

/// What a program is called.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Name of the binary, for example `im-auth`.
    pub name: &'static str,
    /// `env!("CARGO_PKG_VERSION")`.
    pub version: &'static str,
    /// One sentence.
    pub about: &'static str,
}

/// What a program gets to start with.
#[derive(Debug)]
pub struct Start<T> {
    /// Its own sections.
    pub config: T,
    /// The sections every program reads.
    pub common: Common,
    /// The owner of its tasks.
    pub tasks: Tasks,
    /// Metrics as text, for ports of its own.
    pub metrics: telemetry::Metrics,
}

/// The `main` of a service: reads the configuration, then runs `start` until the process is told
/// to stop. `config check`, `config show` and `config reference` work without starting anything.
pub fn main<T, F, Fut>(program: Program, start: F) -> ExitCode
where
    T: Sections,
    F: FnOnce(Start<T>) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    main_with_doctor::<T, _, _, _, _>(program, start, |_: Start<T>| async { Vec::new() })
}

/// What `doctor` found about one thing.
#[derive(Debug)]
pub struct Finding {
    /// What was looked at: `store`, `bus`, …
    pub subject: &'static str,
    /// One sentence either way; of an error, with what to do.
    pub outcome: Result<String, String>,
}

/// The same as [`main()`], with a subcommand `doctor` that prints findings and exits with 1 if one of
/// them is an error. `doctor` must change nothing.
pub fn main_with_doctor<T, F, Fut, D, Dut>(program: Program, start: F, doctor: D) -> ExitCode
where
    T: Sections,
    F: FnOnce(Start<T>) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
    D: FnOnce(Start<T>) -> Dut,
    Dut: Future<Output = Vec<Finding>>,
{
    tls::install_crypto_provider();
    let specs = <(Common, T)>::specs();
    let matches = match parse(command(program), &specs) {
        Ok(matches) => matches,
        Err(code) => return code,
    };
    let file = matches.get_one::<PathBuf>("config").map(PathBuf::as_path);
    let sources = Sources::of_process(file, config::overrides(&matches));
    let action = matches
        .subcommand_matches("config")
        .and_then(ArgMatches::subcommand_name);
    if action == Some("reference") {
        return print(&config::reference_toml(&specs));
    }
    let loaded = match config::load::<(Common, T)>(&sources) {
        Ok(loaded) => loaded,
        Err(errors) => {
            complain(&format!("{errors}\n"));
            return ExitCode::from(EXIT_BAD_CONFIGURATION);
        }
    };
    match action {
        Some("check") => print("the configuration is sound\n"),
        Some("show") => print(&config::show(&loaded.effective)),
        _ if matches.subcommand_matches("doctor").is_some() => examine(loaded, doctor),
        _ if matches.subcommand_matches("health").is_some() => is_healthy(&loaded.value.0),
        _ => serve(program, loaded, start),
    }
}

fn examine<T, D, Dut>(loaded: Loaded<(Common, T)>, doctor: D) -> ExitCode
where
    D: FnOnce(Start<T>) -> Dut,
    Dut: Future<Output = Vec<Finding>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        complain("the runtime cannot be started\n");
        return ExitCode::FAILURE;
    };
    let (common, config) = loaded.value;
    let (tasks, metrics) = (Tasks::new(), telemetry::Metrics::detached());
    let findings = runtime.block_on(doctor(Start {
        config,
        common,
        tasks,
        metrics,
    }));
    runtime.shutdown_background();
    let mut text = String::new();
    for finding in &findings {
        let (mark, sentence) = match &finding.outcome {
            Ok(sentence) => ("ok   ", sentence.as_str()),
            Err(sentence) => ("FAULT", sentence.as_str()),
        };
        text.extend([mark, " ", finding.subject, ": ", sentence, "\n"]);
    }
    let code = print(&text);
    if findings.iter().any(|finding| finding.outcome.is_err()) {
        ExitCode::FAILURE
    } else {
        code
    }
}

fn is_healthy(common: &Common) -> ExitCode {
    let Some(admin_listen) = common.server.admin_listen else {
        complain("health is asked at server.admin_listen, which is not set\n");
        return ExitCode::from(EXIT_BAD_CONFIGURATION);
    };
    match health::ask(admin_listen) {
        Ok(()) => print("ready\n"),
        Err(why) => {
            complain(&format!("{why}\n"));
            ExitCode::FAILURE
        }
    }
}

fn serve<T, F, Fut>(program: Program, loaded: Loaded<(Common, T)>, start: F) -> ExitCode
where
    F: FnOnce(Start<T>) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    let (common, config) = loaded.value;
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("the runtime cannot be started: {error}\n"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(async {
        let telemetry = match telemetry::init(&common.telemetry, program.name, program.version) {
            Ok(telemetry) => telemetry,
            Err(error) => {
                complain(&format!("telemetry cannot be started: {error}\n"));
                return ExitCode::FAILURE;
            }
        };
        let limit = Duration::from_millis(common.server.shutdown_timeout_ms);
        let metrics = telemetry.metrics();
        tracing::info!(version = program.version, "{} starts", program.name);
        let code = run(Tasks::new(), limit, |tasks| {
            start(Start {
                config,
                common,
                tasks,
                metrics,
            })
        })
        .await;
        telemetry.shutdown().await;
        code
    });
    // Blocking work that is left (a query, a hash) must not hold the process.
    runtime.shutdown_background();
    code
}

fn command(program: Program) -> Command {
    let config_command = Command::new("config")
        .about("Looks at the configuration without starting anything")
        .subcommand_required(true)
        .subcommand(Command::new("check").about("Says what is wrong with it"))
        .subcommand(Command::new("show").about("Shows every value in force and its origin"))
        .subcommand(Command::new("reference").about("Shows every setting with its default"));
    let command = Command::new(program.name)
        .version(program.version)
        .about(program.about)
        .subcommand(config_command)
        .subcommand(Command::new("doctor").about("Says what keeps the program from running"))
        .subcommand(Command::new("health").about(
            "Asks the running process, at server.admin_listen, whether it is ready (exit code 0)",
        ));
    config::arguments(command)
}

/// Parses the arguments; help and version count as done.
fn parse(command: Command, specs: &[config::SectionSpec]) -> Result<ArgMatches, ExitCode> {
    let arguments = std::env::args_os().map(|text| text.to_string_lossy().into_owned());
    let arguments = config::expand_flags(arguments, specs);
    command.try_get_matches_from(arguments).map_err(|error| {
        // Where help cannot be printed there is nobody to tell.
        let _unprintable = error.print();
        if error.use_stderr() {
            ExitCode::from(EXIT_BAD_CONFIGURATION)
        } else {
            ExitCode::SUCCESS
        }
    })
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_closed) => ExitCode::FAILURE,
    }
}

/// Before telemetry runs there is only standard error.
fn complain(text: &str) {
    let _closed = std::io::stderr().write_all(text.as_bytes());
}
