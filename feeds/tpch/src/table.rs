//! Tables of TPC-H and their columns, with types that users of the connector would declare.

use std::fmt;
use std::str::FromStr;

/// Table of the specification's clause 1.4, in an order in which each follows those it refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    Region,
    Nation,
    Supplier,
    Customer,
    Part,
    Partsupp,
    Orders,
    Lineitem,
}

/// Column of a table; never NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    pub column_type: ColumnType,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Identifiers of the specification.
    BigInt,
    Integer,
    /// `DECIMAL(15,2)`: the specification's -9,999,999,999.99 to 9,999,999,999.99, as most implementations declare it.
    Decimal,
    Date,
    /// Text, fixed and variable.
    Varchar,
}

impl Table {
    pub const ALL: [Self; 8] = [
        Self::Region,
        Self::Nation,
        Self::Supplier,
        Self::Customer,
        Self::Part,
        Self::Partsupp,
        Self::Orders,
        Self::Lineitem,
    ];

    /// Name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Nation => "nation",
            Self::Supplier => "supplier",
            Self::Customer => "customer",
            Self::Part => "part",
            Self::Partsupp => "partsupp",
            Self::Orders => "orders",
            Self::Lineitem => "lineitem",
        }
    }

    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Region => REGION,
            Self::Nation => NATION,
            Self::Supplier => SUPPLIER,
            Self::Customer => CUSTOMER,
            Self::Part => PART,
            Self::Partsupp => PARTSUPP,
            Self::Orders => ORDERS,
            Self::Lineitem => LINEITEM,
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Table {
    type Err = UnknownTable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|table| table.name() == text);
        known.ok_or_else(|| UnknownTable(text.to_owned()))
    }
}

/// Error of an unknown table.
#[derive(Debug, thiserror::Error)]
#[error("table: wanted region, nation, supplier, customer, part, partsupp, orders or lineitem, found {0:?}")]
pub struct UnknownTable(String);

const fn bigint(name: &'static str) -> Column {
    let column_type = ColumnType::BigInt;
    Column { name, column_type }
}

const fn integer(name: &'static str) -> Column {
    let column_type = ColumnType::Integer;
    Column { name, column_type }
}

const fn decimal(name: &'static str) -> Column {
    let column_type = ColumnType::Decimal;
    Column { name, column_type }
}

const fn date(name: &'static str) -> Column {
    let column_type = ColumnType::Date;
    Column { name, column_type }
}

const fn varchar(name: &'static str) -> Column {
    let column_type = ColumnType::Varchar;
    Column { name, column_type }
}

const REGION: &[Column] = &[bigint("r_regionkey"), varchar("r_name"), varchar("r_comment")];

const NATION: &[Column] = &[
    bigint("n_nationkey"),
    varchar("n_name"),
    bigint("n_regionkey"),
    varchar("n_comment"),
];

const SUPPLIER: &[Column] = &[
    bigint("s_suppkey"),
    varchar("s_name"),
    varchar("s_address"),
    bigint("s_nationkey"),
    varchar("s_phone"),
    decimal("s_acctbal"),
    varchar("s_comment"),
];

const CUSTOMER: &[Column] = &[
    bigint("c_custkey"),
    varchar("c_name"),
    varchar("c_address"),
    bigint("c_nationkey"),
    varchar("c_phone"),
    decimal("c_acctbal"),
    varchar("c_mktsegment"),
    varchar("c_comment"),
];

const PART: &[Column] = &[
    bigint("p_partkey"),
    varchar("p_name"),
    varchar("p_mfgr"),
    varchar("p_brand"),
    varchar("p_type"),
    integer("p_size"),
    varchar("p_container"),
    decimal("p_retailprice"),
    varchar("p_comment"),
];

const PARTSUPP: &[Column] = &[
    bigint("ps_partkey"),
    bigint("ps_suppkey"),
    integer("ps_availqty"),
    decimal("ps_supplycost"),
    varchar("ps_comment"),
];

const ORDERS: &[Column] = &[
    bigint("o_orderkey"),
    bigint("o_custkey"),
    varchar("o_orderstatus"),
    decimal("o_totalprice"),
    date("o_orderdate"),
    varchar("o_orderpriority"),
    varchar("o_clerk"),
    integer("o_shippriority"),
    varchar("o_comment"),
];

const LINEITEM: &[Column] = &[
    bigint("l_orderkey"),
    bigint("l_partkey"),
    bigint("l_suppkey"),
    integer("l_linenumber"),
    decimal("l_quantity"),
    decimal("l_extendedprice"),
    decimal("l_discount"),
    decimal("l_tax"),
    varchar("l_returnflag"),
    varchar("l_linestatus"),
    date("l_shipdate"),
    date("l_commitdate"),
    date("l_receiptdate"),
    varchar("l_shipinstruct"),
    varchar("l_shipmode"),
    varchar("l_comment"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_name_their_tables() {
        for table in Table::ALL {
            assert_eq!(table.name().parse::<Table>().unwrap(), table);
        }
        let error = "lineitems".parse::<Table>().unwrap_err();
        assert!(error.to_string().ends_with("found \"lineitems\""));
    }

    #[test]
    fn names_are_unique_across_all_tables() {
        let mut names: Vec<_> = Table::ALL.iter().flat_map(|table| table.columns()).collect();
        assert_eq!(names.len(), 61);
        names.sort_by_key(|column| column.name);
        names.dedup_by_key(|column| column.name);
        assert_eq!(names.len(), 61);
    }
}
