//! `im-presence`: the service as a process of its own.

use std::process::ExitCode;

use im_presence::program;

fn main() -> ExitCode {
    im_runtime::lifecycle::main::<program::Config, _, _>(program::PROGRAM, program::start)
}
