//! Secrets of a store that stand elsewhere: in the environment of the server or in a file.
//!
//! Only names that were meant for it can be named. Else whoever may configure stores could send
//! any secret of the machine to a server of their own.

use std::path::Path;

use im_types::Secret;

use super::problem;
use crate::crypto::Secrets;
use crate::ports::StoreProblem;

/// What variables of the environment begin with that a configuration may name.
const VARIABLE_PREFIX: &str = "IM_STORE_";
const FILE_BYTES_MAX: u64 = 65_536;

/// Puts values in the place of references.
pub(super) fn resolve(
    secrets: &Secrets,
    directory: Option<&Path>,
) -> Result<Secrets, StoreProblem> {
    let value = |(name, value): (&String, &Secret<String>)| {
        let text = value.expose();
        let resolved = if let Some(variable) = text.strip_prefix("env:") {
            from_environment(variable)?
        } else if let Some(file) = text.strip_prefix("file:") {
            from_file(file, directory)?
        } else {
            value.clone()
        };
        Ok((name.clone(), resolved))
    };
    secrets.iter().map(value).collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the administrator names the variable at run time, so it is no setting"
)]
fn from_environment(variable: &str) -> Result<Secret<String>, StoreProblem> {
    if !variable.starts_with(VARIABLE_PREFIX) {
        return Err(StoreProblem(format!(
            "a variable has to begin with {VARIABLE_PREFIX}"
        )));
    }
    let value = std::env::var(variable)
        .map_err(|_| StoreProblem(format!("the server has no variable {variable}")))?;
    Ok(value.into())
}

fn from_file(name: &str, directory: Option<&Path>) -> Result<Secret<String>, StoreProblem> {
    let Some(directory) = directory else {
        let text = "files can be named only with the setting auth.store_secrets_dir";
        return Err(StoreProblem(text.to_owned()));
    };
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if name.is_empty() || name.starts_with('.') || !name.bytes().all(is_plain) {
        let text = "a file is named by letters, digits and - _ . only";
        return Err(StoreProblem(text.to_owned()));
    }
    let path = directory.join(name);
    let fault = |error: std::io::Error| problem(format!("the file {name}: {error}"));
    if std::fs::metadata(&path).map_err(fault)?.len() > FILE_BYTES_MAX {
        return Err(StoreProblem(format!("the file {name} is too long")));
    }
    let text = std::fs::read_to_string(&path).map_err(fault)?;
    Ok(text.trim_end_matches(['\r', '\n']).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: &str, directory: Option<&Path>) -> Result<String, StoreProblem> {
        let secrets = Secrets::from([("password".to_owned(), value.into())]);
        let resolved = resolve(&secrets, directory)?;
        Ok(resolved["password"].expose().clone())
    }

    #[test]
    fn only_what_was_meant_for_it_can_be_named() {
        let directory = std::env::temp_dir().join(format!("im-secrets-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("forum"), "s3cret\n").unwrap();
        assert_eq!(one("plain", None).unwrap(), "plain");
        assert_eq!(one("file:forum", Some(&directory)).unwrap(), "s3cret");
        for refused in ["env:PATH", "env:IM_STORE_NOT_SET_ANYWHERE", "file:forum"] {
            assert!(one(refused, None).is_err(), "{refused}");
        }
        for refused in [
            "file:../forum",
            "file:/etc/passwd",
            "file:",
            "file:.hidden",
            "file:none",
        ] {
            assert!(one(refused, Some(&directory)).is_err(), "{refused}");
        }
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
