//! Load generator over the public API.
//!
//! `im-bench chat` starts a server of its own in an empty directory, registers its users, runs the
//! scenario and prints one JSON line with what it found; with `--repetitions 3` one line each and
//! one with median and spread. `im-bench --smoke` runs all scenarios with small numbers and asks
//! only whether everything arrived, once: how fast a build machine is says nothing about the code.
//!
//! The exit code is 0 if nothing that was acknowledged was lost and nothing came twice.
//!
//! Client and server share the machine, so compare the processor time per unit of work and the
//! ratios between scenarios, not the rates of two machines.

mod args;
mod client;
mod ledger;
mod pace;
mod people;
mod report;
mod scenario;
mod server;
mod stream;
mod usage;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{args::Cli, report::Printer, scenario::Scenario};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            report::complain(&format!("im-bench: {error:#}"));
            ExitCode::from(2)
        }
    }
}

/// Runs what was asked for; says whether nothing was lost and nothing came twice.
async fn run(cli: &Cli) -> anyhow::Result<bool> {
    let scenarios = match (&cli.scenario, cli.smoke) {
        (Some(scenario), _) => vec![scenario.clone()],
        (None, true) => Scenario::smoke(),
        (None, false) => anyhow::bail!("name a scenario, or --smoke for small ones of all"),
    };
    let printer = Printer::new(cli.form.clone(), cli.json);
    let mut is_sound = true;
    for scenario in &scenarios {
        let mut reports = Vec::new();
        for repetition in 1..=cli.repetitions {
            let report = scenario.run(cli).await?;
            is_sound &= report.is_sound();
            printer.report(repetition, &report);
            reports.push(report);
        }
        if cli.repetitions > 1 {
            printer.summary(&reports);
        }
    }
    Ok(is_sound)
}
