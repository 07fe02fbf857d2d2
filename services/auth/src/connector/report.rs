//! What stores say of themselves, in the words of the port.

use std::time::Duration;

use im_auth_stores::{Class, Report};

use crate::ports::{CheckStep, SchemeCount, StoreCheck};

/// One word for it, for metrics and the audit log.
pub(super) const fn word(class: &Class) -> &'static str {
    match class {
        Class::Refused => "refused",
        Class::TimedOut => "timed_out",
        Class::Lost => "lost",
        Class::Busy => "busy",
        Class::BreakerOpen(_) => "breaker_open",
        Class::Tls => "tls",
        Class::Denied => "denied",
        Class::Permission => "permission",
        Class::Schema(_) => "schema",
        Class::Protocol => "protocol",
        Class::NotConfigured => "not_configured",
        Class::Incomplete => "incomplete",
    }
}

fn step(name: &'static str, is_ok: bool, detail: impl Into<String>) -> CheckStep {
    CheckStep {
        name,
        is_ok,
        detail: detail.into(),
        time: Duration::ZERO,
    }
}

/// A report as steps.
pub(super) fn steps(report: &Report) -> StoreCheck {
    let fault = report.fault.as_ref().map(ToString::to_string);
    let mut check = StoreCheck::default();
    if report.connected_in.is_zero() {
        let detail = fault.unwrap_or_else(|| "the server did not answer".to_owned());
        check.steps.push(step("connect", false, detail));
        return check;
    }
    let connect = step("connect", true, report.version.clone().unwrap_or_default());
    check.steps.push(CheckStep {
        time: report.connected_in,
        ..connect
    });
    if let Some(fault) = fault {
        check.steps.push(step("schema", false, fault));
        return check;
    }
    let detail = if report.absent.is_empty() {
        "all tables and columns are there".to_owned()
    } else {
        format!("works without {}", report.absent.join(", "))
    };
    check.steps.push(step("schema", true, detail));
    check.steps.push(match report.is_writable {
        Some(true) => {
            let text =
                "the configured user could change what it reads: give it one who can only read";
            step("privileges", false, text)
        }
        Some(false) => step("privileges", true, "reading only"),
        None => step("privileges", true, "not known"),
    });
    check.steps.push(match report.uses_index {
        Some(false) => {
            let text = "every sign-in reads the whole table: an index on the login would help";
            step("index", false, text)
        }
        Some(true) => step("index", true, "a sign-in finds its row by an index"),
        None => step("index", true, report.explanation.join("; ")),
    });
    sample(report, &mut check);
    check
}

fn sample(report: &Report, check: &mut StoreCheck) {
    let sample = &report.sample;
    let weak = sample.weak();
    let detail = format!(
        "{} rows, {} not barred; {weak} passwords are kept weakly",
        sample.rows, sample.active
    );
    let is_ok = sample.unsupported + sample.too_costly == 0;
    check.steps.push(step("sample", is_ok, detail));
    let known = sample.schemes.iter();
    let mut schemes: Vec<SchemeCount> = known
        .map(|(scheme, (count, strength))| SchemeCount {
            scheme: (*scheme).to_owned(),
            strength: strength.as_str(),
            count: *count,
        })
        .collect();
    let others = [
        ("no password", sample.without_password),
        ("not accepted", sample.unsupported),
        ("too costly", sample.too_costly),
    ];
    schemes.extend(
        others
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(scheme, count)| SchemeCount {
                scheme: scheme.to_owned(),
                strength: "",
                count,
            }),
    );
    schemes.sort_by_key(|scheme| std::cmp::Reverse(scheme.count));
    check.schemes = schemes;
}
