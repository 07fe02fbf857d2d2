//! What went wrong, for people and for scripts.

use std::process::ExitCode;

use im_runtime::error::ReasonedStatus;
use serde_json::json;

use crate::output::{Closed, Format};

/// The server refused the call.
const REFUSED: u8 = 1;
/// The server could not be reached or is not ready.
const UNAVAILABLE: u8 = 3;
/// Anything on this side: files, terminal, input.
const LOCAL: u8 = 4;

/// Prints the error to standard error and chooses the exit code: 1 refused by the server, 2 wrong
/// usage (clap's own), 3 not reachable, 4 anything on this side.
pub(crate) fn report(error: &anyhow::Error, format: Format) -> ExitCode {
    if error.is::<Closed>() {
        return ExitCode::SUCCESS;
    }
    let Some(status) = error.downcast_ref::<tonic::Status>() else {
        print(format, "LOCAL", &format!("{error:#}"), None);
        return ExitCode::from(LOCAL);
    };
    let reasoned = ReasonedStatus::of(status);
    let reason = reasoned
        .reason
        .unwrap_or_else(|| format!("{:?}", status.code()));
    let mut message = reasoned.message;
    for violation in reasoned.field_violations {
        message.extend(["\n  ", &violation.field, ": ", &violation.description]);
    }
    print(
        format,
        &reason,
        &message,
        reasoned.retry_after.map(|wait| wait.as_secs().max(1)),
    );
    match status.code() {
        tonic::Code::Unavailable | tonic::Code::DeadlineExceeded => ExitCode::from(UNAVAILABLE),
        _ => ExitCode::from(REFUSED),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a command line program talks to its terminal"
)]
fn print(format: Format, reason: &str, message: &str, retry_after_s: Option<u64>) {
    match format {
        Format::Json => eprintln!(
            "{}",
            json!({"error": {"reason": reason, "message": message, "retryAfterS": retry_after_s}})
        ),
        Format::Text => {
            eprintln!("imctl: {message} ({reason})");
            if let Some(seconds) = retry_after_s {
                eprintln!("imctl: try again in {seconds} s");
            }
        }
    }
}
