//! What the program prints: JSON exactly as the HTTP API would answer it, or a table for people.

use std::io::Write as _;

use anyhow::Context as _;
use clap::ValueEnum;
use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::Value;

/// How answers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// The proto3 JSON mapping, one document for each answer
    Json,
}

/// Prints messages in one format.
pub(crate) struct Printer {
    format: Format,
    pool: DescriptorPool,
}

impl Printer {
    pub(crate) fn new(format: Format) -> anyhow::Result<Self> {
        let pool = DescriptorPool::decode(im_proto::DESCRIPTOR_SET).context("broken contract")?;
        Ok(Self { format, pool })
    }

    /// The message in the proto3 JSON mapping, with or without fields that hold their default.
    fn to_json<M: Message + Name>(&self, message: &M, is_full: bool) -> anyhow::Result<Value> {
        let name = M::full_name();
        let descriptor = self
            .pool
            .get_message_by_name(&name)
            .context("unknown message type")?;
        let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice())?;
        let options = SerializeOptions::new().skip_default_fields(!is_full);
        Ok(dynamic.serialize_with_options(serde_json::value::Serializer, &options)?)
    }

    /// Prints an answer. As text: the rows of its first list with these columns (dotted paths), or
    /// its fields if it holds no list.
    pub(crate) fn answer<M: Message + Name>(
        &self,
        message: &M,
        columns: &[&str],
    ) -> anyhow::Result<()> {
        let is_full = self.format == Format::Json || !columns.is_empty();
        let value = self.to_json(message, is_full)?;
        match self.format {
            Format::Json => line(&serde_json::to_string_pretty(&value)?),
            Format::Text if columns.is_empty() => line(&fields(&value)),
            Format::Text => line(&table(rows(&value), columns)),
        }
    }

    /// Prints one event of a stream: a line of JSON, or the text.
    pub(crate) fn event<M: Message + Name>(&self, message: &M, text: &str) -> anyhow::Result<()> {
        match self.format {
            Format::Json => line(&self.to_json(message, true)?.to_string()),
            Format::Text => line(text),
        }
    }

    /// Prints a sentence, in text only.
    pub(crate) fn note(&self, text: &str) -> anyhow::Result<()> {
        if self.format == Format::Text {
            line(text)
        } else {
            Ok(())
        }
    }
}

/// Whoever reads standard output has gone (`imctl … | head`); nothing is wrong with the server.
#[derive(Debug, thiserror::Error)]
#[error("standard output is closed")]
pub(crate) struct Closed;

fn line(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{}", printable(text)).and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Closed.into(),
        _ => error.into(),
    })
}

/// Text of others must not steer the terminal: control characters are shown as `\u{…}`.
fn printable(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, c| {
            match c {
                '\n' | '\t' => out.push(c),
                c if c.is_control() => out.extend(c.escape_default()),
                c => out.push(c),
            }
            out
        })
}

fn rows(value: &Value) -> &[Value] {
    let lists = value
        .as_object()
        .into_iter()
        .flat_map(|object| object.values());
    lists
        .filter_map(Value::as_array)
        .map(Vec::as_slice)
        .next()
        .unwrap_or_default()
}

fn cell(row: &Value, path: &str) -> String {
    let found = path.split('.').try_fold(row, |value, key| value.get(key));
    match found {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.replace(['\n', '\t'], " "),
        Some(Value::Array(items)) => {
            let texts = items
                .iter()
                .map(|item| item.as_str().map_or(item.to_string(), str::to_owned));
            texts.collect::<Vec<_>>().join(",")
        }
        Some(other) => other.to_string(),
    }
}

fn table(rows: &[Value], columns: &[&str]) -> String {
    let heads = columns
        .iter()
        .map(|path| path.rsplit('.').next().unwrap_or(path).to_uppercase());
    let mut lines: Vec<Vec<String>> = vec![heads.collect()];
    lines.extend(
        rows.iter()
            .map(|row| columns.iter().map(|path| cell(row, path)).collect()),
    );
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells
            .map(|text| text.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let text = lines.iter().map(|line| {
        let cells = line
            .iter()
            .zip(&widths)
            .map(|(text, width)| format!("{text:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    text.collect::<Vec<_>>().join("\n")
}

fn fields(value: &Value) -> String {
    let mut lines = Vec::new();
    collect_fields("", value, &mut lines);
    if lines.is_empty() {
        "done".to_owned()
    } else {
        lines.join("\n")
    }
}

fn collect_fields(prefix: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                let name = if prefix.is_empty() {
                    key.clone()
                } else {
                    format!("{prefix}.{key}")
                };
                collect_fields(&name, inner, lines);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (index, item) in items.iter().enumerate() {
                collect_fields(&format!("{prefix}[{index}]"), item, lines);
            }
        }
        other => lines.push(format!(
            "{prefix}: {}",
            cell(&serde_json::json!({"v": other}), "v")
        )),
    }
}

#[cfg(test)]
mod tests {
    use im_proto::auth::{ListUsersResponse, User, user::State};

    use super::*;

    fn answer() -> ListUsersResponse {
        let user = |id: &str, name: &str| User {
            id: id.to_owned(),
            username: name.to_owned(),
            state: State::Active.into(),
            ..User::default()
        };
        ListUsersResponse {
            users: vec![user("usr_1", "ann"), user("usr_22", "bob\nx")],
            next_page_token: String::new(),
        }
    }

    #[test]
    fn lists_become_tables_and_records_become_lines() {
        let printer = Printer::new(Format::Text).unwrap();
        let value = printer.to_json(&answer(), false).unwrap();
        assert_eq!(
            table(rows(&value), &["id", "username", "email"]),
            "ID      USERNAME  EMAIL\nusr_1   ann       -\nusr_22  bob x     -"
        );
        assert_eq!(
            fields(&value["users"][0]),
            "id: usr_1\nstate: ACTIVE\nusername: ann"
        );
    }

    #[test]
    fn text_of_others_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb\nc");
    }
}
