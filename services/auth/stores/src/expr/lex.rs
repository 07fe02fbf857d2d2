//! Text to tokens.

use super::ExprError;

const CHARACTERS_MAX: usize = 4_096;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A name or keyword; `{prefix}` may be in it.
    Word(String),
    /// A name in double quotes or backticks: never a keyword.
    Quoted(String),
    Number(i64),
    Text(String),
    /// `{now}`
    Now,
    Sign(&'static str),
}

impl std::fmt::Display for Token {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Word(word) | Self::Quoted(word) => out.write_str(word),
            Self::Number(number) => write!(out, "{number}"),
            Self::Text(_) => out.write_str("a text"),
            Self::Now => out.write_str("{now}"),
            Self::Sign(sign) => out.write_str(sign),
        }
    }
}

/// Longer ones first.
const SIGNS: [&str; 17] = [
    "<>", "!=", "<=", ">=", "=", "<", ">", "(", ")", ",", ".", "+", "-", "&", "|", "@", "?",
];

pub(crate) fn lex(text: &str) -> Result<Vec<Token>, ExprError> {
    if text.chars().count() > CHARACTERS_MAX {
        return Err(ExprError::Length);
    }
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, tail) = match first {
            '\'' => {
                let (inner, tail) = quoted(rest, '\'')?;
                (Token::Text(inner), tail)
            }
            '"' | '`' => {
                let (inner, tail) = quoted(rest, first)?;
                (Token::Quoted(inner), tail)
            }
            '0'..='9' => number_or_word(rest)?,
            _ if rest.starts_with("{now}") => (Token::Now, skip(rest, "{now}")),
            _ if is_word(first) || rest.starts_with("{prefix}") => {
                let (inner, tail) = word(rest);
                (Token::Word(inner.to_owned()), tail)
            }
            _ => sign(rest).ok_or(ExprError::Character(first))?,
        };
        tokens.push(token);
        rest = tail.trim_start();
    }
    Ok(tokens)
}

fn skip<'a>(text: &'a str, head: &str) -> &'a str {
    text.strip_prefix(head).unwrap_or(text)
}

const fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '$')
}

/// A name, `{prefix}` included.
fn word(text: &str) -> (&str, &str) {
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        if rest.starts_with("{prefix}") {
            at += "{prefix}".len();
        } else if rest.starts_with(is_word) {
            at += 1;
        } else {
            break;
        }
    }
    text.split_at(at)
}

fn number_or_word(text: &str) -> Result<(Token, &str), ExprError> {
    let (inner, tail) = word(text);
    if !inner.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok((Token::Word(inner.to_owned()), tail));
    }
    let number = inner
        .parse()
        .map_err(|_| ExprError::Number(inner.to_owned()))?;
    Ok((Token::Number(number), tail))
}

fn sign(text: &str) -> Option<(Token, &str)> {
    SIGNS.into_iter().find_map(|sign| {
        let tail = text.strip_prefix(sign)?;
        Some((Token::Sign(sign), tail))
    })
}

/// The text between two quotes; a doubled one stands for itself.
fn quoted(text: &str, quote: char) -> Result<(String, &str), ExprError> {
    let mut inner = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character != quote {
            inner.push(character);
            continue;
        }
        if characters.next_if(|(_, next)| *next == quote).is_some() {
            inner.push(quote);
            continue;
        }
        let tail = text.get(at + quote.len_utf8()..).unwrap_or_default();
        return Ok((inner, tail));
    }
    Err(ExprError::Quote)
}
