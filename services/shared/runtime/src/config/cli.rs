//! Settings on the command line.

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::SectionSpec;

const SET: &str = "set";

/// Adds `--config FILE` and `--set section.key=value` to a command.
pub fn arguments(command: Command) -> Command {
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(clap::value_parser!(std::path::PathBuf))
        .global(true)
        .help("Configuration file (TOML); else IM_CONFIG names it");
    let set = Arg::new(SET)
        .long(SET)
        .value_name("SECTION.KEY=VALUE")
        .action(ArgAction::Append)
        .global(true)
        .help(
            "Sets one value, over file and environment; also as --section-key VALUE, and for \
             [server] and [store] as --key VALUE (--listen, --data-dir)",
        );
    command.arg(config).arg(set)
}

/// Rewrites the flag of a setting (`--messaging-body-bytes-max 1000` or with `=`) as `--set`, so
/// that every setting has a flag and the help stays short. Secrets have none: arguments are
/// visible to every user of the machine.
pub fn expand_flags(
    arguments: impl IntoIterator<Item = String>,
    specs: &[SectionSpec],
) -> Vec<String> {
    let mut expanded = Vec::new();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (flag, inline) = match argument.split_once('=') {
            Some((flag, value)) => (flag, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        let setting = flag
            .strip_prefix("--")
            .and_then(|flag| setting_of(flag, specs));
        let Some(name) = setting else {
            expanded.push(argument);
            continue;
        };
        if let Some(value) = inline.or_else(|| arguments.next()) {
            expanded.push(format!("--{SET}"));
            expanded.push(format!("{name}={value}"));
        } else {
            // Left as it is: the parser says that it does not know a flag without a value.
            expanded.push(argument);
        }
    }
    expanded
}

/// The sections whose settings are so common that their flags need no section.
const SHORT: [&str; 2] = ["server", "store"];

fn setting_of(flag: &str, specs: &[SectionSpec]) -> Option<String> {
    specs.iter().find_map(|spec| {
        let is_short = SHORT.contains(&spec.name);
        let mut settings = spec.settings.iter().filter(|setting| !setting.is_secret);
        settings
            .find(|setting| {
                setting.flag_name(spec.name) == flag
                    || (is_short && setting.key.replace('_', "-") == flag)
            })
            .map(|setting| format!("{}.{}", spec.name, setting.key))
    })
}

/// The values given with `--set`, for [`super::Sources::overrides`].
pub fn overrides(matches: &ArgMatches) -> Vec<(String, String)> {
    let set = matches.get_many::<String>(SET).into_iter().flatten();
    // A text without `=` becomes a key without value, which its type refuses.
    set.map(|text| text.split_once('=').unwrap_or((text, "")))
        .map(|(key, value)| (key.trim().to_owned(), value.to_owned()))
        .collect()
}
