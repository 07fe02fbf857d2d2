//! Precedence, faults and secrets, over a section of the kind the services declare.

use std::{io::Write as _, path::PathBuf};

use clap::Command;
use im_types::Secret;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::*;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SiteEntry {
    name: String,
}

crate::settings! {
    /// Sending messages.
    struct SampleSettings("messaging") {
        /// Longest body, in bytes.
        body_bytes_max: u32 = 100 => 10..=1_000,
        /// A name.
        title: String = "plain".to_owned(),
        /// A key.
        link_key: Option<Secret<String>> = None,
        /// Sites.
        sites: Structured<Vec<SiteEntry>> = Structured::default(),
        /// Style.
        style: LogFormat = LogFormat::Text,
        /// Peers.
        peers: Vec<String> = Vec::new(),
    }
    check(|settings: &SampleSettings, faults: &mut Faults| {
        if settings.title == "forbidden" {
            faults.add("title", &settings.title, "anything else");
        }
    })
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn sources(file: Option<&NamedTempFile>, environment: &[(&str, &str)]) -> Sources {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Sources {
        file: file.map(|file| file.path().to_owned()),
        environment: environment.iter().map(owned).collect(),
        overrides: Vec::new(),
    }
}

#[test]
fn later_sources_win() {
    let file = file(
        "[messaging]\nbody_bytes_max = 200\ntitle = \"file\"\npeers = [\"a\"]\n\
         sites = [{ name = \"main\" }]\n[auth]\nanything = 1\n",
    );
    let mut sources = sources(
        Some(&file),
        &[
            ("IM_MESSAGING__BODY_BYTES_MAX", "300"),
            ("IM_MESSAGING__PEERS", "b, c"),
            ("PATH", "/"),
        ],
    );
    sources
        .overrides
        .push(("messaging.body_bytes_max".to_owned(), "400".to_owned()));
    let loaded = load::<SampleSettings>(&sources).unwrap();
    assert_eq!(loaded.value.body_bytes_max, 400);
    assert_eq!(loaded.value.title, "file");
    assert_eq!(loaded.value.peers, ["b", "c"]);
    assert_eq!(
        loaded.value.sites.0,
        [SiteEntry {
            name: "main".to_owned()
        }]
    );
    assert_eq!(loaded.value.style, LogFormat::Text);
    let origins: Vec<&Origin> = loaded.effective.iter().map(|e| &e.origin).collect();
    let from_file = Origin::File(file.path().to_owned());
    assert_eq!(
        origins,
        [
            &Origin::CommandLine,
            &from_file,
            &Origin::Default,
            &from_file,
            &Origin::Default,
            &Origin::Environment("IM_MESSAGING__PEERS".to_owned()),
        ]
    );
}

#[test]
fn all_faults_come_at_once() {
    let file = file(
        "[messaging]\nbody_bytes_max = 9\nstyle = \"loud\"\nbody_byte_max = 1\npeers = 3\n\
         sites = [{ nmae = \"x\" }]\n[mesaging]\na = 1\nb = 2\n",
    );
    let sources = sources(Some(&file), &[("IM_MESSAGING__NO_SUCH", "s3cret")]);
    let errors = load::<SampleSettings>(&sources).unwrap_err();
    let mut keys: Vec<&str> = errors
        .faults()
        .iter()
        .map(|fault| fault.key.as_str())
        .collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "[mesaging]",
            "messaging.body_byte_max",
            "messaging.body_bytes_max",
            "messaging.no_such",
            "messaging.peers",
            "messaging.sites",
            "messaging.style",
        ]
    );
    let text = errors.to_string();
    let path = file.path().display().to_string();
    assert!(text.contains(&format!(
        "messaging.body_bytes_max = 9 (file {path}): allowed: 10..=1000"
    )));
    assert!(text.contains("allowed: one of text json"), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn a_check_of_the_whole_section_is_reported_with_its_origin() {
    let errors = load::<SampleSettings>(&sources(None, &[("IM_MESSAGING__TITLE", "forbidden")]))
        .unwrap_err();
    assert_eq!(
        errors.to_string(),
        "1 fault(s) in the configuration\n  messaging.title = forbidden \
         (environment IM_MESSAGING__TITLE): allowed: anything else"
    );
}

#[test]
fn a_broken_file_is_one_fault_without_its_text() {
    let file = file("[messaging]\nlink_key = \"s3cret\n");
    let errors = load::<SampleSettings>(&sources(Some(&file), &[])).unwrap_err();
    assert_eq!(errors.faults().len(), 1);
    assert!(errors.to_string().contains("line 2"), "{errors}");
    assert!(!errors.to_string().contains("s3cret"), "{errors}");
    let missing = Sources {
        file: Some(PathBuf::from("/no/such/file")),
        ..Sources::default()
    };
    assert!(load::<SampleSettings>(&missing).is_err());
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let key_file = file("s3cret\n");
    let path = key_file.path().display().to_string();
    let loaded =
        load::<SampleSettings>(&sources(None, &[("IM_MESSAGING__LINK_KEY_FILE", &path)])).unwrap();
    assert_eq!(loaded.value.link_key.as_ref().unwrap().expose(), "s3cret");
    let shown = show(&loaded.effective);
    assert!(
        shown.contains(&format!("link_key = *** # secret file {path}")),
        "{shown}"
    );
    assert!(!shown.contains("s3cret"));
    assert!(!format!("{loaded:?}").contains("s3cret"));

    let both = [
        ("IM_MESSAGING__LINK_KEY_FILE", path.as_str()),
        ("IM_MESSAGING__LINK_KEY", "s3cret"),
    ];
    let errors = load::<SampleSettings>(&sources(None, &both)).unwrap_err();
    assert!(errors.to_string().contains("not both"), "{errors}");
    assert!(!errors.to_string().contains("s3cret"));
}

#[test]
fn a_wrongly_typed_secret_is_not_quoted() {
    let file = file("[messaging]\nlink_key = 12345678\n");
    let errors = load::<SampleSettings>(&sources(Some(&file), &[])).unwrap_err();
    assert_eq!(errors.faults().len(), 1);
    assert!(!errors.to_string().contains("12345678"), "{errors}");
}

#[test]
fn every_setting_has_a_flag_except_secrets() {
    let specs = SampleSettings::specs();
    let arguments = [
        "im",
        "--messaging-body-bytes-max",
        "500",
        "--messaging-title=x=y",
    ];
    let expanded = expand_flags(arguments.map(str::to_owned), &specs);
    let matches = arguments_of(expanded).unwrap();
    let overrides = overrides(&matches);
    assert_eq!(
        overrides,
        [
            ("messaging.body_bytes_max".to_owned(), "500".to_owned()),
            ("messaging.title".to_owned(), "x=y".to_owned()),
        ]
    );
    let short = ["im", "--listen", "127.0.0.1:0", "--data-dir=d"].map(str::to_owned);
    let short = arguments_of(expand_flags(short, &Common::specs())).unwrap();
    assert_eq!(
        super::overrides(&short),
        [
            ("server.listen".to_owned(), "127.0.0.1:0".to_owned()),
            ("store.data_dir".to_owned(), "d".to_owned()),
        ]
    );
    let secret = ["im", "--messaging-link-key", "x"].map(str::to_owned);
    assert!(arguments_of(expand_flags(secret, &specs)).is_err());
    let valueless = ["im", "--messaging-title"].map(str::to_owned);
    assert!(arguments_of(expand_flags(valueless, &specs)).is_err());
}

fn arguments_of(list: Vec<String>) -> Result<clap::ArgMatches, clap::Error> {
    arguments(Command::new("im")).try_get_matches_from(list)
}

#[test]
fn the_reference_names_everything_and_loads() {
    let specs = <(Common, SampleSettings)>::specs();
    let reference = reference_toml(&specs);
    assert!(reference.contains(
        "# Longest body, in bytes.\n# (integer, 10..=1000; IM_MESSAGING__BODY_BYTES_MAX)\n\
         #body_bytes_max = 100\n"
    ));
    assert!(reference.contains("#link_key =\n"), "{reference}");
    // As text it is a file of defaults; with every value uncommented it is one that sets them.
    let is_setting = |line: &str| {
        line.strip_prefix('#').is_some_and(|rest| {
            rest.starts_with(|c: char| c.is_ascii_lowercase()) && !rest.ends_with('=')
        })
    };
    let uncommented: String = reference
        .lines()
        .map(|line| if is_setting(line) { &line[1..] } else { line })
        .fold(String::new(), |text, line| text + line + "\n");
    for text in [reference.as_str(), uncommented.as_str()] {
        let file = file(text);
        let loaded = load::<(Common, SampleSettings)>(&sources(Some(&file), &[])).unwrap();
        assert_eq!(loaded.value.1.body_bytes_max, 100);
        assert_eq!(loaded.value.0.server.listen.port(), 8080);
    }
}

#[test]
fn keys_that_are_too_short_and_broken_filters_are_faults() {
    let environment = [
        ("IM_SERVER__INTERNAL_KEY", "short"),
        ("IM_TELEMETRY__LOG_FILTER", "a=b=c"),
    ];
    let errors = load::<Common>(&sources(None, &environment)).unwrap_err();
    let keys: Vec<&str> = errors
        .faults()
        .iter()
        .map(|fault| fault.key.as_str())
        .collect();
    assert_eq!(keys, ["server.internal_key", "telemetry.log_filter"]);
}
