//! Starting and stopping: who owns which task, when the process is ready, how it ends.

mod health;
mod program;
mod readiness;
mod run;
mod tasks;

pub use program::{Finding, Program, Start, main, main_with_doctor};
pub use readiness::{Condition, Readiness};
pub use run::run;
pub use tasks::Tasks;
