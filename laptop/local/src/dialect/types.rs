//! Types of Trino: read in CAST and TRY_CAST, and planned as Arrow types.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, CastKind, DataType as SqlType, ExactNumberInfo, Expr, StructBracketKind, StructField,
    TimezoneInfo,
};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, Word};

use crate::json::json_field;

/// Maximum nesting of types, which are read by recursion.
const DEEPEST: usize = 64;

/// Reads `CAST(expr AS type)` or `TRY_CAST(expr AS type)` if that comes next.
pub(super) fn parse_cast(parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
    let kind = match parser.peek_token_ref().token {
        Token::Word(Word {
            keyword: Keyword::CAST,
            ..
        }) => CastKind::Cast,
        Token::Word(Word {
            keyword: Keyword::TRY_CAST,
            ..
        }) => CastKind::TryCast,
        _ => return None,
    };
    if parser.peek_nth_token_ref(1).token != Token::LParen {
        return None;
    }
    Some(parse_cast_expr(parser, kind))
}

fn parse_cast_expr(parser: &mut Parser<'_>, kind: CastKind) -> Result<Expr, ParserError> {
    parser.next_token();
    parser.expect_token(&Token::LParen)?;
    let expr = Box::new(parser.parse_expr()?);
    parser.expect_keyword(Keyword::AS)?;
    let data_type = parse_type(parser, DEEPEST)?;
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Cast {
        kind,
        expr,
        data_type,
        array: false,
        format: None,
    })
}

fn parse_type(parser: &mut Parser<'_>, depth_left: usize) -> Result<SqlType, ParserError> {
    let Some(depth_left) = depth_left.checked_sub(1) else {
        return Err(ParserError::ParserError(format!(
            "types are nested deeper than {DEEPEST}"
        )));
    };
    if parser.peek_nth_token_ref(1).token != Token::LParen {
        return parser.parse_data_type();
    }
    match constructor(&parser.peek_token_ref().token) {
        Some(Constructor::Array) => {
            let item = in_parens(parser, |parser| parse_type(parser, depth_left))?;
            Ok(SqlType::Array(ArrayElemTypeDef::AngleBracket(Box::new(item))))
        }
        Some(Constructor::Row) => {
            let fields = in_parens(parser, |parser| {
                parser.parse_comma_separated(|parser| parse_row_field(parser, depth_left))
            })?;
            Ok(SqlType::Struct(fields, StructBracketKind::Parentheses))
        }
        Some(Constructor::Map) => in_parens(parser, |parser| {
            let key = parse_type(parser, depth_left)?;
            parser.expect_token(&Token::Comma)?;
            let value = parse_type(parser, depth_left)?;
            Ok(SqlType::Map(Box::new(key), Box::new(value)))
        }),
        None => parser.parse_data_type(),
    }
}

enum Constructor {
    Array,
    Row,
    Map,
}

fn constructor(token: &Token) -> Option<Constructor> {
    let Token::Word(Word {
        value,
        quote_style: None,
        ..
    }) = token
    else {
        return None;
    };
    match value.to_ascii_lowercase().as_str() {
        "array" => Some(Constructor::Array),
        "row" => Some(Constructor::Row),
        "map" => Some(Constructor::Map),
        _ => None,
    }
}

/// Reads `name (…)`, the content with `content`.
fn in_parens<T>(
    parser: &mut Parser<'_>,
    content: impl FnOnce(&mut Parser<'_>) -> Result<T, ParserError>,
) -> Result<T, ParserError> {
    parser.next_token();
    parser.expect_token(&Token::LParen)?;
    let content = content(parser)?;
    parser.expect_token(&Token::RParen)?;
    Ok(content)
}

/// Reads `name type`, or a type only.
fn parse_row_field(parser: &mut Parser<'_>, depth_left: usize) -> Result<StructField, ParserError> {
    let field_name = if begins_named_field(parser) {
        Some(parser.parse_identifier()?)
    } else {
        None
    };
    Ok(StructField {
        field_name,
        field_type: parse_type(parser, depth_left)?,
        options: None,
    })
}

/// Whether a named field begins: two consecutive words are a name and a type, except in types of more than
/// one word.
fn begins_named_field(parser: &Parser<'_>) -> bool {
    let (Token::Word(first), Token::Word(second)) = (
        &parser.peek_nth_token_ref(0).token,
        &parser.peek_nth_token_ref(1).token,
    ) else {
        return false;
    };
    !matches!(
        (first.keyword, second.keyword),
        (Keyword::DOUBLE, Keyword::PRECISION)
            | (
                Keyword::TIMESTAMP | Keyword::TIME,
                Keyword::WITH | Keyword::WITHOUT
            )
    )
}

/// Planner of types as Trino defines them, where DataFusion would choose others or none: TIMESTAMP has
/// milliseconds, DECIMAL has 38 digits, JSON is marked text.
#[derive(Debug)]
pub(crate) struct AthenaTypes;

impl TypePlanner for AthenaTypes {
    fn plan_type_field(&self, sql_type: &SqlType) -> Result<Option<FieldRef>> {
        field("", sql_type).map(Some)
    }
}

fn field(name: &str, sql_type: &SqlType) -> Result<FieldRef> {
    Ok(Arc::new(match sql_type {
        SqlType::JSON => json_field(name),
        other => Field::new(name, data_type(other)?, true),
    }))
}

fn data_type(sql_type: &SqlType) -> Result<DataType> {
    Ok(match sql_type {
        SqlType::Boolean | SqlType::Bool => DataType::Boolean,
        SqlType::TinyInt(_) => DataType::Int8,
        SqlType::SmallInt(_) => DataType::Int16,
        SqlType::Int(_) | SqlType::Integer(_) => DataType::Int32,
        SqlType::BigInt(_) => DataType::Int64,
        SqlType::Real | SqlType::Float(ExactNumberInfo::None) => DataType::Float32,
        SqlType::Double(ExactNumberInfo::None) | SqlType::DoublePrecision => DataType::Float64,
        SqlType::Decimal(info) | SqlType::Dec(info) | SqlType::Numeric(info) => decimal(info)?,
        SqlType::Varchar(_) | SqlType::Char(_) | SqlType::Character(_) | SqlType::String(_) => DataType::Utf8,
        SqlType::Varbinary(None) => DataType::Binary,
        SqlType::Date => DataType::Date32,
        SqlType::Timestamp(precision, zone) => DataType::Timestamp(
            time_unit(*precision)?,
            matches!(zone, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz).then(|| "UTC".into()),
        ),
        SqlType::Time(None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            DataType::Time32(TimeUnit::Millisecond)
        }
        SqlType::Array(ArrayElemTypeDef::AngleBracket(item)) => DataType::List(field("item", item)?),
        SqlType::Struct(fields, _) => DataType::Struct(row_fields(fields)?),
        SqlType::Map(key, value) => {
            let key = field("key", key)?.as_ref().clone().with_nullable(false);
            let entries: Fields = vec![Arc::new(key), field("value", value)?].into();
            DataType::Map(
                Arc::new(Field::new("entries", DataType::Struct(entries), false)),
                false,
            )
        }
        other => return plan_err!("type {other} is not supported"),
    })
}

fn row_fields(fields: &[StructField]) -> Result<Fields> {
    let name = |index: usize, field: &StructField| match &field.field_name {
        Some(name) => name.value.clone(),
        None => format!("field{index}"),
    };
    fields
        .iter()
        .enumerate()
        .map(|(index, f)| field(&name(index, f), &f.field_type))
        .collect()
}

fn decimal(info: &ExactNumberInfo) -> Result<DataType> {
    let (precision, scale) = match *info {
        ExactNumberInfo::None => (38, 0),
        ExactNumberInfo::Precision(precision) => (precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (precision, scale),
    };
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(precision @ 1..=38), Ok(scale @ 0..)) if i16::from(scale) <= i16::from(precision) => {
            Ok(DataType::Decimal128(precision, scale))
        }
        _ => plan_err!(
            "decimal({precision},{scale}) is invalid: wanted 1 to 38 digits, at most as many of them in the fraction"
        ),
    }
}

/// Coarsest unit with this many digits of a second; 3 unless given.
fn time_unit(precision: Option<u64>) -> Result<TimeUnit> {
    match precision {
        Some(0) => Ok(TimeUnit::Second),
        None | Some(1..=3) => Ok(TimeUnit::Millisecond),
        Some(4..=6) => Ok(TimeUnit::Microsecond),
        Some(7..=9) => Ok(TimeUnit::Nanosecond),
        Some(digits) => plan_err!("timestamp({digits}) is not supported, at most timestamp(9)"),
    }
}
