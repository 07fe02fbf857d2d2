//! A statement under construction: text and what is bound to it, in one order.

use im_types::Timestamp;

use super::dialect::Driver;

/// What is bound when the statement runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Slot {
    Int(i64),
    Text(String),
    /// Now, in seconds since 1970.
    NowSeconds,
    /// Now as `2026-01-31 23:59:59`, in UTC.
    NowText,
    /// The wanted login of the plain columns, or of the mail columns.
    Wanted {
        is_mail: bool,
    },
    /// The same in lower case.
    WantedLower {
        is_mail: bool,
    },
    /// The id behind which a page begins, as text or as a number.
    AfterText,
    AfterInt,
    /// Rows of a page.
    Limit,
    /// The id of the person, for the query of groups.
    Id,
}

impl Slot {
    const fn is_int(&self) -> bool {
        matches!(
            self,
            Self::Int(_) | Self::NowSeconds | Self::AfterInt | Self::Limit
        )
    }
}

/// A value for the driver.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Arg {
    Int(i64),
    Text(String),
}

/// What a run of a statement knows.
#[derive(Clone, Default)]
pub(crate) struct Inputs {
    pub(crate) now: Timestamp,
    pub(crate) wanted: String,
    pub(crate) wanted_mail: String,
    pub(crate) after: Option<String>,
    pub(crate) limit: i64,
    pub(crate) id: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) slots: Vec<Slot>,
}

impl Statement {
    pub(crate) fn args(&self, inputs: &Inputs) -> Vec<Arg> {
        let wanted = |is_mail: bool| {
            if is_mail {
                &inputs.wanted_mail
            } else {
                &inputs.wanted
            }
        };
        let arg = |slot: &Slot| match slot {
            Slot::Int(number) => Arg::Int(*number),
            Slot::Text(text) => Arg::Text(text.clone()),
            Slot::NowSeconds => Arg::Int(inputs.now.as_secs()),
            Slot::NowText => Arg::Text(date_time(inputs.now)),
            Slot::Wanted { is_mail } => Arg::Text(wanted(*is_mail).clone()),
            Slot::WantedLower { is_mail } => Arg::Text(wanted(*is_mail).to_lowercase()),
            Slot::AfterText => Arg::Text(inputs.after.clone().unwrap_or_default()),
            Slot::AfterInt => {
                let after = inputs.after.as_deref().map(str::parse);
                Arg::Int(after.and_then(Result::ok).unwrap_or(i64::MIN))
            }
            Slot::Limit => Arg::Int(inputs.limit),
            Slot::Id => Arg::Text(inputs.id.clone()),
        };
        self.slots.iter().map(arg).collect()
    }
}

/// `2026-01-31 23:59:59`
fn date_time(at: Timestamp) -> String {
    at.to_string()
        .replacen('T', " ", 1)
        .chars()
        .take(19)
        .collect()
}

/// Stands for a placeholder until all of a statement is known. No name and no text can hold it.
const MARK: char = '\u{1}';

/// Collects text and slots in one order.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) driver: Driver,
    sql: String,
    slots: Vec<Slot>,
}

impl Writer {
    pub(crate) const fn new(driver: Driver) -> Self {
        Self {
            driver,
            sql: String::new(),
            slots: Vec::new(),
        }
    }

    /// Begins with a text in which placeholders are marked.
    pub(crate) fn of(driver: Driver, marked: &Statement) -> Self {
        Self {
            driver,
            sql: marked.sql.clone(),
            slots: marked.slots.clone(),
        }
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.sql.push_str(text);
    }

    /// Text in which `slots` are bound already.
    pub(crate) fn push_with(&mut self, text: &str, slots: &[Slot]) {
        self.sql.push_str(text);
        self.slots.extend_from_slice(slots);
    }

    pub(crate) fn bind(&mut self, slot: Slot) {
        self.sql.push(MARK);
        self.slots.push(slot);
    }

    /// The text so far and its slots, to be put in elsewhere.
    pub(crate) fn into_parts(self) -> (String, Vec<Slot>) {
        (self.sql, self.slots)
    }

    /// PostgreSQL is told the type of each value, since it would guess one from the context.
    pub(crate) fn finish(self) -> Statement {
        let mut sql = String::with_capacity(self.sql.len());
        let mut slots = self.slots.iter();
        let mut number = 0;
        for character in self.sql.chars() {
            if character != MARK {
                sql.push(character);
                continue;
            }
            number += 1;
            let is_int = slots.next().is_some_and(Slot::is_int);
            let placeholder = match self.driver {
                Driver::Mysql | Driver::Sqlite => "?".to_owned(),
                Driver::Postgres if is_int => format!("CAST(${number} AS bigint)"),
                Driver::Postgres => format!("CAST(${number} AS text)"),
            };
            sql.push_str(&placeholder);
        }
        Statement {
            sql,
            slots: self.slots,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_has_the_form_of_a_date_column() {
        let at = Timestamp::from_millis(1_709_251_199_000);
        assert_eq!(date_time(at), "2024-02-29 23:59:59");
    }
}
