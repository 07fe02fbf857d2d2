//! Tokens to trees, by recursive descent.

use super::lex::{Token, lex};
use super::{ColumnRef, Expr, ExprError, From, JoinOn, LoginTerm, Operator, Select, Source, Value};

const DEPTH_MAX: usize = 16;
const NAME_CHARACTERS_MAX: usize = 64;

/// Words that end a name or an alias.
const KEYWORDS: [&str; 14] = [
    "and", "or", "not", "in", "is", "null", "select", "from", "where", "exists", "join", "on",
    "using", "as",
];

struct Parser<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    prefix: &'a str,
    depth: usize,
}

/// A condition of a preset; `prefix` replaces `{prefix}`.
pub(crate) fn parse_condition(text: &str, prefix: &str) -> Result<Expr, ExprError> {
    let mut parser = Parser::new(text, prefix)?;
    let expr = parser.any()?;
    parser.end()?;
    Ok(expr)
}

/// The tables of a preset.
pub(crate) fn parse_from(text: &str, prefix: &str) -> Result<From, ExprError> {
    let mut parser = Parser::new(text, prefix)?;
    let base = parser.source()?;
    let mut joins = Vec::new();
    while parser.take_word("join") {
        let source = parser.source()?;
        let on = if parser.take_word("using") {
            parser.expect_sign("(")?;
            let column = parser.name()?;
            parser.expect_sign(")")?;
            JoinOn::Using(column)
        } else {
            parser.expect_word("on", "ON or USING")?;
            JoinOn::Condition(Box::new(parser.any()?))
        };
        joins.push((source, on));
    }
    parser.end()?;
    Ok(From {
        base,
        query: None,
        joins,
    })
}

/// The columns of a typed login: `username, @email`, `lastname + '.' + firstname`, `username|alias`.
pub(crate) fn parse_logins(text: &str) -> Result<Vec<LoginTerm>, ExprError> {
    let mut parser = Parser::new(text, "")?;
    let mut terms = Vec::new();
    loop {
        let is_mail = parser.take_sign("@");
        let mut parts = vec![parser.alternatives()?];
        while parser.take_sign("+") {
            match parser.tokens.next() {
                Some(Token::Text(dot)) if dot == "." => parser.expect_sign("+")?,
                other => return Err(unexpected("'.'", other)),
            }
            parts.push(parser.alternatives()?);
        }
        terms.push(LoginTerm { parts, is_mail });
        if !parser.take_sign(",") {
            break;
        }
    }
    parser.end()?;
    Ok(terms)
}

fn unexpected(expected: &'static str, found: Option<Token>) -> ExprError {
    let found = found.map_or_else(|| "the end".to_owned(), |token| token.to_string());
    ExprError::Unexpected { expected, found }
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(word))
}

impl<'a> Parser<'a> {
    fn new(text: &str, prefix: &'a str) -> Result<Self, ExprError> {
        Ok(Self {
            tokens: lex(text)?.into_iter().peekable(),
            prefix,
            depth: 0,
        })
    }

    fn end(&mut self) -> Result<(), ExprError> {
        match self.tokens.next() {
            None => Ok(()),
            found => Err(unexpected("the end", found)),
        }
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        self.tokens
            .next_if(|token| matches!(token, Token::Sign(found) if *found == sign))
            .is_some()
    }

    fn expect_sign(&mut self, sign: &'static str) -> Result<(), ExprError> {
        if self.take_sign(sign) {
            return Ok(());
        }
        Err(unexpected(sign, self.tokens.next()))
    }

    fn take_word(&mut self, word: &str) -> bool {
        self.tokens
            .next_if(
                |token| matches!(token, Token::Word(found) if found.eq_ignore_ascii_case(word)),
            )
            .is_some()
    }

    fn expect_word(&mut self, word: &str, expected: &'static str) -> Result<(), ExprError> {
        if self.take_word(word) {
            return Ok(());
        }
        Err(unexpected(expected, self.tokens.next()))
    }

    fn name(&mut self) -> Result<String, ExprError> {
        let name = match self.tokens.next() {
            Some(Token::Quoted(name)) => name,
            Some(Token::Word(word)) if !is_keyword(&word) => word.replace("{prefix}", self.prefix),
            found => return Err(unexpected("a name", found)),
        };
        let is_allowed = (1..=NAME_CHARACTERS_MAX).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$'));
        if is_allowed {
            Ok(name)
        } else {
            Err(ExprError::Name(name))
        }
    }

    fn column(&mut self) -> Result<ColumnRef, ExprError> {
        let first = self.name()?;
        if self.take_sign(".") {
            let name = self.name()?;
            return Ok(ColumnRef {
                table: Some(first),
                name,
            });
        }
        Ok(ColumnRef {
            table: None,
            name: first,
        })
    }

    fn alternatives(&mut self) -> Result<Vec<ColumnRef>, ExprError> {
        let mut columns = vec![self.column()?];
        while self.take_sign("|") {
            columns.push(self.column()?);
        }
        Ok(columns)
    }

    fn source(&mut self) -> Result<Source, ExprError> {
        let bare = match self.tokens.peek() {
            Some(Token::Word(word)) => word.strip_prefix("{prefix}").unwrap_or(word).to_owned(),
            Some(Token::Quoted(word)) => word.clone(),
            _ => String::new(),
        };
        let table = self.name()?;
        let has_alias = match self.tokens.peek() {
            Some(Token::Word(word)) => word.eq_ignore_ascii_case("as") || !is_keyword(word),
            Some(Token::Quoted(_)) => true,
            _ => false,
        };
        let alias = if has_alias {
            self.take_word("as");
            self.name()?
        } else {
            bare
        };
        Ok(Source { table, alias })
    }

    fn deeper<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, ExprError>,
    ) -> Result<T, ExprError> {
        if self.depth == DEPTH_MAX {
            return Err(ExprError::Depth);
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn any(&mut self) -> Result<Expr, ExprError> {
        let mut list = vec![self.all()?];
        while self.take_word("or") {
            list.push(self.all()?);
        }
        Ok(one_or(list, Expr::Any))
    }

    fn all(&mut self) -> Result<Expr, ExprError> {
        let mut list = vec![self.not()?];
        while self.take_word("and") {
            list.push(self.not()?);
        }
        Ok(one_or(list, Expr::All))
    }

    fn not(&mut self) -> Result<Expr, ExprError> {
        if self.take_word("not") {
            return self.deeper(|parser| Ok(Expr::Not(Box::new(parser.not()?))));
        }
        if self.take_word("exists") {
            self.expect_sign("(")?;
            let select = self.deeper(Self::select)?;
            self.expect_sign(")")?;
            return Ok(Expr::Exists(select));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expr, ExprError> {
        if self.take_sign("(") {
            if self.take_word("select") {
                let select = self.deeper(Self::select_after_word)?;
                self.expect_sign(")")?;
                return self.after_value(Value::Scalar(select));
            }
            let inner = self.deeper(Self::any)?;
            self.expect_sign(")")?;
            return Ok(inner);
        }
        let value = self.value()?;
        self.after_value(value)
    }

    fn after_value(&mut self, value: Value) -> Result<Expr, ExprError> {
        if self.take_word("is") {
            let is_negated = self.take_word("not");
            self.expect_word("null", "NULL")?;
            return Ok(Expr::IsNull { value, is_negated });
        }
        let is_negated = self.take_word("not");
        if self.take_word("in") {
            let list = self.list()?;
            return Ok(Expr::In {
                value,
                list,
                is_negated,
            });
        }
        if is_negated {
            return Err(unexpected("IN", self.tokens.next()));
        }
        match self.operator() {
            Some(operator) => Ok(Expr::Compare(value, operator, self.operand()?)),
            None => Ok(Expr::Truth(value)),
        }
    }

    fn list(&mut self) -> Result<Vec<Value>, ExprError> {
        self.expect_sign("(")?;
        let mut list = vec![self.value()?];
        while self.take_sign(",") {
            list.push(self.value()?);
        }
        self.expect_sign(")")?;
        Ok(list)
    }

    fn operator(&mut self) -> Option<Operator> {
        let operators = [
            ("=", Operator::Equal),
            ("<>", Operator::NotEqual),
            ("!=", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        operators
            .into_iter()
            .find(|(sign, _)| self.take_sign(sign))
            .map(|(_, operator)| operator)
    }

    /// The right side of a comparison: a value, or one out of another table.
    fn operand(&mut self) -> Result<Value, ExprError> {
        if !self.take_sign("(") {
            return self.value();
        }
        let select = self.deeper(Self::select)?;
        self.expect_sign(")")?;
        Ok(Value::Scalar(select))
    }

    fn value(&mut self) -> Result<Value, ExprError> {
        let is_negative = self.take_sign("-");
        let value = match self.tokens.peek() {
            Some(Token::Number(number)) => {
                let number = *number;
                self.tokens.next();
                return Ok(Value::Int(if is_negative { -number } else { number }));
            }
            Some(Token::Text(text)) => {
                let text = text.clone();
                self.tokens.next();
                Value::Text(text)
            }
            Some(Token::Now) => {
                self.tokens.next();
                Value::Now
            }
            _ => Value::Column(self.column()?),
        };
        if is_negative {
            return Err(unexpected("a number", self.tokens.next()));
        }
        if self.take_sign("+") {
            return match self.tokens.next() {
                Some(Token::Number(0)) => Ok(Value::Number(Box::new(value))),
                found => Err(unexpected("0", found)),
            };
        }
        if self.take_sign("&") {
            return match self.tokens.next() {
                Some(Token::Number(bits)) => Ok(Value::BitAnd(Box::new(value), bits)),
                found => Err(unexpected("a number", found)),
            };
        }
        Ok(value)
    }

    fn select(&mut self) -> Result<Select, ExprError> {
        self.expect_word("select", "SELECT")?;
        self.select_after_word()
    }

    fn select_after_word(&mut self) -> Result<Select, ExprError> {
        let is_maximum = self.take_word("max");
        if is_maximum {
            self.expect_sign("(")?;
        }
        let is_one = self
            .tokens
            .next_if(|token| matches!(token, Token::Number(_)))
            .is_some();
        let column = if is_one { None } else { Some(self.column()?) };
        if is_maximum {
            self.expect_sign(")")?;
        }
        self.expect_word("from", "FROM")?;
        let source = self.source()?;
        let filter = if self.take_word("where") {
            Some(Box::new(self.any()?))
        } else {
            None
        };
        Ok(Select {
            is_maximum,
            column,
            source,
            filter,
        })
    }
}

fn one_or(mut list: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match list.pop() {
        Some(only) if list.is_empty() => only,
        Some(last) => {
            list.push(last);
            many(list)
        }
        None => many(list),
    }
}
