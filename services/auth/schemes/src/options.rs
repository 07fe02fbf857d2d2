//! What a rule is told besides its text.

use std::collections::BTreeMap;

use im_types::Secret;

use crate::charset::Charset;
use crate::work::Caps;

/// Most values of all secrets together that are tried; a site has at most one current and some
/// twenty former ones.
pub(crate) const SECRETS_MAX: usize = 32;

/// What a rule is told besides its text. Columns are named as the [`Row`](crate::Row) knows them;
/// a `?` at the end of a name means that the column does not exist everywhere.
#[derive(Debug, Clone)]
pub struct Options {
    /// Column of the password, where a scheme does not name another.
    pub password: String,
    /// Column of the salt, if there is one.
    pub salt: Option<String>,
    /// Column of the stored login: some formulas contain it.
    pub login: String,
    /// Column of the numeric id: some formulas contain it.
    pub id: String,
    /// The charset in which the application hashed, where that was not UTF-8.
    pub charset: Option<Charset>,
    /// Limits of what a row may ask for.
    pub caps: Caps,
    /// Secrets of the site by name, each with its current and former values. All values (at most
    /// 32) are tried wherever a formula contains the site's secret; `by-config NAME` reads the
    /// first value of that name. An empty value is a value: "the secret is empty".
    pub secrets: BTreeMap<String, Vec<Secret<Vec<u8>>>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            password: "password".to_owned(),
            salt: None,
            login: "login".to_owned(),
            id: "id".to_owned(),
            charset: None,
            caps: Caps::default(),
            secrets: BTreeMap::new(),
        }
    }
}
