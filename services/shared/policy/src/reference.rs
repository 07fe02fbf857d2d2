//! The reference document.

use std::fmt::Write as _;

use crate::{Category, Definition, Direction, Kind, Overridable, Permission, TextForm, registry};

const INTRODUCTION: &str = "\
# Policy reference

Every limit and option of the system. The value that counts for a person on a site is that of the
person's roles (of several the more permissive), else the site's, else the global one, else the
default. A change counts for connected people within two seconds.
";

/// All keys and permissions as a Markdown document.
pub fn reference_markdown() -> String {
    let mut text = INTRODUCTION.to_owned();
    let mut heading: Option<Category> = None;
    for definition in registry() {
        if heading.replace(definition.category) != Some(definition.category) {
            let title = definition.category.title();
            line(&mut text, &format!("\n## {title}\n"));
            line(
                &mut text,
                "| key | default | allowed | set by | of several roles | meaning |",
            );
            line(&mut text, "| --- | --- | --- | --- | --- | --- |");
        }
        line(&mut text, &row(definition));
    }
    line(
        &mut text,
        "\n## Permissions\n\n| permission | allows to |\n| --- | --- |",
    );
    for permission in Permission::ALL {
        line(
            &mut text,
            &format!("| `{permission}` | {} |", permission.description()),
        );
    }
    text
}

fn line(text: &mut String, line: &str) {
    // Writing to a String cannot fail.
    let _infallible = writeln!(text, "{line}");
}

fn row(definition: &Definition) -> String {
    let default = definition.default.to_shown(definition);
    let default = if default.is_empty() {
        "empty".to_owned()
    } else {
        format!("`{default}`")
    };
    format!(
        "| `{}` | {default} | {} | {} | {} | {} |",
        definition.name,
        allowed(definition),
        set_by(definition.overridable),
        wins(definition.direction),
        definition.description,
    )
}

fn allowed(definition: &Definition) -> String {
    match definition.kind {
        Kind::Boolean => "`true`, `false`".to_owned(),
        Kind::Integer {
            min,
            max,
            zero_is_unlimited,
        } => {
            let unlimited = if zero_is_unlimited {
                "; 0 is unlimited"
            } else {
                ""
            };
            format!("{min} to {max} {}{unlimited}", definition.unit.name())
        }
        Kind::Choice { names } => format!("`{}`", names.join("`, `")),
        Kind::Text {
            chars_max,
            form: TextForm::Lines,
        } => format!("text, {chars_max} characters"),
        Kind::Text {
            chars_max,
            form: TextForm::HttpUrl,
        } => {
            format!("http(s) address, {chars_max} characters")
        }
        Kind::Secret { chars_max } => format!("secret, {chars_max} characters"),
    }
}

const fn set_by(overridable: Overridable) -> &'static str {
    match overridable {
        Overridable::GlobalOnly => "global",
        Overridable::Site => "global, site",
        Overridable::Role => "global, role",
        Overridable::SiteAndRole => "global, site, role",
    }
}

const fn wins(direction: Direction) -> &'static str {
    match direction {
        Direction::Larger => "the larger",
        Direction::Smaller => "the smaller",
        Direction::TrueWins => "`true`",
        Direction::FalseWins => "`false`",
        Direction::LaterChoice => "the later in the list",
        Direction::Never => "—",
    }
}
