//! Types that become others without a cast.

use crate::types::{RowField, Type};

/// Digits of a whole number's type as a decimal.
fn integer_digits(ty: &Type) -> Option<u8> {
    Some(match ty {
        Type::TinyInt => 3,
        Type::SmallInt => 5,
        Type::Integer => 10,
        Type::BigInt => 19,
        _ => return None,
    })
}

fn integer_rank(ty: &Type) -> Option<u8> {
    integer_digits(ty)
}

/// The narrowest decimal that holds every value of a whole number's type.
pub(crate) fn as_decimal(ty: &Type) -> Option<(u8, u8)> {
    match ty {
        Type::Decimal(precision, scale) => Some((*precision, *scale)),
        Type::Unknown => Some((1, 0)),
        other => integer_digits(other).map(|digits| (digits, 0)),
    }
}

/// The type that both become in a comparison, a CASE or a set operation.
pub(crate) fn common_type(a: &Type, b: &Type) -> Option<Type> {
    use Type::*;
    if a == b {
        return Some(a.clone());
    }
    Some(match (a, b) {
        (Unknown, other) | (other, Unknown) => other.clone(),
        (Decimal(..), other) | (other, Decimal(..)) if as_decimal(other).is_some() => {
            let ((p, s), (q, t)) = (as_decimal(a)?, as_decimal(b)?);
            let scale = s.max(t);
            Decimal((scale + (p - s).max(q - t)).min(38), scale)
        }
        (Double, other) | (other, Double) if *other == Real || as_decimal(other).is_some() => Double,
        (Real, other) | (other, Real) if as_decimal(other).is_some() => Real,
        (Varchar(m), Varchar(n)) => Varchar(m.zip(*n).map(|(m, n)| m.max(n))),
        (Char(m), Char(n)) => Char(*m.max(n)),
        (Varchar(n), Char(m)) | (Char(m), Varchar(n)) => Char(n.map_or(65_536, |n| n.min(65_536)).max(*m)),
        (Date, Timestamp(p)) | (Timestamp(p), Date) => Timestamp(*p),
        (Date, TimestampTz(p)) | (TimestampTz(p), Date) => TimestampTz(*p),
        (Timestamp(p), Timestamp(q)) => Timestamp(*p.max(q)),
        (Timestamp(p) | TimestampTz(p), Timestamp(q) | TimestampTz(q)) => TimestampTz(*p.max(q)),
        (Time(p), Time(q)) => Time(*p.max(q)),
        (Array(x), Array(y)) => Type::array(common_type(x, y)?),
        (Map(k, v), Map(l, w)) => Type::map(common_type(k, l)?, common_type(v, w)?),
        (Row(x), Row(y)) if x.len() == y.len() => {
            let field = |(x, y): (&RowField, &RowField)| {
                let name = if x.name == y.name { x.name.clone() } else { None };
                Some(RowField {
                    name,
                    ty: common_type(&x.ty, &y.ty)?,
                })
            };
            Row(x.iter().zip(y.iter()).map(field).collect::<Option<_>>()?)
        }
        (x, y) => {
            let (m, n) = (integer_rank(x)?, integer_rank(y)?);
            if m > n { x.clone() } else { y.clone() }
        }
    })
}

/// Whether a value of one type passes for another without a cast.
pub(crate) fn can_coerce(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Row(x), Type::Row(y)) => {
            x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| can_coerce(&x.ty, &y.ty))
        }
        (Type::Array(x), Type::Array(y)) => can_coerce(x, y),
        (Type::Map(k, v), Type::Map(l, w)) => can_coerce(k, l) && can_coerce(v, w),
        // Functions of texts take chars, with their spaces; a common type of both is a char.
        (Type::Char(length), Type::Varchar(most)) => most.is_none_or(|most| *length <= most),
        _ => common_type(from, to).as_ref() == Some(to),
    }
}

/// Whether the Arrow arrays of both types are the same, value by value, wherever `from` becomes `to`.
pub(crate) fn is_same_carrier(from: &Type, to: &Type) -> bool {
    use Type::*;
    match (from, to) {
        (Varchar(m), Varchar(n)) => match (m, n) {
            (_, None) => true,
            (Some(m), Some(n)) => m <= n,
            (None, Some(_)) => false,
        },
        (Char(m), Char(n)) => m <= n,
        (Timestamp(p), Timestamp(q)) | (TimestampTz(p), TimestampTz(q)) => {
            p <= q && crate::types::unit(*p) == crate::types::unit(*q)
        }
        (Time(p), Time(q)) => p <= q,
        (Array(x), Array(y)) => is_same_carrier(x, y),
        (Map(k, v), Map(l, w)) => is_same_carrier(k, l) && is_same_carrier(v, w),
        (Row(x), Row(y)) => {
            x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| is_same_carrier(&x.ty, &y.ty))
        }
        _ => from == to,
    }
}
