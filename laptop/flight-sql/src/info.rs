//! What the server can do, and the types of its SQL, as JDBC's `DatabaseMetaData` asks for them.

use arrow_flight::sql::metadata::{
    SqlInfoData, SqlInfoDataBuilder, XdbcTypeInfo, XdbcTypeInfoData, XdbcTypeInfoDataBuilder,
};
use arrow_flight::sql::{
    Nullable, Searchable, SqlInfo, SqlNullOrdering, SqlSupportedCaseSensitivity, SqlSupportedTransaction,
    XdbcDataType, XdbcDatetimeSubcode,
};
use tonic::Status;

use crate::engine::Info;
use crate::status::flight;

/// Version of Arrow's columnar format.
const ARROW_FORMAT: &str = "1.3";

pub(crate) fn sql_info(info: Info) -> Result<SqlInfoData, Status> {
    let mut data = SqlInfoDataBuilder::new();
    data.append(SqlInfo::FlightSqlServerName, info.name.as_str());
    data.append(SqlInfo::FlightSqlServerVersion, info.version.as_str());
    data.append(SqlInfo::FlightSqlServerArrowVersion, ARROW_FORMAT);
    data.append(SqlInfo::FlightSqlServerReadOnly, info.read_only);
    data.append(SqlInfo::FlightSqlServerSql, true);
    data.append(SqlInfo::FlightSqlServerSubstrait, false);
    data.append(
        SqlInfo::FlightSqlServerTransaction,
        SqlSupportedTransaction::None as i32,
    );
    data.append(SqlInfo::FlightSqlServerCancel, true);
    data.append(SqlInfo::FlightSqlServerBulkIngestion, false);
    // 0: there is none.
    data.append(SqlInfo::FlightSqlServerStatementTimeout, 0_i32);
    data.append(SqlInfo::FlightSqlServerTransactionTimeout, 0_i32);
    for ddl in [
        SqlInfo::SqlDdlCatalog,
        SqlInfo::SqlDdlSchema,
        SqlInfo::SqlDdlTable,
    ] {
        data.append(ddl, false);
    }
    let lower_case = SqlSupportedCaseSensitivity::SqlCaseSensitivityLowercase as i32;
    data.append(SqlInfo::SqlIdentifierCase, i64::from(lower_case));
    data.append(SqlInfo::SqlQuotedIdentifierCase, i64::from(lower_case));
    data.append(SqlInfo::SqlIdentifierQuoteChar, "\"");
    data.append(SqlInfo::SqlAllTablesAreSelectable, true);
    data.append(
        SqlInfo::SqlNullOrdering,
        i64::from(SqlNullOrdering::SqlNullsSortedAtEnd as i32),
    );
    data.append(SqlInfo::SqlKeywords, info.keywords);
    data.append(SqlInfo::SqlNumericFunctions, info.numeric_functions);
    data.append(SqlInfo::SqlStringFunctions, info.string_functions);
    data.append(SqlInfo::SqlDatetimeFunctions, info.datetime_functions);
    data.append(SqlInfo::SqlSystemFunctions, info.other_functions);
    data.append(SqlInfo::SqlSearchStringEscape, "\\");
    data.append(SqlInfo::SqlExtraNameCharacters, "");
    data.append(SqlInfo::SqlSupportsColumnAliasing, true);
    data.append(SqlInfo::SqlNullPlusNullIsNull, true);
    data.append(SqlInfo::SqlSupportsTableCorrelationNames, true);
    data.append(SqlInfo::SqlSupportsDifferentTableCorrelationNames, false);
    data.append(SqlInfo::SqlSupportsExpressionsInOrderBy, true);
    data.append(SqlInfo::SqlSupportsOrderByUnrelated, true);
    data.append(SqlInfo::SqlSupportsLikeEscapeClause, true);
    data.append(SqlInfo::SqlSupportsNonNullableColumns, false);
    data.append(SqlInfo::SqlSupportsIntegrityEnhancementFacility, false);
    data.append(SqlInfo::SqlSchemaTerm, "schema");
    data.append(SqlInfo::SqlCatalogTerm, "catalog");
    data.append(SqlInfo::SqlProcedureTerm, "procedure");
    data.append(SqlInfo::SqlCatalogAtStart, true);
    data.append(SqlInfo::SqlSelectForUpdateSupported, false);
    data.append(SqlInfo::SqlStoredProceduresSupported, false);
    data.append(SqlInfo::SqlCorrelatedSubqueriesSupported, true);
    data.build().map_err(flight)
}

/// A type: its name, JDBC's number of it, digits or characters, what encloses a literal, and its parameters.
type Row = (
    &'static str,
    XdbcDataType,
    Option<i32>,
    Option<(&'static str, &'static str)>,
    &'static [&'static str],
);

const TYPES: &[Row] = {
    use XdbcDataType::*;
    &[
        ("boolean", XdbcBit, Some(1), None, &[]),
        ("tinyint", XdbcTinyint, Some(3), None, &[]),
        ("smallint", XdbcSmallint, Some(5), None, &[]),
        ("integer", XdbcInteger, Some(10), None, &[]),
        ("bigint", XdbcBigint, Some(19), None, &[]),
        ("real", XdbcReal, Some(24), None, &[]),
        ("double", XdbcDouble, Some(53), None, &[]),
        (
            "decimal",
            XdbcDecimal,
            Some(38),
            Some(("DECIMAL '", "'")),
            &["precision", "scale"],
        ),
        (
            "varchar",
            XdbcVarchar,
            Some(i32::MAX),
            Some(("'", "'")),
            &["length"],
        ),
        ("char", XdbcChar, Some(65_536), Some(("'", "'")), &["length"]),
        ("varbinary", XdbcVarbinary, Some(i32::MAX), Some(("X'", "'")), &[]),
        ("date", XdbcDate, Some(10), Some(("DATE '", "'")), &[]),
        ("time", XdbcTime, Some(18), Some(("TIME '", "'")), &["precision"]),
        (
            "timestamp",
            XdbcTimestamp,
            Some(29),
            Some(("TIMESTAMP '", "'")),
            &["precision"],
        ),
        (
            "timestamp with time zone",
            XdbcTimestamp,
            Some(35),
            Some(("TIMESTAMP '", "'")),
            &["precision"],
        ),
        (
            "interval day to second",
            XdbcInterval,
            None,
            Some(("INTERVAL '", "' SECOND")),
            &[],
        ),
        (
            "interval year to month",
            XdbcInterval,
            None,
            Some(("INTERVAL '", "' MONTH")),
            &[],
        ),
        ("json", XdbcVarchar, Some(i32::MAX), Some(("JSON '", "'")), &[]),
        ("uuid", XdbcVarchar, Some(36), Some(("UUID '", "'")), &[]),
        (
            "ipaddress",
            XdbcVarchar,
            Some(45),
            Some(("IPADDRESS '", "'")),
            &[],
        ),
        ("array", XdbcUnknownType, None, Some(("ARRAY[", "]")), &["type"]),
        (
            "map",
            XdbcUnknownType,
            None,
            Some(("MAP(", ")")),
            &["key type", "value type"],
        ),
        ("row", XdbcUnknownType, None, Some(("ROW(", ")")), &["types"]),
    ]
};

pub(crate) fn types() -> Result<XdbcTypeInfoData, Status> {
    use XdbcDataType::*;
    let mut data = XdbcTypeInfoDataBuilder::new();
    for (name, number, size, literal, parameters) in TYPES {
        let integer = matches!(number, XdbcTinyint | XdbcSmallint | XdbcInteger | XdbcBigint);
        let numeric = integer || matches!(number, XdbcReal | XdbcDouble | XdbcDecimal);
        let datetime_subcode = match *name {
            "time" => Some(XdbcDatetimeSubcode::XdbcSubcodeTime),
            "timestamp" => Some(XdbcDatetimeSubcode::XdbcSubcodeTimestamp),
            "timestamp with time zone" => Some(XdbcDatetimeSubcode::XdbcSubcodeTimestampWithTimezone),
            "interval day to second" => Some(XdbcDatetimeSubcode::XdbcSubcodeDayToSecond),
            "interval year to month" => Some(XdbcDatetimeSubcode::XdbcSubcodeYearToMonth),
            _ => None,
        };
        let max_scale = match *name {
            "decimal" => Some(38),
            "time" | "timestamp" | "timestamp with time zone" => Some(9),
            _ => integer.then_some(0),
        };
        data.append(XdbcTypeInfo {
            type_name: (*name).to_owned(),
            data_type: *number,
            column_size: *size,
            literal_prefix: literal.map(|(prefix, _)| prefix.to_owned()),
            literal_suffix: literal.map(|(_, suffix)| suffix.to_owned()),
            create_params: (!parameters.is_empty()).then(|| {
                parameters
                    .iter()
                    .map(|parameter| (*parameter).to_owned())
                    .collect()
            }),
            nullable: Nullable::NullabilityNullable,
            case_sensitive: matches!(number, XdbcVarchar | XdbcChar),
            searchable: if *number == XdbcVarchar {
                Searchable::Full
            } else {
                Searchable::Basic
            },
            unsigned_attribute: numeric.then_some(false),
            fixed_prec_scale: false,
            auto_increment: numeric.then_some(false),
            local_type_name: Some((*name).to_owned()),
            minimum_scale: max_scale.map(|_| 0),
            maximum_scale: max_scale,
            sql_data_type: match datetime_subcode {
                Some(_) if *number != XdbcInterval => XdbcDatetime,
                _ => *number,
            },
            datetime_subcode,
            num_prec_radix: numeric.then_some(if matches!(number, XdbcReal | XdbcDouble) {
                2
            } else {
                10
            }),
            interval_precision: None,
        });
    }
    data.build().map_err(flight)
}
