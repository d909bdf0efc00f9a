//! Messages of every kind.

use std::collections::BTreeMap;

use arrow::array::Array;
use arrow::datatypes::DataType;
use athena_federation_protocol::*;
use proptest::prelude::*;

use super::arrays::{Dice, any_batch, any_leaf, any_type, array};

pub(crate) fn any_request() -> impl Strategy<Value = FederationRequest> {
    prop_oneof![
        (identity(), text(), text()).prop_map(|(identity, catalog_name, query_id)| {
            PingRequest {
                identity,
                catalog_name,
                query_id,
            }
            .into()
        }),
        (identity(), maybe(), text()).prop_map(|(identity, query_id, catalog_name)| {
            ListSchemasRequest {
                identity,
                query_id,
                catalog_name,
            }
            .into()
        }),
        (
            identity(),
            maybe(),
            text(),
            maybe(),
            maybe(),
            any::<Option<u32>>()
        )
            .prop_map(
                |(identity, query_id, catalog_name, schema_name, next_token, page_size)| {
                    ListTablesRequest {
                        identity,
                        query_id,
                        catalog_name,
                        schema_name,
                        next_token,
                        page_size,
                    }
                    .into()
                }
            ),
        (identity(), maybe(), text(), table(), map()).prop_map(
            |(identity, query_id, catalog_name, table_name, query_passthrough_arguments)| {
                GetTableRequest {
                    identity,
                    query_id,
                    catalog_name,
                    table_name,
                    query_passthrough_arguments,
                }
                .into()
            }
        ),
        (
            identity(),
            maybe(),
            text(),
            table(),
            constraints(),
            any_batch(),
            texts()
        )
            .prop_map(
                |(identity, query_id, catalog_name, table_name, constraints, batch, partition_columns)| {
                    let schema = batch.schema();
                    GetTableLayoutRequest {
                        identity,
                        query_id,
                        catalog_name,
                        table_name,
                        constraints,
                        schema,
                        partition_columns,
                    }
                    .into()
                }
            ),
        (
            identity(),
            maybe(),
            text(),
            table(),
            block(),
            texts(),
            constraints(),
            maybe()
        )
            .prop_map(
                |(
                    identity,
                    query_id,
                    catalog_name,
                    table_name,
                    partitions,
                    partition_columns,
                    constraints,
                    continuation_token,
                )| {
                    GetSplitsRequest {
                        identity,
                        query_id,
                        catalog_name,
                        table_name,
                        partitions,
                        partition_columns,
                        constraints,
                        continuation_token,
                    }
                    .into()
                }
            ),
        (
            identity(),
            text(),
            text(),
            table(),
            any_batch(),
            split(),
            constraints(),
            any::<(u32, u32)>()
        )
            .prop_map(
                |(identity, query_id, catalog_name, table_name, batch, split, constraints, sizes)| {
                    ReadRecordsRequest {
                        identity,
                        query_id,
                        catalog_name,
                        table_name,
                        schema: batch.schema(),
                        split,
                        constraints,
                        max_block_bytes: sizes.0.into(),
                        max_inline_block_bytes: sizes.1.into(),
                    }
                    .into()
                }
            ),
        (identity(), maybe(), text()).prop_map(|(identity, query_id, catalog_name)| {
            GetDataSourceCapabilitiesRequest {
                identity,
                query_id,
                catalog_name,
            }
            .into()
        }),
        (identity(), block(), any_batch(), text()).prop_map(
            |(identity, input_records, batch, method_name)| {
                let output_schema = batch.schema();
                UserDefinedFunctionRequest {
                    identity,
                    input_records,
                    output_schema,
                    method_name,
                }
                .into()
            }
        ),
    ]
}

pub(crate) fn any_response() -> impl Strategy<Value = FederationResponse> {
    prop_oneof![
        (text(), text(), maybe(), any::<u32>(), 1..u32::MAX).prop_map(
            |(catalog_name, query_id, source_type, capabilities, serde_version)| {
                PingResponse {
                    catalog_name,
                    query_id,
                    source_type,
                    capabilities,
                    serde_version,
                }
                .into()
            }
        ),
        (text(), texts()).prop_map(|(catalog_name, schemas)| ListSchemasResponse {
            catalog_name,
            schemas
        }
        .into()),
        (prop::collection::vec(table(), 0..3), text(), maybe()).prop_map(
            |(tables, catalog_name, next_token)| {
                ListTablesResponse {
                    tables,
                    catalog_name,
                    next_token,
                }
                .into()
            }
        ),
        (text(), table(), any_batch(), texts()).prop_map(
            |(catalog_name, table_name, batch, partition_columns)| {
                GetTableResponse {
                    catalog_name,
                    table_name,
                    schema: batch.schema(),
                    partition_columns,
                }
                .into()
            }
        ),
        (text(), table(), block()).prop_map(|(catalog_name, table_name, partitions)| {
            GetTableLayoutResponse {
                catalog_name,
                table_name,
                partitions,
            }
            .into()
        }),
        (text(), prop::collection::vec(split(), 0..3), maybe()).prop_map(
            |(catalog_name, splits, continuation_token)| {
                GetSplitsResponse {
                    catalog_name,
                    splits,
                    continuation_token,
                }
                .into()
            }
        ),
        (text(), block()).prop_map(|(catalog_name, records)| ReadRecordsResponse {
            catalog_name,
            records
        }
        .into()),
        (
            text(),
            any_batch(),
            prop::collection::vec(location(), 0..3),
            prop::option::of(key())
        )
            .prop_map(|(catalog_name, batch, remote_blocks, encryption_key)| {
                let schema = batch.schema();
                RemoteReadRecordsResponse {
                    catalog_name,
                    schema,
                    remote_blocks,
                    encryption_key,
                }
                .into()
            }),
        (
            text(),
            prop::collection::btree_map(text(), prop::collection::vec(sub_type(), 0..3), 0..3)
        )
            .prop_map(|(catalog_name, capabilities)| GetDataSourceCapabilitiesResponse {
                catalog_name,
                capabilities
            }
            .into()),
        (block(), text()).prop_map(|(records, method_name)| UserDefinedFunctionResponse {
            records,
            method_name
        }
        .into()),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-z_]{1,8}", 1 => ".{0,8}"]
}

fn maybe() -> impl Strategy<Value = Option<String>> {
    prop::option::of(text())
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(text(), 0..3)
}

fn map() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map(text(), text(), 0..3)
}

fn table() -> impl Strategy<Value = TableName> {
    (text(), text()).prop_map(|(schema_name, table_name)| TableName {
        schema_name,
        table_name,
    })
}

fn identity() -> impl Strategy<Value = Option<FederatedIdentity>> {
    let identity =
        (maybe(), maybe(), map(), texts(), map()).prop_map(|(account, arn, tags, groups, config_options)| {
            FederatedIdentity {
                account,
                arn,
                tags,
                groups,
                config_options,
            }
        });
    prop::option::of(identity)
}

fn block() -> impl Strategy<Value = Block> {
    (maybe(), any_batch()).prop_map(|(allocator_id, batch)| Block { allocator_id, batch })
}

fn location() -> impl Strategy<Value = SpillLocation> {
    (text(), text(), any::<bool>()).prop_map(|(bucket, key, directory)| SpillLocation {
        bucket,
        key,
        directory,
    })
}

fn key() -> impl Strategy<Value = EncryptionKey> {
    (
        prop::collection::vec(any::<u8>(), 0..33),
        prop::collection::vec(any::<u8>(), 0..13),
    )
        .prop_map(|(key, nonce)| EncryptionKey { key, nonce })
}

fn split() -> impl Strategy<Value = Split> {
    (prop::option::of(location()), prop::option::of(key()), map()).prop_map(
        |(spill_location, encryption_key, properties)| Split {
            spill_location,
            encryption_key,
            properties,
        },
    )
}

fn sub_type() -> impl Strategy<Value = OptimizationSubType> {
    (text(), texts()).prop_map(|(sub_type, properties)| OptimizationSubType { sub_type, properties })
}

pub(crate) fn constraints() -> impl Strategy<Value = Constraints> {
    let plan = (maybe(), text()).prop_map(|(substrait_version, substrait_plan)| QueryPlan {
        substrait_version,
        substrait_plan,
    });
    let limit = prop::option::of(0..u64::try_from(i64::MAX).unwrap());
    (
        prop::collection::btree_map(text(), value_set(), 0..3),
        prop::collection::vec(expression(), 0..3),
        prop::collection::vec(order_by(), 0..3),
        limit,
        map(),
        prop::option::of(plan),
    )
        .prop_map(
            |(summary, expression, order_by, limit, query_passthrough_arguments, query_plan)| Constraints {
                summary,
                expression,
                order_by,
                limit,
                query_passthrough_arguments,
                query_plan,
            },
        )
}

fn value_set() -> impl Strategy<Value = ValueSet> {
    prop_oneof![
        (any_type(), any::<(u64, bool)>()).prop_map(|(data_type, (seed, null_allowed))| {
            let ranges = ranges(&data_type, &mut Dice(seed | 1));
            SortedRangeSet::try_new(data_type, ranges, null_allowed)
                .unwrap()
                .into()
        }),
        (any_type(), any::<(u64, bool, bool)>(), 0..4_usize).prop_map(
            |(data_type, (seed, white_list, null_allowed), rows)| {
                let values = array(&data_type, true, rows, &mut Dice(seed | 1));
                EquatableValueSet {
                    values,
                    white_list,
                    null_allowed,
                }
                .into()
            }
        ),
        // The JSON of nested types loses their children.
        (any_leaf(), any::<(bool, bool)>()).prop_map(|(data_type, (all, null_allowed))| {
            AllOrNoneValueSet {
                data_type,
                all,
                null_allowed,
            }
            .into()
        }),
    ]
}

fn ranges(data_type: &DataType, dice: &mut Dice) -> Vec<Range> {
    // At least one value: without, the children of nested types are lost.
    let count = 1 + dice.below(3);
    let values = array(data_type, false, count, dice);
    let range = |row| {
        let value = values.slice(row, 1);
        match dice.below(6) {
            0 => Range::at_least(value),
            1 => Range::above(value),
            2 => Range::at_most(value),
            3 => Range::below(value),
            4 => Ok(Range::all(data_type.clone())),
            _ => Range::equal(value),
        }
    };
    (0..values.len()).map(range).collect::<Result<_, _>>().unwrap()
}

fn order_by() -> impl Strategy<Value = OrderByField> {
    let direction = prop::sample::select(vec![
        OrderByDirection::AscNullsFirst,
        OrderByDirection::AscNullsLast,
        OrderByDirection::DescNullsFirst,
        OrderByDirection::DescNullsLast,
    ]);
    (text(), direction).prop_map(|(column_name, direction)| OrderByField {
        column_name,
        direction,
    })
}

fn expression() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![
        (text(), any_leaf()).prop_map(
            |(column_name, data_type)| Expression::Variable(VariableExpression {
                column_name,
                data_type
            })
        ),
        (any_leaf(), any::<u64>(), 0..3_usize).prop_map(|(data_type, seed, rows)| {
            let values = array(&data_type, true, rows, &mut Dice(seed | 1));
            Expression::Constant(ConstantExpression { values, data_type })
        }),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        (any_leaf(), text(), prop::collection::vec(inner, 0..3)).prop_map(
            |(data_type, function_name, arguments)| {
                Expression::FunctionCall(FunctionCallExpression {
                    data_type,
                    function_name,
                    arguments,
                })
            },
        )
    })
}
