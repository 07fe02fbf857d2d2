//! What the server says about itself.

use sqlx::{
    AssertSqlSafe, Column as _, Executor as _, SqlSafeStr as _, Statement as _, TypeInfo as _,
};

use super::{Link, Values, class_of};
use crate::Class;
use crate::sql::{Arg, Column, Schema, Table, TypeClass};

/// Table, column, type, collation, `PRI` for the primary key; sorted by table.
const MYSQL_COLUMNS: &str = "SELECT CAST(c.TABLE_NAME AS BINARY), CAST(c.COLUMN_NAME AS BINARY), \
     CAST(c.DATA_TYPE AS BINARY), CAST(COALESCE(c.COLLATION_NAME, '') AS BINARY), \
     CAST(c.COLUMN_KEY AS BINARY) FROM information_schema.COLUMNS c \
     WHERE c.TABLE_SCHEMA = DATABASE() AND c.TABLE_NAME IN (";
const MYSQL_ORDER: &str = ") ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION";

const POSTGRES_COLUMNS: &str = "SELECT convert_to(c.relname::text, 'UTF8'), \
     convert_to(a.attname::text, 'UTF8'), \
     convert_to((CASE WHEN t.typtype = 'd' THEN b.typname ELSE t.typname END)::text, 'UTF8'), \
     convert_to('', 'UTF8'), \
     convert_to(CASE WHEN a.attnum = ANY (i.indkey) THEN 'PRI' ELSE '' END, 'UTF8') \
     FROM pg_class c \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
     JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype \
     LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary \
     WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND pg_table_is_visible(c.oid) \
     AND lower(c.relname::text) IN (";
const POSTGRES_ORDER: &str = ") ORDER BY c.relname, a.attnum";

const SQLITE_COLUMNS: &str = "SELECT CAST(m.name AS BLOB), CAST(p.name AS BLOB), \
     CAST(p.type AS BLOB), x'', CAST(CASE WHEN p.pk > 0 THEN 'PRI' ELSE '' END AS BLOB) \
     FROM sqlite_master m JOIN pragma_table_info(m.name) p \
     WHERE m.type IN ('table', 'view') AND lower(m.name) IN (";
const SQLITE_ORDER: &str = ") ORDER BY m.name, p.cid";

pub(super) async fn schema(link: &mut Link, tables: &[&str]) -> Result<Schema, Class> {
    let (head, tail) = match link {
        Link::Mysql(_) => (MYSQL_COLUMNS, MYSQL_ORDER),
        Link::Postgres(_) => (POSTGRES_COLUMNS, POSTGRES_ORDER),
        Link::Sqlite(_) => (SQLITE_COLUMNS, SQLITE_ORDER),
    };
    let placeholder = |at: usize| match link {
        Link::Postgres(_) => format!("CAST(${} AS text)", at + 1),
        Link::Mysql(_) | Link::Sqlite(_) => "?".to_owned(),
    };
    let placeholders: Vec<_> = (0..tables.len()).map(placeholder).collect();
    let sql = format!("{head}{}{tail}", placeholders.join(", "));
    let is_mysql = matches!(link, Link::Mysql(_));
    // `MySQL` compares them by its own rule for names of tables.
    let name = |table: &&str| {
        let name = if is_mysql {
            (*table).to_owned()
        } else {
            table.to_ascii_lowercase()
        };
        Arg::Text(name)
    };
    let args: Vec<_> = tables.iter().map(name).collect();
    let mut schema = Schema::default();
    for row in link.rows(&sql, &args).await? {
        let [table, name, kind, collation, key] = texts(row)?;
        let class = class_of_type(&kind);
        schema.push(
            &table,
            Column {
                ignores_case: collation.ends_with("_ci") || kind == "citext",
                is_key: key == "PRI",
                class,
                name,
            },
        );
    }
    Ok(schema)
}

fn texts<const N: usize>(row: Values) -> Result<[String; N], Class> {
    let texts: Vec<String> = row
        .into_iter()
        .map(|value| String::from_utf8_lossy(&value.unwrap_or_default()).into_owned())
        .collect();
    texts.try_into().map_err(|_| Class::Protocol)
}

/// The type by its name on any of the engines. SQLite's are free text.
fn class_of_type(name: &str) -> TypeClass {
    let name = name.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    if has(&["date", "time"]) {
        TypeClass::Time
    } else if has(&["char", "text", "enum", "clob", "name"]) || name == "set" {
        TypeClass::Text
    } else if has(&["blob", "binary", "bytea"]) {
        TypeClass::Binary
    } else if name == "bool" {
        TypeClass::Bool
    } else if name != "point" && name != "interval" && has(&["int", "serial", "year"]) {
        TypeClass::Int
    } else if has(&["numeric", "dec", "float", "double", "real", "boolean"]) {
        TypeClass::Number
    } else {
        TypeClass::Other
    }
}

pub(super) async fn describe(link: &mut Link, name: &str, sql: &str) -> Result<Schema, Class> {
    let text = AssertSqlSafe(sql.to_owned()).into_sql_str();
    macro_rules! columns {
        ($connection:expr) => {{
            let prepared = $connection.prepare(text).await;
            let prepared = prepared.map_err(|error| class_of(&error))?;
            let columns = prepared.columns().iter();
            columns
                .map(|column| {
                    (
                        column.name().to_owned(),
                        column.type_info().name().to_owned(),
                    )
                })
                .collect::<Vec<_>>()
        }};
    }
    let (columns, is_postgres) = match link {
        Link::Mysql(connection) => (columns!(connection), false),
        Link::Postgres(connection) => (columns!(connection), true),
        Link::Sqlite(guarded) => (columns!(guarded.connection()), false),
    };
    let column = |(name, kind): (String, String)| Column {
        // Only PostgreSQL tells true from 1.
        class: match class_of_type(&kind) {
            TypeClass::Bool if !is_postgres => TypeClass::Int,
            class => class,
        },
        ignores_case: false,
        is_key: false,
        name,
    };
    let columns = columns.into_iter().map(column).collect();
    Ok(Schema {
        tables: vec![Table {
            name: name.to_owned(),
            columns,
        }],
    })
}

pub(super) async fn version(link: &mut Link) -> Result<String, Class> {
    let (sql, name) = match link {
        Link::Mysql(_) => ("SELECT CAST(VERSION() AS BINARY)", ""),
        Link::Postgres(_) => (
            "SELECT convert_to(current_setting('server_version'), 'UTF8')",
            "PostgreSQL ",
        ),
        Link::Sqlite(_) => ("SELECT CAST(sqlite_version() AS BLOB)", "SQLite "),
    };
    let row = link.rows(sql, &[]).await?.pop().ok_or(Class::Protocol)?;
    let [version] = texts(row)?;
    Ok(format!("{name}{version}"))
}

const MYSQL_PRIVILEGES: &str = "SELECT CAST(COUNT(*) AS CHAR) FROM ( \
     SELECT GRANTEE, PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES UNION ALL \
     SELECT GRANTEE, PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES \
     WHERE DATABASE() LIKE TABLE_SCHEMA UNION ALL \
     SELECT GRANTEE, PRIVILEGE_TYPE FROM information_schema.TABLE_PRIVILEGES \
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?) p \
     WHERE p.GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''') \
     AND p.PRIVILEGE_TYPE IN ('INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER')";

const POSTGRES_PRIVILEGES: &str = "SELECT convert_to(CASE WHEN has_table_privilege( \
     quote_ident(CAST($1 AS text)), 'INSERT, UPDATE, DELETE, TRUNCATE') THEN '1' ELSE '0' END, \
     'UTF8')";

pub(super) async fn is_writable(link: &mut Link, table: &str) -> Result<Option<bool>, Class> {
    let sql = match link {
        Link::Mysql(_) => MYSQL_PRIVILEGES,
        Link::Postgres(_) => POSTGRES_PRIVILEGES,
        // The file is opened for reading.
        Link::Sqlite(_) => return Ok(Some(false)),
    };
    let row = link.rows(sql, &[Arg::Text(table.to_owned())]).await?.pop();
    let [count] = texts(row.ok_or(Class::Protocol)?)?;
    Ok(Some(count != "0"))
}
