//! Rows as Protobuf messages of `proto/tpch.proto`.

use prost::Message;
use tpchgen::generators as generated;

use crate::row::{Row, quantity};
use crate::table::Table;

/// Source of the messages below for topic documents.
pub(crate) const PROTO: &str = include_str!("../../proto/tpch.proto");

/// Name of the message of a table's rows in [`PROTO`].
pub(crate) fn message_name(table: Table) -> &'static str {
    match table {
        Table::Region => "Region",
        Table::Nation => "Nation",
        Table::Supplier => "Supplier",
        Table::Customer => "Customer",
        Table::Part => "Part",
        Table::Partsupp => "Partsupp",
        Table::Orders => "Orders",
        Table::Lineitem => "Lineitem",
    }
}

pub(super) fn encode(row: &Row) -> Vec<u8> {
    match row {
        Row::Region(row) => Region::from(row).encode_to_vec(),
        Row::Nation(row) => Nation::from(row).encode_to_vec(),
        Row::Supplier(row) => Supplier::from(row).encode_to_vec(),
        Row::Customer(row) => Customer::from(row).encode_to_vec(),
        Row::Part(row) => Part::from(row).encode_to_vec(),
        Row::Partsupp(row) => Partsupp::from(row).encode_to_vec(),
        Row::Orders(row) => Orders::from(row).encode_to_vec(),
        Row::Lineitem(row) => Lineitem::from(row).encode_to_vec(),
    }
}

#[derive(Clone, PartialEq, Message)]
struct Region {
    #[prost(int64, tag = "1")]
    r_regionkey: i64,
    #[prost(string, tag = "2")]
    r_name: String,
    #[prost(string, tag = "3")]
    r_comment: String,
}

impl From<&generated::Region<'_>> for Region {
    fn from(row: &generated::Region<'_>) -> Self {
        Self {
            r_regionkey: row.r_regionkey,
            r_name: row.r_name.to_string(),
            r_comment: row.r_comment.to_string(),
        }
    }
}

#[derive(Clone, PartialEq, Message)]
struct Nation {
    #[prost(int64, tag = "1")]
    n_nationkey: i64,
    #[prost(string, tag = "2")]
    n_name: String,
    #[prost(int64, tag = "3")]
    n_regionkey: i64,
    #[prost(string, tag = "4")]
    n_comment: String,
}

impl From<&generated::Nation<'_>> for Nation {
    fn from(row: &generated::Nation<'_>) -> Self {
        Self {
            n_nationkey: row.n_nationkey,
            n_name: row.n_name.to_string(),
            n_regionkey: row.n_regionkey,
            n_comment: row.n_comment.to_string(),
        }
    }
}

#[derive(Clone, PartialEq, Message)]
struct Supplier {
    #[prost(int64, tag = "1")]
    s_suppkey: i64,
    #[prost(string, tag = "2")]
    s_name: String,
    #[prost(string, tag = "3")]
    s_address: String,
    #[prost(int64, tag = "4")]
    s_nationkey: i64,
    #[prost(string, tag = "5")]
    s_phone: String,
    #[prost(string, tag = "6")]
    s_acctbal: String,
    #[prost(string, tag = "7")]
    s_comment: String,
}

impl From<&generated::Supplier> for Supplier {
    fn from(row: &generated::Supplier) -> Self {
        Self {
            s_suppkey: row.s_suppkey,
            s_name: row.s_name.to_string(),
            s_address: row.s_address.to_string(),
            s_nationkey: row.s_nationkey,
            s_phone: row.s_phone.to_string(),
            s_acctbal: row.s_acctbal.to_string(),
            s_comment: row.s_comment.to_string(),
        }
    }
}

#[derive(Clone, PartialEq, Message)]
struct Customer {
    #[prost(int64, tag = "1")]
    c_custkey: i64,
    #[prost(string, tag = "2")]
    c_name: String,
    #[prost(string, tag = "3")]
    c_address: String,
    #[prost(int64, tag = "4")]
    c_nationkey: i64,
    #[prost(string, tag = "5")]
    c_phone: String,
    #[prost(string, tag = "6")]
    c_acctbal: String,
    #[prost(string, tag = "7")]
    c_mktsegment: String,
    #[prost(string, tag = "8")]
    c_comment: String,
}

impl From<&generated::Customer<'_>> for Customer {
    fn from(row: &generated::Customer<'_>) -> Self {
        Self {
            c_custkey: row.c_custkey,
            c_name: row.c_name.to_string(),
            c_address: row.c_address.to_string(),
            c_nationkey: row.c_nationkey,
            c_phone: row.c_phone.to_string(),
            c_acctbal: row.c_acctbal.to_string(),
            c_mktsegment: row.c_mktsegment.to_string(),
            c_comment: row.c_comment.to_string(),
        }
    }
}

#[derive(Clone, PartialEq, Message)]
struct Part {
    #[prost(int64, tag = "1")]
    p_partkey: i64,
    #[prost(string, tag = "2")]
    p_name: String,
    #[prost(string, tag = "3")]
    p_mfgr: String,
    #[prost(string, tag = "4")]
    p_brand: String,
    #[prost(string, tag = "5")]
    p_type: String,
    #[prost(int32, tag = "6")]
    p_size: i32,
    #[prost(string, tag = "7")]
    p_container: String,
    #[prost(string, tag = "8")]
    p_retailprice: String,
    #[prost(string, tag = "9")]
    p_comment: String,
}

impl From<&generated::Part<'_>> for Part {
    fn from(row: &generated::Part<'_>) -> Self {
        Self {
            p_partkey: row.p_partkey,
            p_name: row.p_name.to_string(),
            p_mfgr: row.p_mfgr.to_string(),
            p_brand: row.p_brand.to_string(),
            p_type: row.p_type.to_string(),
            p_size: row.p_size,
            p_container: row.p_container.to_string(),
            p_retailprice: row.p_retailprice.to_string(),
            p_comment: row.p_comment.to_string(),
        }
    }
}

#[derive(Clone, PartialEq, Message)]
struct Partsupp {
    #[prost(int64, tag = "1")]
    ps_partkey: i64,
    #[prost(int64, tag = "2")]
    ps_suppkey: i64,
    #[prost(int32, tag = "3")]
    ps_availqty: i32,
    #[prost(string, tag = "4")]
    ps_supplycost: String,
    #[prost(string, tag = "5")]
    ps_comment: String,
}

impl From<&generated::PartSupp<'_>> for Partsupp {
    fn from(row: &generated::PartSupp<'_>) -> Self {
        Self {
            ps_partkey: row.ps_partkey,
            ps_suppkey: row.ps_suppkey,
            ps_availqty: row.ps_availqty,
            ps_supplycost: row.ps_supplycost.to_string(),
            ps_comment: row.ps_comment.to_string(),
        }
    }
}

#[derive(Clone, PartialEq, Message)]
struct Orders {
    #[prost(int64, tag = "1")]
    o_orderkey: i64,
    #[prost(int64, tag = "2")]
    o_custkey: i64,
    #[prost(string, tag = "3")]
    o_orderstatus: String,
    #[prost(string, tag = "4")]
    o_totalprice: String,
    #[prost(string, tag = "5")]
    o_orderdate: String,
    #[prost(string, tag = "6")]
    o_orderpriority: String,
    #[prost(string, tag = "7")]
    o_clerk: String,
    #[prost(int32, tag = "8")]
    o_shippriority: i32,
    #[prost(string, tag = "9")]
    o_comment: String,
}

impl From<&generated::Order<'_>> for Orders {
    fn from(row: &generated::Order<'_>) -> Self {
        Self {
            o_orderkey: row.o_orderkey,
            o_custkey: row.o_custkey,
            o_orderstatus: row.o_orderstatus.to_string(),
            o_totalprice: row.o_totalprice.to_string(),
            o_orderdate: row.o_orderdate.to_string(),
            o_orderpriority: row.o_orderpriority.to_string(),
            o_clerk: row.o_clerk.to_string(),
            o_shippriority: row.o_shippriority,
            o_comment: row.o_comment.to_string(),
        }
    }
}

#[derive(Clone, PartialEq, Message)]
struct Lineitem {
    #[prost(int64, tag = "1")]
    l_orderkey: i64,
    #[prost(int64, tag = "2")]
    l_partkey: i64,
    #[prost(int64, tag = "3")]
    l_suppkey: i64,
    #[prost(int32, tag = "4")]
    l_linenumber: i32,
    #[prost(string, tag = "5")]
    l_quantity: String,
    #[prost(string, tag = "6")]
    l_extendedprice: String,
    #[prost(string, tag = "7")]
    l_discount: String,
    #[prost(string, tag = "8")]
    l_tax: String,
    #[prost(string, tag = "9")]
    l_returnflag: String,
    #[prost(string, tag = "10")]
    l_linestatus: String,
    #[prost(string, tag = "11")]
    l_shipdate: String,
    #[prost(string, tag = "12")]
    l_commitdate: String,
    #[prost(string, tag = "13")]
    l_receiptdate: String,
    #[prost(string, tag = "14")]
    l_shipinstruct: String,
    #[prost(string, tag = "15")]
    l_shipmode: String,
    #[prost(string, tag = "16")]
    l_comment: String,
}

impl From<&generated::LineItem<'_>> for Lineitem {
    fn from(row: &generated::LineItem<'_>) -> Self {
        Self {
            l_orderkey: row.l_orderkey,
            l_partkey: row.l_partkey,
            l_suppkey: row.l_suppkey,
            l_linenumber: row.l_linenumber,
            l_quantity: quantity(row).to_string(),
            l_extendedprice: row.l_extendedprice.to_string(),
            l_discount: row.l_discount.to_string(),
            l_tax: row.l_tax.to_string(),
            l_returnflag: row.l_returnflag.to_string(),
            l_linestatus: row.l_linestatus.to_string(),
            l_shipdate: row.l_shipdate.to_string(),
            l_commitdate: row.l_commitdate.to_string(),
            l_receiptdate: row.l_receiptdate.to_string(),
            l_shipinstruct: row.l_shipinstruct.to_string(),
            l_shipmode: row.l_shipmode.to_string(),
            l_comment: row.l_comment.to_string(),
        }
    }
}
