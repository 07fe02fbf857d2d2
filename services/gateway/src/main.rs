//! The gateway as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    im_runtime::lifecycle::main::<im_gateway::program::Config, _, _>(
        im_gateway::program::PROGRAM,
        im_gateway::program::start,
    )
}
