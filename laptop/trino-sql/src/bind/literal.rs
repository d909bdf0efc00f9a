//! Literals.

use super::type_name;
use crate::ast::{TypeName, TypeNameKind};
use crate::cast;
use crate::error::{Result, bail};
use crate::number::parse_decimal;
use crate::temporal;
use crate::typed::Typed;
use crate::types::{Type, VARCHAR};
use crate::value::Value;

pub(super) fn string(text: &str) -> Typed {
    Typed::literal(
        Value::Text(text.to_owned()),
        Type::Varchar(Some(text.chars().count() as u32)),
    )
}

pub(super) fn integer(digits: &str, negative: bool) -> Result<Typed> {
    let signed = if negative {
        format!("-{digits}")
    } else {
        digits.to_owned()
    };
    match signed.parse::<i64>() {
        Ok(value) if i32::try_from(value).is_ok() => Ok(Typed::literal(Value::Int(value), Type::Integer)),
        Ok(value) => Ok(Typed::literal(Value::Int(value), Type::BigInt)),
        Err(_) => bail!(SyntaxError, "Invalid numeric literal: {signed}"),
    }
}

pub(super) fn decimal(digits: &str) -> Result<Typed> {
    match parse_decimal(digits) {
        Some((value, precision, scale)) => Ok(Typed::literal(
            Value::Decimal(value),
            Type::Decimal(precision, scale),
        )),
        None => bail!(InvalidLiteral, "'{digits}' is not a valid DECIMAL literal"),
    }
}

pub(super) fn double(digits: &str) -> Result<Typed> {
    match digits.parse() {
        Ok(value) => Ok(Typed::literal(Value::Double(value), Type::Double)),
        Err(_) => bail!(SyntaxError, "Invalid numeric literal: {digits}"),
    }
}

/// `DATE '2023-03-14'`: some types follow from the text.
pub(super) fn typed_literal(name: &TypeName, text: &str) -> Result<Typed> {
    match &name.kind {
        TypeNameKind::Plain(plain, numbers) if numbers.is_empty() => match plain.as_str() {
            "decimal" => return decimal(text.trim()),
            "char" => {
                let ty = Type::Char(text.chars().count() as u32);
                return Ok(Typed::literal(
                    cast::cast(&Value::Text(text.to_owned()), &VARCHAR, &ty)?,
                    ty,
                ));
            }
            "varchar" => return Ok(string(text)),
            _ => {}
        },
        TypeNameKind::DateTime {
            name: "timestamp",
            precision: None,
            zone: false,
        } => {
            let (value, ty) = temporal::timestamp_literal(text)?;
            return Ok(Typed::literal(value, ty));
        }
        TypeNameKind::DateTime {
            name: "time",
            precision: None,
            zone: false,
        } => {
            let Some((nanos, digits)) = temporal::parse_time(text) else {
                bail!(InvalidLiteral, "'{text}' is not a valid TIME literal");
            };
            return Ok(Typed::literal(Value::Int(nanos), Type::Time(digits.min(9))));
        }
        _ => {}
    }
    let ty = type_name::resolve(name)?;
    if ty == Type::Json {
        return Ok(Typed::literal(cast::json::parse(text)?, ty));
    }
    if !cast::is_cast(&VARCHAR, &ty) {
        bail!(InvalidLiteral, "No literal form for type {ty}");
    }
    match cast::cast(&Value::Text(text.to_owned()), &VARCHAR, &ty) {
        Ok(value) => Ok(Typed::literal(value, ty)),
        Err(_) => bail!(
            InvalidLiteral,
            "'{text}' is not a valid {} literal",
            ty.to_string().to_uppercase()
        ),
    }
}
