//! Rows of a table at a scale, one after the other: memory does not grow with the scale. The first use takes
//! a moment: the generator makes the text that all comments are cut from, 300 MB, once in a process.

use std::borrow::Cow;

use tpchgen::dates::TPCHDate;
use tpchgen::decimal::TPCHDecimal;
use tpchgen::generators::{
    Customer, CustomerGenerator, LineItem, LineItemGenerator, Nation, NationGenerator, Order, OrderGenerator,
    Part, PartGenerator, PartSupp, PartSuppGenerator, Region, RegionGenerator, Supplier, SupplierGenerator,
};

use crate::table::Table;

/// All rows of a table, the same ones for a scale each time, in the order of their keys.
///
/// `scale` is the specification's scale factor: 1 is about a gigabyte of text.
pub fn rows(table: Table, scale: f64) -> Box<dyn Iterator<Item = Row> + Send> {
    match table {
        Table::Region => Box::new(RegionGenerator::new(scale, 1, 1).iter().map(Row::Region)),
        Table::Nation => Box::new(NationGenerator::new(scale, 1, 1).iter().map(Row::Nation)),
        Table::Supplier => Box::new(SupplierGenerator::new(scale, 1, 1).iter().map(Row::Supplier)),
        Table::Customer => Box::new(CustomerGenerator::new(scale, 1, 1).iter().map(Row::Customer)),
        Table::Part => Box::new(PartGenerator::new(scale, 1, 1).iter().map(Row::Part)),
        Table::Partsupp => Box::new(PartSuppGenerator::new(scale, 1, 1).iter().map(Row::Partsupp)),
        Table::Orders => Box::new(OrderGenerator::new(scale, 1, 1).iter().map(Row::Orders)),
        Table::Lineitem => Box::new(LineItemGenerator::new(scale, 1, 1).iter().map(Row::Lineitem)),
    }
}

/// Row as generated.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    Region(Region<'static>),
    Nation(Nation<'static>),
    Supplier(Supplier),
    Customer(Customer<'static>),
    Part(Part<'static>),
    Partsupp(PartSupp<'static>),
    Orders(Order<'static>),
    Lineitem(LineItem<'static>),
}

/// Value of a column, of the column's type.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    BigInt(i64),
    Integer(i32),
    Decimal(TPCHDecimal),
    Date(TPCHDate),
    Varchar(Cow<'a, str>),
}

impl Row {
    pub fn table(&self) -> Table {
        match self {
            Self::Region(_) => Table::Region,
            Self::Nation(_) => Table::Nation,
            Self::Supplier(_) => Table::Supplier,
            Self::Customer(_) => Table::Customer,
            Self::Part(_) => Table::Part,
            Self::Partsupp(_) => Table::Partsupp,
            Self::Orders(_) => Table::Orders,
            Self::Lineitem(_) => Table::Lineitem,
        }
    }

    /// Primary key as text, `7` or `7-2`: the key of the row's record.
    pub fn key(&self) -> String {
        match self {
            Self::Region(row) => row.r_regionkey.to_string(),
            Self::Nation(row) => row.n_nationkey.to_string(),
            Self::Supplier(row) => row.s_suppkey.to_string(),
            Self::Customer(row) => row.c_custkey.to_string(),
            Self::Part(row) => row.p_partkey.to_string(),
            Self::Partsupp(row) => format!("{}-{}", row.ps_partkey, row.ps_suppkey),
            Self::Orders(row) => row.o_orderkey.to_string(),
            Self::Lineitem(row) => format!("{}-{}", row.l_orderkey, row.l_linenumber),
        }
    }

    /// Values of the row in the order of [`Table::columns`].
    pub fn values(&self) -> Vec<Value<'_>> {
        use Value::{BigInt, Date, Decimal, Integer};
        match self {
            Self::Region(row) => vec![BigInt(row.r_regionkey), text(row.r_name), text(row.r_comment)],
            Self::Nation(row) => vec![
                BigInt(row.n_nationkey),
                text(row.n_name),
                BigInt(row.n_regionkey),
                text(row.n_comment),
            ],
            Self::Supplier(row) => vec![
                BigInt(row.s_suppkey),
                printed(&row.s_name),
                printed(&row.s_address),
                BigInt(row.s_nationkey),
                printed(&row.s_phone),
                Decimal(row.s_acctbal),
                text(&row.s_comment),
            ],
            Self::Customer(row) => vec![
                BigInt(row.c_custkey),
                printed(&row.c_name),
                printed(&row.c_address),
                BigInt(row.c_nationkey),
                printed(&row.c_phone),
                Decimal(row.c_acctbal),
                text(row.c_mktsegment),
                text(row.c_comment),
            ],
            Self::Part(row) => vec![
                BigInt(row.p_partkey),
                printed(&row.p_name),
                printed(&row.p_mfgr),
                printed(&row.p_brand),
                text(row.p_type),
                Integer(row.p_size),
                text(row.p_container),
                Decimal(row.p_retailprice),
                text(row.p_comment),
            ],
            Self::Partsupp(row) => vec![
                BigInt(row.ps_partkey),
                BigInt(row.ps_suppkey),
                Integer(row.ps_availqty),
                Decimal(row.ps_supplycost),
                text(row.ps_comment),
            ],
            Self::Orders(row) => vec![
                BigInt(row.o_orderkey),
                BigInt(row.o_custkey),
                text(row.o_orderstatus.as_str()),
                Decimal(row.o_totalprice),
                Date(row.o_orderdate),
                text(row.o_orderpriority),
                printed(&row.o_clerk),
                Integer(row.o_shippriority),
                text(row.o_comment),
            ],
            Self::Lineitem(row) => vec![
                BigInt(row.l_orderkey),
                BigInt(row.l_partkey),
                BigInt(row.l_suppkey),
                Integer(row.l_linenumber),
                Decimal(quantity(row)),
                Decimal(row.l_extendedprice),
                Decimal(row.l_discount),
                Decimal(row.l_tax),
                text(row.l_returnflag),
                text(row.l_linestatus),
                Date(row.l_shipdate),
                Date(row.l_commitdate),
                Date(row.l_receiptdate),
                text(row.l_shipinstruct),
                text(row.l_shipmode),
                text(row.l_comment),
            ],
        }
    }
}

/// Quantity as a decimal, as in the specification; the generator has a whole number of at most 50.
pub(crate) fn quantity(row: &LineItem<'_>) -> TPCHDecimal {
    TPCHDecimal::new(row.l_quantity * 100)
}

fn text(value: &str) -> Value<'_> {
    Value::Varchar(Cow::Borrowed(value))
}

fn printed(value: &impl ToString) -> Value<'static> {
    Value::Varchar(Cow::Owned(value.to_string()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use crate::table::ColumnType;

    use super::*;

    #[test]
    fn tables_have_the_specifications_sizes() {
        let sizes = Table::ALL.map(|table| rows(table, 0.01).count());
        assert_eq!(sizes, [5, 25, 100, 1_500, 2_000, 8_000, 15_000, 60_175]);
    }

    #[test]
    fn values_have_their_columns_types() {
        for table in Table::ALL {
            let row = rows(table, 0.01).next().unwrap();
            assert_eq!(row.table(), table);
            let types: Vec<_> = row.values().iter().map(column_type).collect();
            let declared: Vec<_> = table.columns().iter().map(|column| column.column_type).collect();
            assert_eq!(types, declared, "{table}");
        }
    }

    /// The generator's own text of a row follows the specification.
    #[test]
    fn values_stand_in_their_columns_order() {
        for table in Table::ALL {
            let row = rows(table, 0.01).nth(3).unwrap();
            assert_eq!(joined(&row), generated(&row));
        }
    }

    #[test]
    fn keys_are_unique() {
        for table in Table::ALL {
            let mut keys = HashSet::new();
            assert!(rows(table, 0.01).all(|row| keys.insert(row.key())), "{table}");
        }
    }

    fn column_type(value: &Value<'_>) -> ColumnType {
        match value {
            Value::BigInt(_) => ColumnType::BigInt,
            Value::Integer(_) => ColumnType::Integer,
            Value::Decimal(_) => ColumnType::Decimal,
            Value::Date(_) => ColumnType::Date,
            Value::Varchar(_) => ColumnType::Varchar,
        }
    }

    fn joined(row: &Row) -> String {
        let value = |value| match value {
            Value::BigInt(number) => number.to_string(),
            Value::Integer(number) => number.to_string(),
            // The generator prints quantities as whole numbers.
            Value::Decimal(number) => number.to_string().replace(".00", ""),
            Value::Date(date) => date.to_string(),
            Value::Varchar(text) => text.into_owned(),
        };
        row.values().into_iter().map(|v| value(v) + "|").collect()
    }

    fn generated(row: &Row) -> String {
        let text = match row {
            Row::Region(row) => row.to_string(),
            Row::Nation(row) => row.to_string(),
            Row::Supplier(row) => row.to_string(),
            Row::Customer(row) => row.to_string(),
            Row::Part(row) => row.to_string(),
            Row::Partsupp(row) => row.to_string(),
            Row::Orders(row) => row.to_string(),
            Row::Lineitem(row) => row.to_string(),
        };
        text.replace(".00", "")
    }
}
