//! TPC-H as topics.
