//! `imctl`: a user's and an administrator's client for the terminal and for scripts. It speaks only
//! the public gRPC API of the gateway, so it can do nothing that another client could not.

mod args;
mod commands;
mod connection;
mod error;
mod output;
mod password;
mod profile;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    im_runtime::tls::install_crypto_provider();
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return error::report(&error.into(), cli.global.output),
    };
    let outcome = runtime.block_on(commands::run(&cli));
    // A read of the terminal that is still under way would keep the process from ending.
    runtime.shutdown_background();
    outcome.map_or_else(
        |error| error::report(&error, cli.global.output),
        |()| ExitCode::SUCCESS,
    )
}
