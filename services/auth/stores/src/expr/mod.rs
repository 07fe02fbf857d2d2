//! The small language of presets: where the rows are, which of them count, who is active.
//!
//! It is a subset of SQL with one meaning on three engines. Text is parsed here once, when a store
//! is configured; [`crate::sql`] turns the tree into bound SQL for the engine and the live schema.

mod lex;
mod parse;
#[cfg(test)]
mod tests;

pub(crate) use parse::{parse_condition, parse_from, parse_logins};

/// What is wrong with an expression of a preset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExprError {
    /// A character that the language does not know.
    #[error("unexpected character {0:?}")]
    Character(char),
    /// A text or name in quotes that does not end.
    #[error("a quote is not closed")]
    Quote,
    /// A number beyond 64 bits.
    #[error("the number {0} is too large")]
    Number(String),
    /// A word or sign that cannot stand there.
    #[error("expected {expected} before {found}")]
    Unexpected {
        /// What could have stood there.
        expected: &'static str,
        /// What stood there.
        found: String,
    },
    /// A name outside the allow-list: letters, digits, `_`, `$`, at most 64.
    #[error("{0:?} is not a name of a table or column")]
    Name(String),
    /// Nested deeper than 16 levels.
    #[error("nested too deeply")]
    Depth,
    /// Longer than 4096 characters.
    #[error("longer than 4096 characters")]
    Length,
}

/// A column, as the preset writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnRef {
    /// Alias or name of its table.
    pub(crate) table: Option<String>,
    pub(crate) name: String,
}

impl std::fmt::Display for ColumnRef {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(table) = &self.table {
            write!(out, "{table}.")?;
        }
        out.write_str(&self.name)
    }
}

/// A table with the name by which its columns are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// The name in the database, the prefix put in.
    pub(crate) table: String,
    /// The alias, or the name without the prefix.
    pub(crate) alias: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JoinOn {
    Condition(Box<Expr>),
    Using(String),
}

/// `users u JOIN secrets s ON s.user_id = u.id`: the first source holds one row per person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct From {
    pub(crate) base: Source,
    /// A query of the administrator's instead of the table.
    pub(crate) query: Option<crate::sql::Statement>,
    pub(crate) joins: Vec<(Source, JoinOn)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    pub(crate) const fn sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// One value out of another table: `(SELECT MAX(id) FROM t WHERE …)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Select {
    pub(crate) is_maximum: bool,
    /// `None`: `SELECT 1`, for EXISTS.
    pub(crate) column: Option<ColumnRef>,
    pub(crate) source: Source,
    pub(crate) filter: Option<Box<Expr>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Column(ColumnRef),
    Int(i64),
    Text(String),
    /// The time now in the type of the column that it is compared with.
    Now,
    /// `column + 0`: a text column read as a number.
    Number(Box<Self>),
    BitAnd(Box<Self>, i64),
    Scalar(Select),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expr {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Compare(Value, Operator, Value),
    IsNull {
        value: Value,
        is_negated: bool,
    },
    In {
        value: Value,
        list: Vec<Value>,
        is_negated: bool,
    },
    Exists(Select),
    /// A column as a condition.
    Truth(Value),
}

/// What a typed login is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoginTerm {
    /// Names of the same column in different versions of the application: the first one there is
    /// counts. Several parts are joined by a dot (`lastname.firstname`).
    pub(crate) parts: Vec<Vec<ColumnRef>>,
    /// Only for a typed login with an `@`, and only if the plain ones found nobody.
    pub(crate) is_mail: bool,
}

impl Expr {
    /// The tables of the selects in it.
    pub(crate) fn collect_tables<'a>(&'a self, tables: &mut Vec<&'a str>) {
        match self {
            Self::All(list) | Self::Any(list) => {
                for expr in list {
                    expr.collect_tables(tables);
                }
            }
            Self::Not(inner) => inner.collect_tables(tables),
            Self::Compare(left, _, right) => {
                left.collect_tables(tables);
                right.collect_tables(tables);
            }
            Self::IsNull { value, .. } | Self::In { value, .. } | Self::Truth(value) => {
                value.collect_tables(tables);
            }
            Self::Exists(select) => select.collect_tables(tables),
        }
    }
}

impl Value {
    fn collect_tables<'a>(&'a self, tables: &mut Vec<&'a str>) {
        match self {
            Self::Scalar(select) => select.collect_tables(tables),
            Self::Number(inner) | Self::BitAnd(inner, _) => inner.collect_tables(tables),
            Self::Column(_) | Self::Int(_) | Self::Text(_) | Self::Now => {}
        }
    }
}

impl Select {
    fn collect_tables<'a>(&'a self, tables: &mut Vec<&'a str>) {
        tables.push(&self.source.table);
        if let Some(filter) = &self.filter {
            filter.collect_tables(tables);
        }
    }
}
