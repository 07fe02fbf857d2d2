//! A slapd with people of the test's own.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use im_auth_stores::{DirectoryPreset, LdapConfig, LdapStore, Lookup, Person, Tls, Verified};
use im_types::Secret;
use tempfile::TempDir;

pub(crate) const BASE: &str = "dc=example,dc=org";
pub(crate) const SEARCHER: &str = "cn=search,dc=example,dc=org";
pub(crate) const SEARCHER_PASSWORD: &str = "Search-1";
const MODULES: &str = "/usr/lib/ldap";

/// The base and the account that searches.
const TREE: &str = "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\n\
     dc: example\no: Example\n\ndn: cn=search,dc=example,dc=org\nobjectClass: organizationalRole\n\
     objectClass: simpleSecurityObject\ncn: search\nuserPassword: Search-1\n\n\
     dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n\n\
     dn: ou=groups,dc=example,dc=org\nobjectClass: organizationalUnit\nou: groups\n\n";

/// What is special about a server.
#[derive(Default)]
pub(crate) struct Options {
    /// Lines for the head of the configuration.
    pub(crate) global: String,
    /// Lines for the database.
    pub(crate) database: String,
    /// Modules that are loaded if they are there.
    pub(crate) modules: &'static [&'static str],
    /// Serves `ldaps://` as well; the files are named in `global`.
    pub(crate) has_tls: bool,
    /// The entries of [`TREE`] are in the LDIF.
    pub(crate) has_own_tree: bool,
}

/// A running server; dropped it is stopped.
pub(crate) struct Slapd {
    process: Child,
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
    _directory: TempDir,
}

impl Drop for Slapd {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

pub(crate) fn has_module(name: &str) -> bool {
    Path::new(MODULES).join(format!("{name}.la")).exists()
}

fn configuration(directory: &Path, options: &Options) -> String {
    let mut text = String::new();
    for schema in ["core", "cosine", "nis", "inetorgperson"] {
        writeln!(text, "include /etc/ldap/schema/{schema}.schema").unwrap();
    }
    writeln!(text, "modulepath {MODULES}\nmoduleload back_mdb").unwrap();
    for module in options.modules.iter().filter(|module| has_module(module)) {
        writeln!(text, "moduleload {module}").unwrap();
    }
    let directory = directory.display();
    writeln!(text, "pidfile {directory}/pid\n{}", options.global).unwrap();
    writeln!(
        text,
        "database mdb\nmaxsize 67108864\nsuffix \"{BASE}\"\nrootdn \"cn=admin,{BASE}\"\n\
         rootpw admin\ndirectory {directory}/data\nindex objectClass,uid,entryUUID eq\n\
         access to attrs=userPassword by anonymous auth by * none\n\
         access to * by dn.exact=\"{SEARCHER}\" read by * none\n{}",
        options.database
    )
    .unwrap();
    text
}

impl Slapd {
    /// Starts one with these entries.
    pub(crate) async fn start(ldif: &str, options: Options) -> Self {
        let directory = TempDir::new().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::create_dir(path("data")).unwrap();
        std::fs::write(
            path("slapd.conf"),
            configuration(directory.path(), &options),
        )
        .unwrap();
        let tree = if options.has_own_tree { "" } else { TREE };
        std::fs::write(path("people.ldif"), format!("{tree}{ldif}")).unwrap();
        let added = Command::new("slapadd")
            .args(["-q", "-f"])
            .arg(path("slapd.conf"))
            .arg("-l")
            .arg(path("people.ldif"))
            .output()
            .expect("slapadd: ./tests/run installs it");
        assert!(
            added.status.success(),
            "{}",
            String::from_utf8_lossy(&added.stderr)
        );
        let (port, tls_port) = (free_port(), free_port());
        let mut urls = format!("ldap://127.0.0.1:{port}");
        if options.has_tls {
            write!(urls, " ldaps://127.0.0.1:{tls_port}").unwrap();
        }
        let process = Command::new("slapd")
            .arg("-f")
            .arg(path("slapd.conf"))
            // -d keeps it in the foreground.
            .args(["-h", &urls, "-d", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            process,
            port,
            tls_port,
            _directory: directory,
        };
        server.listens().await;
        server
    }

    async fn listens(&self) {
        for _ in 0..200 {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port))
                .await
                .is_ok()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("slapd does not listen");
    }

    pub(crate) fn stop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    pub(crate) fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// A store of this server in the clear, with lines of the test's own in the preset.
    pub(crate) fn config(&self, own: &str) -> LdapConfig {
        config(vec![self.url()], own)
    }

    pub(crate) fn store(&self, own: &str) -> LdapStore {
        LdapStore::open(&self.config(own)).unwrap()
    }
}

pub(crate) fn preset(own: &str) -> DirectoryPreset {
    let text = DirectoryPreset::shipped_text("ldap-openldap").unwrap();
    DirectoryPreset::parse_with(text, &own.parse().unwrap()).unwrap()
}

pub(crate) fn config(servers: Vec<String>, own: &str) -> LdapConfig {
    LdapConfig {
        tls: Tls::Off,
        account: Some((SEARCHER.to_owned(), Secret::from(SEARCHER_PASSWORD))),
        ..LdapConfig::new(servers, BASE.to_owned(), preset(own))
    }
}

/// A person with this password, and lines of the test's own.
pub(crate) fn person(uid: &str, password: &str, own: &str) -> String {
    let own = if own.is_empty() {
        String::new()
    } else {
        format!("{own}\n")
    };
    format!(
        "dn: uid={uid},ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\n\
         sn: {uid}\nuserPassword: {password}\n{own}\n"
    )
}

pub(crate) fn found(lookup: Lookup) -> Person {
    match lookup {
        Lookup::Found(person) => *person,
        other => panic!("{other:?}"),
    }
}

/// Finds somebody and checks the password.
pub(crate) async fn sign_in(store: &LdapStore, login: &str, password: &str) -> Verified {
    let person = found(store.find(login).await);
    store.verify(&person, &Secret::from(password)).await
}

pub(crate) const MATCH: Verified = Verified::Match {
    is_password_expired: false,
};
pub(crate) const MISMATCH: Verified = Verified::Mismatch { is_locked: false };

/// A file in a directory that outlives the test's use of it.
pub(crate) fn file(directory: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}
