//! Lays the sources over each other and hands out values.

use std::{collections::BTreeMap, fmt::Debug, ops::RangeInclusive, path::PathBuf};

use toml::Value;

use super::{
    Effective, Fault, Faults, KNOWN_SECTIONS, Origin, SectionSpec, SettingValue, Sources,
    sources::PREFIX,
};

/// Between section and key in the name of a variable.
const SEPARATOR: &str = "__";
const HIDDEN: &str = "***";

#[derive(Debug, Clone)]
enum Raw {
    Toml(Value),
    Text(String),
}

impl Raw {
    fn show(&self) -> String {
        match self {
            Self::Toml(value) => value.to_string(),
            Self::Text(text) => format!("{text:?}"),
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Toml(value) => value.as_str(),
            Self::Text(text) => Some(text),
        }
    }
}

/// A fault was found and kept.
struct Faulty;

/// Reads settings and keeps what is wrong with them.
#[derive(Debug)]
pub struct Reader<'a> {
    specs: &'a [SectionSpec],
    raw: BTreeMap<(String, String), (Raw, Origin)>,
    effective: Vec<Effective>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sources: &Sources, specs: &'a [SectionSpec]) -> Self {
        let (raw, effective, faults) = (BTreeMap::new(), Vec::new(), Vec::new());
        let mut reader = Self {
            specs,
            raw,
            effective,
            faults,
        };
        if let Some(path) = &sources.file {
            reader.add_file(path.clone());
        }
        for (name, value) in &sources.environment {
            let Some((section, key)) = name
                .strip_prefix(PREFIX)
                .and_then(|rest| rest.split_once(SEPARATOR))
            else {
                continue;
            };
            let (section, key) = (section.to_lowercase(), key.to_lowercase());
            reader.add(
                section,
                key,
                Raw::Text(value.clone()),
                Origin::Environment(name.clone()),
            );
        }
        for (name, value) in &sources.overrides {
            match name.split_once('.') {
                Some((section, key)) => reader.add(
                    section.to_owned(),
                    key.to_owned(),
                    Raw::Text(value.clone()),
                    Origin::CommandLine,
                ),
                None => reader.fault(name, None, Origin::CommandLine, "section.key is expected"),
            }
        }
        reader
    }

    pub(super) fn finish(self) -> (Vec<Effective>, Vec<Fault>) {
        (self.effective, self.faults)
    }

    fn add_file(&mut self, path: PathBuf) {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                let problem = format!("cannot be read: {error}");
                return self.fault("configuration", None, Origin::File(path), problem);
            }
        };
        let table: toml::Table = match toml::from_str(&text) {
            Ok(table) => table,
            Err(error) => {
                // Its Display quotes the line, which may hold a secret.
                let line = error.span().map(|span| {
                    1 + text
                        .bytes()
                        .take(span.start)
                        .filter(|byte| *byte == b'\n')
                        .count()
                });
                let at = line.map_or_else(String::new, |line| format!("line {line}: "));
                let problem = format!("{at}{}", error.message());
                return self.fault("configuration", None, Origin::File(path), problem);
            }
        };
        for (section, value) in table {
            let Value::Table(settings) = value else {
                self.fault(
                    &section,
                    None,
                    Origin::File(path.clone()),
                    "stands outside a section",
                );
                continue;
            };
            if settings.is_empty() {
                self.is_ours(&section, &Origin::File(path.clone()));
            }
            for (key, value) in settings {
                self.add(
                    section.clone(),
                    key,
                    Raw::Toml(value),
                    Origin::File(path.clone()),
                );
            }
        }
    }

    /// Whether this program reads `section`; unknown names are faults.
    fn is_ours(&mut self, section: &str, origin: &Origin) -> bool {
        let is_ours = self.specs.iter().any(|spec| spec.name == section);
        if !is_ours && !KNOWN_SECTIONS.contains(&section) {
            let problem = format!("no such section; there are {}", KNOWN_SECTIONS.join(", "));
            let name = format!("[{section}]");
            let is_reported = self
                .faults
                .iter()
                .any(|f| f.key == name && f.origin == *origin);
            if !is_reported {
                self.fault(&name, None, origin.clone(), problem);
            }
        }
        is_ours
    }

    fn add(&mut self, section: String, key: String, raw: Raw, origin: Origin) {
        if !self.is_ours(&section, &origin) {
            return;
        }
        let mut settings = self
            .specs
            .iter()
            .filter(|spec| spec.name == section)
            .flat_map(|spec| &spec.settings);
        if settings.any(|setting| setting.is_named(&key)) {
            self.raw.insert((section, key), (raw, origin));
        } else {
            // The value stays out: a misspelt key may be a secret's.
            self.fault(&format!("{section}.{key}"), None, origin, "no such setting");
        }
    }

    /// The value of a setting; `None` after a fault.
    pub fn setting<T: SettingValue>(
        &mut self,
        section: &'static str,
        key: &'static str,
        default: T,
    ) -> Option<T> {
        let found = if T::IS_SECRET {
            self.secret(section, key).ok()?
        } else {
            self.raw(section, key)
        };
        let name = format!("{section}.{key}");
        let Some((raw, origin)) = found else {
            self.remember(section, key, &default, Origin::Default);
            return Some(default);
        };
        let parsed = match &raw {
            Raw::Toml(value) => T::from_toml(value),
            Raw::Text(text) => T::from_text(text),
        };
        match parsed {
            Ok(value) => {
                self.remember(section, key, &value, origin);
                Some(value)
            }
            Err(allowed) => {
                let value = (!T::IS_SECRET).then(|| raw.show());
                self.fault(&name, value, origin, format!("allowed: {allowed}"));
                None
            }
        }
    }

    fn raw(&self, section: &str, key: &str) -> Option<(Raw, Origin)> {
        self.raw.get(&(section.to_owned(), key.to_owned())).cloned()
    }

    /// A secret, given as it is or as a file that holds it.
    fn secret(&mut self, section: &str, key: &str) -> Result<Option<(Raw, Origin)>, Faulty> {
        let file_key = format!("{key}_file");
        let Some((raw, origin)) = self.raw(section, &file_key) else {
            return Ok(self.raw(section, key));
        };
        let name = format!("{section}.{file_key}");
        if self.raw(section, key).is_some() {
            let problem = format!("give either {key} or {file_key}, not both");
            self.fault(&name, None, origin, problem);
            return Err(Faulty);
        }
        let path = PathBuf::from(raw.text().unwrap_or_default());
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let text = text.trim_end_matches(['\r', '\n']).to_owned();
                Ok(Some((Raw::Text(text), Origin::SecretFile(path))))
            }
            Err(error) => {
                let problem = format!("cannot be read: {error}");
                self.fault(&name, Some(raw.show()), origin, problem);
                Err(Faulty)
            }
        }
    }

    /// `value` if it lies in `allowed`.
    pub fn within<T: SettingValue + PartialOrd + Debug>(
        &mut self,
        section: &'static str,
        key: &'static str,
        value: Option<T>,
        allowed: &RangeInclusive<T>,
    ) -> Option<T> {
        let value = value?;
        if allowed.contains(&value) {
            return Some(value);
        }
        let problem = format!("allowed: {allowed:?}");
        let origin = self.origin(section, key);
        self.fault(&format!("{section}.{key}"), value.show(), origin, problem);
        None
    }

    /// Runs a section's own check; `None` if it found something.
    pub fn check(&mut self, section: &'static str, check: impl FnOnce(&mut Faults)) -> Option<()> {
        let mut faults = Faults::default();
        check(&mut faults);
        let is_sound = faults.found.is_empty();
        for (key, value, allowed) in faults.found {
            let origin = self.origin(section, key);
            let problem = format!("allowed: {allowed}");
            self.fault(&format!("{section}.{key}"), Some(value), origin, problem);
        }
        is_sound.then_some(())
    }

    fn origin(&self, section: &str, key: &str) -> Origin {
        let found = self
            .effective
            .iter()
            .find(|e| e.section == section && e.key == key);
        found.map_or(Origin::Default, |effective| effective.origin.clone())
    }

    fn remember<T: SettingValue>(
        &mut self,
        section: &'static str,
        key: &'static str,
        value: &T,
        origin: Origin,
    ) {
        let value = match value.show() {
            None if T::IS_SECRET && origin != Origin::Default => Some(HIDDEN.to_owned()),
            shown => shown,
        };
        self.effective.push(Effective {
            section,
            key,
            value,
            origin,
        });
    }

    fn fault(
        &mut self,
        key: &str,
        value: Option<String>,
        origin: Origin,
        problem: impl Into<String>,
    ) {
        self.faults.push(Fault {
            key: key.to_owned(),
            value,
            origin,
            problem: problem.into(),
        });
    }
}
