//! Who is signed in where: one small file for each profile, readable only by its owner.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

/// An open session as it is kept between two calls of the program.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    pub(crate) server: String,
    pub(crate) user_id: String,
    pub(crate) username: String,
    pub(crate) session_id: String,
    pub(crate) device_id: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    /// End of the access token, seconds UTC.
    pub(crate) access_expires_s: i64,
}

/// The place of a profile on disk.
#[derive(Debug, Clone)]
pub(crate) struct ProfileFile {
    path: PathBuf,
}

impl ProfileFile {
    /// The file of profile `name` below `dir`, or below `~/.config/imctl`.
    pub(crate) fn new(dir: Option<&Path>, name: &str) -> anyhow::Result<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        ensure!(
            !name.is_empty() && !name.starts_with('.') && name.chars().all(plain),
            "a profile's name consists of letters, digits, '-', '_' and '.'"
        );
        let dir = match dir {
            Some(dir) => dir.to_owned(),
            None => std::env::home_dir()
                .context("no home directory; name one with --profile-dir")?
                .join(".config/imctl"),
        };
        Ok(Self {
            path: dir.join(format!("{name}.json")),
        })
    }

    /// The profile; `None` if nobody is signed in.
    pub(crate) fn load(&self) -> anyhow::Result<Option<Profile>> {
        match fs::read(&self.path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .with_context(|| format!("{} is damaged; sign in again", self.path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                Err(error).with_context(|| format!("cannot read {}", self.path.display()))
            }
        }
    }

    /// Replaces the profile; a crash leaves the old one or the new one.
    pub(crate) fn save(&self, profile: &Profile) -> anyhow::Result<()> {
        let new = self.path.with_extension("json.new");
        let write = || -> std::io::Result<()> {
            let mut options = OpenOptions::new();
            let mut file = options
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&new)?;
            file.write_all(&serde_json::to_vec_pretty(profile)?)?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        };
        self.make_dir()?;
        write().with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Forgets the profile.
    pub(crate) fn remove(&self) -> anyhow::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Keeps other processes from renewing the tokens at the same time, until the file is dropped:
    /// a refresh token used twice ends the session.
    pub(crate) fn lock(&self) -> anyhow::Result<File> {
        self.make_dir()?;
        let path = self.path.with_extension("lock");
        let open = || -> std::io::Result<File> {
            let mut options = OpenOptions::new();
            let file = options
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)?;
            file.lock()?;
            Ok(file)
        };
        open().with_context(|| format!("cannot lock {}", path.display()))
    }

    fn make_dir(&self) -> anyhow::Result<()> {
        let dir = self.path.parent().unwrap_or(Path::new("."));
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .with_context(|| format!("cannot make {}", dir.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn profile(access_token: &str) -> Profile {
        Profile {
            server: "http://127.0.0.1:8080".to_owned(),
            user_id: "usr_1".to_owned(),
            username: "ann".to_owned(),
            session_id: "ses_1".to_owned(),
            device_id: "dev_1".to_owned(),
            access_token: access_token.to_owned(),
            refresh_token: "r".to_owned(),
            access_expires_s: 7,
        }
    }

    #[test]
    fn a_profile_is_kept_replaced_and_forgotten_and_nobody_else_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = ProfileFile::new(Some(&dir.path().join("new")), "work").unwrap();
        assert!(file.load().unwrap().is_none());
        file.save(&profile("one")).unwrap();
        file.save(&profile("two")).unwrap();
        assert_eq!(file.load().unwrap().unwrap().access_token, "two");
        let mode = fs::metadata(dir.path().join("new/work.json"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        file.remove().unwrap();
        file.remove().unwrap();
        assert!(file.load().unwrap().is_none());
    }

    #[test]
    fn names_cannot_leave_the_directory() {
        for name in ["", "..", "a/b", ".hidden"] {
            assert!(
                ProfileFile::new(Some(Path::new("/x")), name).is_err(),
                "{name}"
            );
        }
    }
}
