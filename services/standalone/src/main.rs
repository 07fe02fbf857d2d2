//! `intramessenger`: auth, presence, messaging and gateway in one process, for those who need no
//! more. It has no logic of its own: the same `build` functions as in the separate programs, joined
//! by channels that stay in memory.

mod assemble;
mod doctor;

use std::process::ExitCode;

use im_runtime::lifecycle::{self, Program};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PROGRAM: Program = Program {
    name: "intramessenger",
    version: env!("CARGO_PKG_VERSION"),
    about: "The whole instant messenger in one process.",
};

fn main() -> ExitCode {
    lifecycle::main_with_doctor::<assemble::Config, _, _, _, _>(
        PROGRAM,
        assemble::start,
        doctor::examine,
    )
}
