//! The settings of a store as its connector wants them.

use std::collections::BTreeMap;

use im_auth_stores::{
    DirectoryPreset, Driver, LdapConfig, Preset, Secrets as SiteSecrets, SqlConfig, Tls,
};
use im_types::Secret;

use super::problem;
use crate::crypto::Secrets;
use crate::domain::identity_store::IdentityStore;
use crate::ports::StoreProblem;

/// Names of settings that are no lines of a preset.
const SQL_NAMES: [&str; 10] = [
    "driver",
    "host",
    "port",
    "database",
    "user",
    "path",
    "tls",
    "tls_ca_file",
    "prefix",
    "charset",
];
const LDAP_NAMES: [&str; 6] = [
    "servers",
    "base",
    "groups_base",
    "account",
    "tls",
    "tls_ca_file",
];
/// Lines of presets that are numbers.
const NUMBERS: [&str; 1] = ["nested_depth"];
/// A store without a preset says everything itself.
const NO_PRESET: &str = "id = \"own\"\napplication = \"\"\n[users]\n";

fn fault(text: impl Into<String>) -> StoreProblem {
    StoreProblem(text.into())
}

/// A database.
pub(super) fn sql(config: &IdentityStore, secrets: &Secrets) -> Result<SqlConfig, StoreProblem> {
    let settings = &config.settings;
    let get = |name: &str| settings.get(name).map(String::as_str).unwrap_or_default();
    let driver = match get("driver") {
        "mysql" | "mariadb" => Driver::Mysql,
        "postgres" | "postgresql" => Driver::Postgres,
        "sqlite" => Driver::Sqlite,
        _ => return Err(fault("driver: mysql, mariadb, postgres or sqlite")),
    };
    let url = match secrets.get("url") {
        Some(url) => url.clone(),
        None if driver == Driver::Sqlite => required(settings, "path")?.into(),
        None => url(driver, settings, secrets.get("password"))?,
    };
    let mut sql = SqlConfig::new(driver, url, preset(config)?);
    sql.tls = tls(settings)?;
    sql.prefix = settings.get("prefix").cloned();
    sql.charset = settings.get("charset").cloned();
    sql.secrets = site_secrets(secrets);
    Ok(sql)
}

/// A directory.
pub(super) fn ldap(config: &IdentityStore, secrets: &Secrets) -> Result<LdapConfig, StoreProblem> {
    let settings = &config.settings;
    let text = if config.preset.is_empty() {
        "ldap-openldap"
    } else {
        &config.preset
    };
    let text = DirectoryPreset::shipped_text(text)
        .ok_or_else(|| fault(format!("there is no preset {text} of directories")))?;
    let lines = lines(config, &LDAP_NAMES, &["directory"])?;
    let preset = DirectoryPreset::parse_with(text, &lines).map_err(problem)?;
    let servers = required(settings, "servers")?;
    let servers = servers.split([' ', ',']).filter(|url| !url.is_empty());
    let base = required(settings, "base")?.to_owned();
    let mut ldap = LdapConfig::new(servers.map(str::to_owned).collect(), base, preset);
    ldap.tls = tls(settings)?;
    ldap.groups_base = settings.get("groups_base").cloned();
    ldap.account = match (settings.get("account"), secrets.get("password")) {
        (None, None) => None,
        (Some(account), Some(password)) => Some((account.clone(), password.clone())),
        _ => {
            return Err(fault(
                "account needs the secret password, and the other way",
            ));
        }
    };
    Ok(ldap)
}

fn tls(settings: &BTreeMap<String, String>) -> Result<Tls, StoreProblem> {
    let get = |name: &str| settings.get(name).map(String::as_str).unwrap_or_default();
    Ok(match (get("tls"), get("tls_ca_file")) {
        ("" | "verify", "") => Tls::Verify,
        ("" | "verify", file) => Tls::VerifyWith(file.into()),
        ("off", "") => Tls::Off,
        _ => return Err(fault("tls: verify or off; tls_ca_file only with verify")),
    })
}

fn required<'a>(
    settings: &'a BTreeMap<String, String>,
    name: &str,
) -> Result<&'a str, StoreProblem> {
    let value = settings.get(name).map(String::as_str).unwrap_or_default();
    if value.is_empty() {
        return Err(fault(format!("{name} is missing")));
    }
    Ok(value)
}

fn url(
    driver: Driver,
    settings: &BTreeMap<String, String>,
    password: Option<&Secret<String>>,
) -> Result<Secret<String>, StoreProblem> {
    let (scheme, usual_port) = match driver {
        Driver::Mysql => ("mysql", "3306"),
        Driver::Postgres | Driver::Sqlite => ("postgres", "5432"),
    };
    let host = required(settings, "host")?;
    let is_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
    if !host.bytes().all(is_host) {
        return Err(fault("host: a name or an address"));
    }
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let port = settings.get("port").map_or(usual_port, String::as_str);
    let port: u16 = port.parse().map_err(|_| fault("port: 1 to 65535"))?;
    let user = escaped(required(settings, "user")?);
    let database = escaped(required(settings, "database")?);
    let password = password.map_or_else(String::new, |secret| {
        format!(":{}", escaped(secret.expose()))
    });
    Ok(format!("{scheme}://{user}{password}@{host}:{port}/{database}").into())
}

/// RFC 3986: everything but unreserved characters as `%XX`.
fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _infallible = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The preset with the administrator's lines in it.
fn preset(config: &IdentityStore) -> Result<Preset, StoreProblem> {
    let text = if config.preset.is_empty() {
        NO_PRESET
    } else {
        Preset::shipped_text(&config.preset)
            .ok_or_else(|| fault(format!("there is no preset {}", config.preset)))?
    };
    let lines = lines(config, &SQL_NAMES, &["users", "passwords"])?;
    Preset::parse_with(text, &lines).map_err(problem)
}

/// The settings that are lines of a preset.
fn lines(
    config: &IdentityStore,
    known: &[&str],
    sections: &[&str],
) -> Result<toml::Table, StoreProblem> {
    let mut lines = toml::Table::new();
    for (name, value) in &config.settings {
        if known.contains(&name.as_str()) {
            continue;
        }
        match name.split_once('.') {
            Some((section, key)) if sections.contains(&section) => {
                put(&mut lines, section, key, value);
            }
            _ => return Err(fault(format!("there is no setting {name}"))),
        }
    }
    Ok(lines)
}

/// `users`, `attributes.email` becomes `[users.attributes] email = …`.
fn put(table: &mut toml::Table, section: &str, key: &str, value: &str) {
    let inner = table
        .entry(section)
        .or_insert_with(|| toml::Value::Table(toml::Table::new()));
    let toml::Value::Table(inner) = inner else {
        return;
    };
    if let Some((section, key)) = key.split_once('.') {
        put(inner, section, key, value);
        return;
    }
    let number = value.parse().ok().filter(|_| NUMBERS.contains(&key));
    let value = number.map_or_else(
        || toml::Value::String(value.to_owned()),
        toml::Value::Integer,
    );
    inner.insert(key.to_owned(), value);
}

/// Secrets of the application: `site`, or `site.NAME` where a rule asks by name. One line for each
/// value, the present one first.
fn site_secrets(secrets: &Secrets) -> SiteSecrets {
    let mut all = SiteSecrets::new();
    for (name, value) in secrets {
        let name = match name.split_once('.') {
            Some(("site", name)) => name,
            None if name == "site" => "site",
            _ => continue,
        };
        let values = value.expose().lines();
        all.insert(
            name.to_owned(),
            values
                .map(|line| Secret::new(line.as_bytes().to_vec()))
                .collect(),
        );
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity_store::{StoreKind, StoreTerms};

    fn store(preset: &str, settings: &[(&str, &str)]) -> IdentityStore {
        let settings = settings.iter();
        IdentityStore {
            id: "forum".to_owned(),
            kind: StoreKind::Sql,
            name: "Forum".to_owned(),
            preset: preset.to_owned(),
            settings: settings
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            secret_names: Vec::new(),
            is_enabled: true,
            terms: StoreTerms::default(),
            version: 1,
            created_at: im_types::Timestamp::EPOCH,
            updated_at: im_types::Timestamp::EPOCH,
        }
    }

    const REACHED: [(&str, &str); 4] = [
        ("driver", "mysql"),
        ("host", "db.example.org"),
        ("database", "forum"),
        ("user", "reader"),
    ];

    #[test]
    fn a_database_is_reached_by_its_parts_and_no_part_can_break_out() {
        let secrets = Secrets::from([("password".to_owned(), "p@ss/w:rd?#".into())]);
        let made = sql(&store("phpbb3", &REACHED), &secrets).unwrap();
        assert_eq!(
            made.url.expose(),
            "mysql://reader:p%40ss%2Fw%3Ard%3F%23@db.example.org:3306/forum"
        );
        assert_eq!(made.tls, Tls::Verify, "checked unless told otherwise");
        let mut bad = REACHED;
        bad[1] = ("host", "db.example.org/x@evil");
        assert!(sql(&store("phpbb3", &bad), &secrets).is_err());
        assert!(
            sql(&store("phpbb3", &REACHED[..3]), &secrets).is_err(),
            "no user"
        );
        assert!(sql(&store("no-such-preset", &REACHED), &secrets).is_err());
    }

    #[test]
    fn lines_of_a_preset_are_replaced_by_their_names() {
        let mut settings = REACHED.to_vec();
        settings.push(("users.active", "user_type = 0"));
        settings.push(("users.attributes.email", "mail?"));
        settings.push(("prefix", "bb_"));
        let made = sql(&store("phpbb3", &settings), &Secrets::new()).unwrap();
        assert_eq!(made.preset.users.active.as_deref(), Some("user_type = 0"));
        assert_eq!(made.preset.users.attributes["email"], "mail?");
        assert_eq!(made.prefix.as_deref(), Some("bb_"));
        settings.push(("userz.active", "1"));
        assert!(sql(&store("phpbb3", &settings), &Secrets::new()).is_err());
        let unknown = [REACHED.as_slice(), &[("users.nonsense", "1")]].concat();
        assert!(sql(&store("phpbb3", &unknown), &Secrets::new()).is_err());
    }

    #[test]
    fn a_directory_is_reached_by_its_servers_and_searched_by_its_account() {
        let settings = [
            ("servers", "ldaps://a.example ldaps://b.example"),
            ("base", "dc=example,dc=org"),
            ("account", "cn=search,dc=example,dc=org"),
            ("directory.nested_depth", "3"),
        ];
        let secrets = Secrets::from([("password".to_owned(), "x".into())]);
        let made = ldap(&store("ldap-openldap", &settings), &secrets).unwrap();
        assert_eq!(made.servers.len(), 2);
        assert_eq!(made.preset.directory.nested_depth, 3);
        assert!(made.account.is_some());
        assert!(ldap(&store("ldap-openldap", &settings), &Secrets::new()).is_err());
        assert!(
            ldap(&store("phpbb3", &settings), &secrets).is_err(),
            "no directory"
        );
        assert!(
            ldap(&store("", &settings[..1]), &secrets).is_err(),
            "no base"
        );
    }

    #[test]
    fn secrets_of_the_application_have_a_line_for_each_value() {
        let secrets = Secrets::from([
            ("site".to_owned(), "now\nbefore".into()),
            ("site.auth_salt".to_owned(), "x".into()),
            ("password".to_owned(), "y".into()),
        ]);
        let site = site_secrets(&secrets);
        assert_eq!(site.keys().collect::<Vec<_>>(), ["auth_salt", "site"]);
        assert_eq!(site["site"][1].expose(), b"before");
    }
}
