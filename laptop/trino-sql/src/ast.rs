//! Statements as they are written.

use crate::error::Position;

/// Name as written; two names are the same if they agree in any case.
#[derive(Debug, Clone)]
pub(crate) struct Ident {
    pub text: String,
    pub at: Position,
}

/// A parsed statement. Names are in lower case, outermost first.
#[derive(Debug, Clone)]
pub enum Statement {
    Query(ParsedQuery),
    Explain {
        /// Whether the query is run for its statistics.
        analyze: bool,
        format: ExplainFormat,
        query: ParsedQuery,
    },
    ShowCatalogs {
        like: Option<String>,
    },
    ShowSchemas {
        catalog: Option<String>,
        like: Option<String>,
    },
    /// The name has no parts if the statement names no schema.
    ShowTables {
        schema: Vec<String>,
        like: Option<String>,
    },
    /// Also DESCRIBE.
    ShowColumns {
        table: Vec<String>,
    },
    ShowFunctions {
        like: Option<String>,
    },
    /// The name has no parts if the statement names no schema.
    ShowViews {
        schema: Vec<String>,
        like: Option<String>,
    },
    ShowCreateTable {
        name: Vec<String>,
    },
    ShowCreateView {
        name: Vec<String>,
    },
    /// One or two parts: `USE schema`, `USE catalog.schema`.
    Use {
        schema: Vec<String>,
    },
    Prepare {
        name: String,
        /// The statement, which parses.
        text: String,
    },
    Execute {
        name: String,
        parameters: Parameters,
    },
    ExecuteImmediate {
        text: String,
        parameters: Parameters,
    },
    Deallocate {
        name: String,
    },
    CreateView {
        name: Vec<String>,
        or_replace: bool,
        query: ParsedQuery,
        /// The query as it is written.
        text: String,
    },
    DropView {
        name: Vec<String>,
        if_exists: bool,
    },
    CreateTable(CreateTable),
    DropTable {
        name: Vec<String>,
        if_exists: bool,
    },
    Insert {
        name: Vec<String>,
        columns: Option<Vec<String>>,
        query: ParsedQuery,
    },
    Unload {
        query: ParsedQuery,
        location: String,
        properties: Vec<Property>,
    },
}

/// What EXPLAIN shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExplainFormat {
    Text,
    Json,
    /// Only whether the statement is valid.
    Validate,
}

/// `CREATE TABLE … AS query`.
#[derive(Debug, Clone)]
pub struct CreateTable {
    pub name: Vec<String>,
    pub if_not_exists: bool,
    /// Names of the columns, if not those of the query.
    pub columns: Option<Vec<String>>,
    pub properties: Vec<Property>,
    pub query: ParsedQuery,
    pub with_data: bool,
}

/// `name = value` in WITH; the name is in lower case.
#[derive(Debug, Clone)]
pub struct Property {
    pub name: String,
    pub value: PropertyValue,
    pub at: Position,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PropertyValue {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<String>),
}

/// Values of the `?` of a statement, in their order.
#[derive(Debug, Clone)]
pub struct Parameters(Option<Vec<Expr>>);

/// No values: for statements without `?`.
impl Default for Parameters {
    fn default() -> Self {
        Self(Some(Vec::new()))
    }
}

impl Parameters {
    /// NULL for each: to learn a statement's columns before its values are known.
    pub fn unknown() -> Self {
        Self(None)
    }

    pub(crate) fn from_exprs(values: Vec<Expr>) -> Self {
        Self(Some(values))
    }

    /// `None` if they are not known.
    pub(crate) fn given(&self) -> Option<&[Expr]> {
        self.0.as_deref()
    }
}

/// A query that is parsed, but not bound to tables.
#[derive(Debug, Clone)]
pub struct ParsedQuery(pub(crate) Query);

#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub with: Option<With>,
    pub body: SetExpr,
    pub order_by: Vec<SortItem>,
    pub offset: Option<u64>,
    pub limit: Option<Limit>,
    pub at: Position,
}

#[derive(Debug, Clone)]
pub(crate) struct With {
    pub recursive: bool,
    pub queries: Vec<NamedQuery>,
}

#[derive(Debug, Clone)]
pub(crate) struct NamedQuery {
    pub name: Ident,
    pub columns: Option<Vec<Ident>>,
    pub query: Query,
}

#[derive(Debug, Clone)]
pub(crate) enum Limit {
    Rows(u64),
    WithTies(u64, Position),
}

#[derive(Debug, Clone)]
pub(crate) enum SetExpr {
    Select(Box<Select>),
    Values(Vec<Expr>, Position),
    Table(Vec<Ident>),
    Nested(Box<Query>),
    Operation {
        op: SetOp,
        all: bool,
        left: Box<SetExpr>,
        right: Box<SetExpr>,
        at: Position,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetOp {
    Union,
    Except,
    Intersect,
}

#[derive(Debug, Clone)]
pub(crate) struct Select {
    pub distinct: bool,
    pub items: Vec<SelectItem>,
    pub from: Vec<Relation>,
    pub filter: Option<Expr>,
    pub group_by: Option<GroupBy>,
    pub having: Option<Expr>,
    pub windows: Vec<(Ident, WindowSpec)>,
    pub at: Position,
}

#[derive(Debug, Clone)]
pub(crate) enum SelectItem {
    Expr {
        expr: Expr,
        alias: Option<Ident>,
    },
    /// `*` or `base.*`, with the names given to a row's fields.
    All {
        base: Option<Expr>,
        aliases: Option<Vec<Ident>>,
        at: Position,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct GroupBy {
    pub distinct: bool,
    pub elements: Vec<GroupingElement>,
}

#[derive(Debug, Clone)]
pub(crate) enum GroupingElement {
    Set(Vec<Expr>),
    Rollup(Vec<Vec<Expr>>),
    Cube(Vec<Vec<Expr>>),
    Sets(Vec<Vec<Expr>>),
}

#[derive(Debug, Clone)]
pub(crate) struct Relation {
    pub kind: RelationKind,
    pub at: Position,
}

#[derive(Debug, Clone)]
pub(crate) enum RelationKind {
    Table(Vec<Ident>),
    Subquery(Box<Query>),
    Lateral(Box<Query>),
    Unnest {
        exprs: Vec<Expr>,
        ordinality: bool,
    },
    Alias {
        relation: Box<Relation>,
        name: Ident,
        columns: Option<Vec<Ident>>,
    },
    Join {
        kind: JoinKind,
        left: Box<Relation>,
        right: Box<Relation>,
        on: JoinOn,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JoinKind {
    Cross,
    Inner,
    Left,
    Right,
    Full,
}

#[derive(Debug, Clone)]
pub(crate) enum JoinOn {
    None,
    Natural,
    On(Expr),
    Using(Vec<Ident>),
}

#[derive(Debug, Clone)]
pub(crate) struct SortItem {
    pub expr: Expr,
    pub descending: bool,
    /// NULL is larger than everything, so that it comes last in both directions unless the statement says otherwise.
    pub nulls_first: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct WindowSpec {
    pub base: Option<Ident>,
    pub partition_by: Vec<Expr>,
    pub order_by: Vec<SortItem>,
    pub frame: Option<Frame>,
}

#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub unit: FrameUnit,
    pub start: Bound,
    pub end: Bound,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameUnit {
    Rows,
    Range,
    Groups,
}

#[derive(Debug, Clone)]
pub(crate) enum Bound {
    UnboundedPreceding,
    Preceding(Expr),
    CurrentRow,
    Following(Expr),
    UnboundedFollowing,
}

#[derive(Debug, Clone)]
pub(crate) enum Window {
    Named(Ident),
    Spec(Box<WindowSpec>),
}

#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub at: Position,
    pub kind: ExprKind,
}

#[derive(Debug, Clone)]
pub(crate) enum ExprKind {
    Null,
    Boolean(bool),
    String(String),
    Binary(Vec<u8>),
    Integer(String),
    Decimal(String),
    Double(String),
    Interval {
        text: String,
        negative: bool,
        from: String,
        to: Option<String>,
    },
    /// `DATE '2023-03-14'`
    Typed(TypeName, String),
    Column(Ident),
    Field(Box<Expr>, Ident),
    Subscript(Box<Expr>, Box<Expr>),
    Call(Box<Call>),
    Cast {
        expr: Box<Expr>,
        ty: TypeName,
        safe: bool,
    },
    Lambda {
        params: Vec<Ident>,
        body: Box<Expr>,
    },
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Negate(Box<Expr>),
    Concat(Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    CompareAll {
        op: Comparison,
        expr: Box<Expr>,
        all: bool,
        query: Box<Query>,
    },
    Distinct {
        left: Box<Expr>,
        right: Box<Expr>,
        negated: bool,
    },
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    IsNull(Box<Expr>),
    Between {
        expr: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
    },
    InList(Box<Expr>, Vec<Expr>),
    InQuery(Box<Expr>, Box<Query>),
    Like {
        expr: Box<Expr>,
        pattern: Box<Expr>,
        escape: Option<Box<Expr>>,
    },
    Exists(Box<Query>),
    Subquery(Box<Query>),
    Case {
        operand: Option<Box<Expr>>,
        branches: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    Array(Vec<Expr>),
    Row(Vec<Expr>),
    AtTimeZone(Box<Expr>, Box<Expr>),
    Extract(Ident, Box<Expr>),
    Grouping(Vec<Expr>),
    /// `current_date` and its like, with a precision if one is written.
    Current(&'static str, Option<u8>),
    Json(Box<JsonCall>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub name: Ident,
    pub distinct: bool,
    /// `count(*)`
    pub star: bool,
    pub args: Vec<Expr>,
    pub order_by: Vec<SortItem>,
    pub filter: Option<Expr>,
    pub ignore_nulls: bool,
    pub over: Option<Window>,
}

/// `json_value` and its like, which have clauses instead of arguments.
#[derive(Debug, Clone)]
pub(crate) struct JsonCall {
    pub function: JsonFunction,
    pub input: Option<Expr>,
    pub path: String,
    pub passing: Vec<(Expr, String)>,
    pub returning: Option<TypeName>,
    pub on_empty: JsonBehavior,
    pub on_error: JsonBehavior,
    pub wrapper: JsonWrapper,
    pub omit_quotes: bool,
    /// Keys and values of `json_object`; values of `json_array`.
    pub members: Vec<(Option<Expr>, Expr)>,
    pub absent_on_null: bool,
    pub unique_keys: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonFunction {
    Exists,
    Value,
    Query,
    Object,
    Array,
}

#[derive(Debug, Clone)]
pub(crate) enum JsonBehavior {
    Null,
    Error,
    True,
    False,
    Unknown,
    EmptyArray,
    EmptyObject,
    Default(Expr),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonWrapper {
    Without,
    Conditional,
    Unconditional,
}

/// Type as written.
#[derive(Debug, Clone)]
pub(crate) struct TypeName {
    pub kind: TypeNameKind,
    pub at: Position,
}

#[derive(Debug, Clone)]
pub(crate) enum TypeNameKind {
    /// Name in lower case with its numbers: `decimal(10, 2)`.
    Plain(String, Vec<u32>),
    DateTime {
        name: &'static str,
        precision: Option<u8>,
        zone: bool,
    },
    IntervalDay,
    IntervalYear,
    Array(Box<TypeName>),
    Map(Box<TypeName>, Box<TypeName>),
    Row(Vec<(Option<Ident>, TypeName)>),
}
