//! What the foreign database really looks like.

/// What can be done with a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TypeClass {
    Int,
    Number,
    Bool,
    Text,
    Binary,
    /// Date, or date and time.
    Time,
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// As the database writes it.
    pub(crate) name: String,
    pub(crate) class: TypeClass,
    /// `=` does not look at the case.
    pub(crate) ignores_case: bool,
    pub(crate) is_key: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// As the database writes it.
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
}

impl Table {
    /// A column, exactly as written if there is such a one, else without regard to case.
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        let exact = self.columns.iter().find(|column| column.name == name);
        exact.or_else(|| {
            self.columns
                .iter()
                .find(|column| column.name.eq_ignore_ascii_case(name))
        })
    }

    /// The primary key, if it is a single column.
    pub(crate) fn key(&self) -> Option<&Column> {
        let mut keys = self.columns.iter().filter(|column| column.is_key);
        keys.next().filter(|_| keys.next().is_none())
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Schema {
    pub(crate) tables: Vec<Table>,
}

impl Schema {
    pub(crate) fn table(&self, name: &str) -> Option<&Table> {
        let exact = self.tables.iter().find(|table| table.name == name);
        exact.or_else(|| {
            self.tables
                .iter()
                .find(|table| table.name.eq_ignore_ascii_case(name))
        })
    }

    /// Adds a column in the order of the answer, which is sorted by table.
    pub(crate) fn push(&mut self, table: &str, column: Column) {
        if let Some(last) = self.tables.last_mut().filter(|last| last.name == table) {
            last.columns.push(column);
            return;
        }
        self.tables.push(Table {
            name: table.to_owned(),
            columns: vec![column],
        });
    }
}

/// Something that the preset needs and the database does not have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// The table.
    pub table: String,
    /// `None`: the table itself is missing.
    pub column: Option<String>,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.column {
            Some(column) => write!(out, "column {column} of {}", self.table),
            None => write!(out, "table {}", self.table),
        }
    }
}
