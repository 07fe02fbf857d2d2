//! A preset, parsed.

use im_auth_schemes::{Charset, Options, PasswordRule};

use crate::config::SqlConfig;
use crate::expr::{
    ColumnRef, Expr, ExprError, From, JoinOn, LoginTerm, Source, parse_condition, parse_from,
    parse_logins,
};
use crate::matching::MatchRule;
use crate::preset::Preset;
use crate::sql::{Statement, own_query};
use crate::{ConfigError, ExpressionOf};

/// Name of the table that stands for an administrator's query.
pub(crate) const QUERY_TABLE: &str = "(query)";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) column: ColumnRef,
    pub(crate) is_optional: bool,
}

/// Whom a store knows and where they are.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) from: From,
    /// `None`: the primary key of the base table.
    pub(crate) id: Option<ColumnRef>,
    pub(crate) logins: Vec<LoginTerm>,
    pub(crate) rule: MatchRule,
    /// Who fails it does not exist.
    pub(crate) row: Option<Expr>,
    /// Who fails it is barred.
    pub(crate) active: Option<Expr>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) groups: Option<Statement>,
}

impl Form {
    /// The name by which the password rule asks for the id.
    pub(crate) fn id_name(&self) -> String {
        self.id
            .as_ref()
            .map_or_else(|| "id".to_owned(), ToString::to_string)
    }

    /// The name by which the password rule asks for the stored login.
    pub(crate) fn login_name(&self) -> String {
        let first = self
            .logins
            .first()
            .and_then(|term| term.parts.first()?.first());
        first.map_or_else(|| "login".to_owned(), ToString::to_string)
    }

    /// All tables that it reads, sorted.
    pub(crate) fn tables(&self) -> Vec<&str> {
        let mut tables = vec![self.from.base.table.as_str()];
        for (source, on) in &self.from.joins {
            tables.push(&source.table);
            if let JoinOn::Condition(condition) = on {
                condition.collect_tables(&mut tables);
            }
        }
        for condition in self.row.iter().chain(&self.active) {
            condition.collect_tables(&mut tables);
        }
        tables.sort_unstable();
        tables.dedup();
        tables
    }

    pub(crate) fn parse(preset: &Preset, prefix: &str) -> Result<Self, ConfigError> {
        let users = &preset.users;
        let (from, defaults) = match (&users.table, &users.query) {
            (Some(table), None) => {
                let from = parse_from(table, prefix).map_err(within(ExpressionOf::Table))?;
                (from, None)
            }
            (None, Some(query)) => {
                let query = own_query(query, prefix, &["login", "login_lower"])?;
                let base = Source {
                    table: QUERY_TABLE.to_owned(),
                    alias: "q".to_owned(),
                };
                (
                    From {
                        base,
                        query: Some(query),
                        joins: Vec::new(),
                    },
                    Some(("id", "login")),
                )
            }
            _ => return Err(ConfigError::Source),
        };
        let id = users.id.as_deref().or(defaults.map(|(id, _)| id));
        let login = match (users.login.as_str(), defaults) {
            ("", Some((_, default))) => default,
            (given, _) => given,
        };
        let groups = users.groups.as_deref();
        Ok(Self {
            from,
            id: id
                .map(column)
                .transpose()
                .map_err(within(ExpressionOf::Id))?,
            logins: parse_logins(login).map_err(within(ExpressionOf::Login))?,
            rule: MatchRule::parse(&users.matching)?,
            row: condition(users.row.as_deref(), prefix, ExpressionOf::Row)?,
            active: condition(users.active.as_deref(), prefix, ExpressionOf::Active)?,
            attributes: attributes(preset)?,
            groups: groups
                .map(|text| own_query(text, prefix, &["id"]))
                .transpose()?,
        })
    }
}

/// Names the expression in which the fault is.
fn within(expression: ExpressionOf) -> impl Fn(ExprError) -> ConfigError {
    move |fault| ConfigError::Expression { expression, fault }
}

fn condition(
    text: Option<&str>,
    prefix: &str,
    expression: ExpressionOf,
) -> Result<Option<Expr>, ConfigError> {
    text.map(|text| parse_condition(text, prefix))
        .transpose()
        .map_err(within(expression))
}

/// One column, as the expressions know them.
fn column(text: &str) -> Result<ColumnRef, ExprError> {
    let expected = ExprError::Unexpected {
        expected: "one column",
        found: text.to_owned(),
    };
    let mut terms = parse_logins(text)?;
    let term = terms.pop().filter(|term| terms.is_empty() && !term.is_mail);
    let mut parts = term.map(|term| term.parts).unwrap_or_default();
    let mut names = parts.pop().filter(|_| parts.is_empty()).unwrap_or_default();
    let name = names.pop().filter(|_| names.is_empty());
    name.ok_or(expected)
}

fn attributes(preset: &Preset) -> Result<Vec<Attribute>, ConfigError> {
    let parse = |(name, text): (&String, &String)| {
        let bare = text.strip_suffix('?');
        Ok(Attribute {
            name: name.clone(),
            column: column(bare.unwrap_or(text)).map_err(within(ExpressionOf::Attribute))?,
            is_optional: bare.is_some(),
        })
    };
    preset.users.attributes.iter().map(parse).collect()
}

/// The password rule of a preset, its columns named as the form names them.
pub(crate) fn password_rule(config: &SqlConfig, form: &Form) -> Result<PasswordRule, ConfigError> {
    let passwords = &config.preset.passwords;
    let charset = config.charset.as_deref().or(passwords.charset.as_deref());
    let charset = charset.map(Charset::parse).transpose();
    // `passhash, passcheck`: each is named by its scheme; the first is the usual one.
    let column = passwords
        .column
        .split(',')
        .next()
        .unwrap_or_default()
        .trim();
    let options = Options {
        password: column.to_owned(),
        salt: passwords.salt.clone(),
        login: form.login_name(),
        id: form.id_name(),
        charset: charset.map_err(|unknown| ConfigError::Charset(unknown.to_string()))?,
        caps: config.caps,
        secrets: config.secrets.clone(),
    };
    let input = if passwords.input.is_empty() {
        "raw"
    } else {
        &passwords.input
    };
    Ok(PasswordRule::parse(&passwords.schemes, input, options)?)
}
