//! Errors of drivers as classes. Their texts stay here: they may quote rows.

use std::io;

use sqlx::error::DatabaseError;
use sqlx::mysql::MySqlDatabaseError;

use crate::Class;

pub(crate) fn class_of(error: &sqlx::Error) -> Class {
    match error {
        sqlx::Error::Io(error) => of_io(error),
        sqlx::Error::Tls(_) => Class::Tls,
        sqlx::Error::Database(error) => of_database(error.as_ref()),
        sqlx::Error::WorkerCrashed => Class::Lost,
        sqlx::Error::PoolTimedOut => Class::TimedOut,
        _ => Class::Protocol,
    }
}

pub(crate) fn of_io(error: &io::Error) -> Class {
    // A certificate that is not right ends the connection from below, and some layers wrap it again.
    match error.get_ref() {
        Some(inner) if inner.is::<rustls::Error>() => return Class::Tls,
        Some(inner) => {
            if let Some(inner) = inner.downcast_ref::<io::Error>() {
                return of_io(inner);
            }
        }
        None => {}
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::NotFound
        | io::ErrorKind::PermissionDenied
        // A name that nobody knows comes without a kind of its own.
        | io::ErrorKind::Other
        | io::ErrorKind::InvalidInput => Class::Refused,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Class::TimedOut,
        io::ErrorKind::InvalidData => Class::Protocol,
        _ => Class::Lost,
    }
}

fn of_database(error: &dyn DatabaseError) -> Class {
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        return of_mysql(error.number());
    }
    let code = error.code().unwrap_or_default();
    if error
        .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
        .is_some()
    {
        return of_postgres(&code);
    }
    of_sqlite(&code)
}

fn of_mysql(number: u16) -> Class {
    match number {
        1045 | 1698 | 1862 | 2059 => Class::Denied,
        // The last two: it would have changed something.
        1044 | 1142 | 1143 | 1227 | 1370 | 1290 | 1792 => Class::Permission,
        1049 | 1054 | 1146 => Class::Schema(Vec::new()),
        // Too many connections, of all or of this user; host blocked.
        1040 | 1129 | 1130 | 1203 | 1226 => Class::Refused,
        1205 | 1317 | 1969 | 3024 => Class::TimedOut,
        1053 | 1077 | 1927 => Class::Lost,
        _ => Class::Protocol,
    }
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn of_postgres(code: &str) -> Class {
    match code {
        "57014" | "55P03" => Class::TimedOut,
        // The second: it would have changed something.
        "42501" | "25006" => Class::Permission,
        "42P01" | "42703" | "3D000" | "3F000" => Class::Schema(Vec::new()),
        "53300" | "57P03" => Class::Refused,
        "57P01" | "57P02" | "57P05" => Class::Lost,
        _ if code.starts_with("28") => Class::Denied,
        _ if code.starts_with("08") => Class::Lost,
        _ => Class::Protocol,
    }
}

/// <https://www.sqlite.org/rescode.html>, extended codes by their lowest byte.
fn of_sqlite(code: &str) -> Class {
    match code.parse::<i32>().map(|code| code & 0xff) {
        // Only a statement can be wrong, and it is written from the schema.
        Ok(1) => Class::Schema(Vec::new()),
        Ok(3 | 23) => Class::Permission,
        Ok(5 | 6 | 9) => Class::TimedOut,
        Ok(10 | 14) => Class::Refused,
        _ => Class::Protocol,
    }
}
