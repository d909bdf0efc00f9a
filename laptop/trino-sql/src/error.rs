//! Errors as Athena names them.

use std::fmt;

use datafusion::common::DataFusionError;

/// Place in a statement: line and column, both from 1, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $name:literal,)*) => {
        /// Trino's names of errors, which Athena shows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ErrorKind { $($(#[$doc])* $variant,)* }

        impl ErrorKind {
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

kinds! {
    SyntaxError "SYNTAX_ERROR",
    NotSupported "NOT_SUPPORTED",
    ColumnNotFound "COLUMN_NOT_FOUND",
    AmbiguousName "AMBIGUOUS_NAME",
    TableNotFound "TABLE_NOT_FOUND",
    TableAlreadyExists "TABLE_ALREADY_EXISTS",
    ViewIsRecursive "VIEW_IS_RECURSIVE",
    InvalidView "INVALID_VIEW",
    InvalidParameterUsage "INVALID_PARAMETER_USAGE",
    InvalidTableProperty "INVALID_TABLE_PROPERTY",
    NotFound "NOT_FOUND",
    TypeMismatch "TYPE_MISMATCH",
    TypeNotFound "TYPE_NOT_FOUND",
    FunctionNotFound "FUNCTION_NOT_FOUND",
    MismatchedColumnAliases "MISMATCHED_COLUMN_ALIASES",
    MissingColumnName "MISSING_COLUMN_NAME",
    DuplicateColumnName "DUPLICATE_COLUMN_NAME",
    DuplicateNamedQuery "DUPLICATE_NAMED_QUERY",
    InvalidLiteral "INVALID_LITERAL",
    InvalidColumnReference "INVALID_COLUMN_REFERENCE",
    InvalidFunctionArgument "INVALID_FUNCTION_ARGUMENT",
    InvalidCastArgument "INVALID_CAST_ARGUMENT",
    InvalidArguments "INVALID_ARGUMENTS",
    InvalidRowCount "INVALID_LIMIT_CLAUSE",
    InvalidWindowFrame "INVALID_WINDOW_FRAME",
    NumericValueOutOfRange "NUMERIC_VALUE_OUT_OF_RANGE",
    DivisionByZero "DIVISION_BY_ZERO",
    ExpressionNotConstant "EXPRESSION_NOT_CONSTANT",
    ExpressionNotAggregate "EXPRESSION_NOT_AGGREGATE",
    ExpressionNotScalar "EXPRESSION_NOT_SCALAR",
    ExpressionNotInDistinct "EXPRESSION_NOT_IN_DISTINCT",
    NestedAggregation "NESTED_AGGREGATION",
    MissingOver "MISSING_OVER",
    MissingGroupBy "MISSING_GROUP_BY",
    SubqueryMultipleRows "SUBQUERY_MULTIPLE_ROWS",
    JsonInputConversion "JSON_INPUT_CONVERSION_ERROR",
    JsonValueResult "JSON_VALUE_RESULT_ERROR",
    JsonQueryResult "JSON_QUERY_RESULT_ERROR",
    InvalidPath "INVALID_PATH",
    PathEvaluation "PATH_EVALUATION_ERROR",
    ExceededFunctionMemoryLimit "EXCEEDED_FUNCTION_MEMORY_LIMIT",
    /// Reason of a source of rows, in its words.
    External "GENERIC_USER_ERROR",
    Internal "GENERIC_INTERNAL_ERROR",
}

/// Reason why a statement has no answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    pub kind: ErrorKind,
    pub message: String,
    /// Present if the error was found before the statement ran.
    pub position: Option<Position>,
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            position: None,
        }
    }

    /// Places the error, unless it has a place already.
    pub(crate) fn at(mut self, position: Position) -> Self {
        self.position.get_or_insert(position);
        self
    }

    /// The error of a part of a statement that begins at this place.
    pub(crate) fn moved_to(mut self, start: Position) -> Self {
        if let Some(position) = &mut self.position {
            if position.line == 1 {
                position.column += start.column - 1;
            }
            position.line += start.line - 1;
        }
        self
    }

    /// The message with its kind, the statement's line and a caret below the place.
    pub fn render(&self, statement: &str) -> String {
        let Some(Position { line, column }) = self.position else {
            return self.to_string();
        };
        let text = statement.lines().nth(line as usize - 1).unwrap_or_default();
        let indent: String = text
            .chars()
            .take(column as usize - 1)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        format!("{self}\n  {text}\n  {indent}^")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.kind.name())?;
        if let Some(Position { line, column }) = self.position {
            write!(f, "line {line}:{column}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        Self::External(Box::new(error))
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        DataFusionError::from(error).into()
    }
}

impl Error {
    /// The dialect's error inside what DataFusion wrapped around it.
    pub fn within(error: &DataFusionError) -> Option<&Self> {
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(inner) = source {
            if let Some(found) = inner.downcast_ref::<Self>() {
                return Some(found);
            }
            // `External` hands out the source of what it holds, not what it holds.
            source = match inner.downcast_ref::<DataFusionError>() {
                Some(DataFusionError::External(held)) => Some(held.as_ref()),
                Some(DataFusionError::ArrowError(held, _)) => match held.as_ref() {
                    arrow::error::ArrowError::ExternalError(held) => Some(held.as_ref()),
                    other => Some(other),
                },
                Some(DataFusionError::Shared(held)) => Some(held.as_ref()),
                _ => inner.source(),
            };
        }
        None
    }
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        if let Some(found) = Self::within(&error) {
            return found.clone();
        }
        match error.find_root() {
            DataFusionError::External(source) => Self::new(ErrorKind::External, source.to_string()),
            // A subquery that was not made a join is left in the plan.
            DataFusionError::NotImplemented(what) if what.contains("Subquery") => Self::new(
                ErrorKind::NotSupported,
                "Given correlated subquery is not supported",
            ),
            DataFusionError::NotImplemented(what) => Self::new(ErrorKind::NotSupported, what),
            _ => Self::new(ErrorKind::Internal, error.strip_backtrace()),
        }
    }
}

/// Error constructors by kind: `bail!(TypeMismatch, "cannot …")`.
macro_rules! err {
    ($kind:ident, $($message:tt)*) => {
        $crate::error::Error::new($crate::error::ErrorKind::$kind, format!($($message)*))
    };
}
macro_rules! bail {
    ($kind:ident, $($message:tt)*) => { return Err($crate::error::err!($kind, $($message)*)) };
}
pub(crate) use {bail, err};
