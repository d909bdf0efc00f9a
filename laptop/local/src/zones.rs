//! Zones of timestamps: a TIMESTAMP WITH TIME ZONE of an answer is shown with the offset that it was written with.
//!
//! Each value on the wire has its own zone, but the engine's type has one for the whole column: its values are instants in
//! UTC. So a scan gives the zones as columns of their own, which go along with their timestamps up to the answer, and are
//! no part of it:
//!
//! | plan node | zones |
//! | --- | --- |
//! | scan of a table | those of its columns, which only the plan knows of |
//! | projection | those of columns that are projected as they are, under whatever name |
//! | filter, sort, limit, join, alias | all of them |
//! | anything else (aggregate, union, window, …) | none |
//!
//! A value that the engine computes, or that went through another node, is shown in UTC, or in the zone that its type
//! has (`AT TIME ZONE`).

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int16Type, Schema, SchemaRef, TimeUnit, TimestampMillisecondType};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, FixedOffset};
use datafusion::common::{Column, DataFusionError, Result};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::logical_expr::logical_plan::{SubqueryAlias, TableScanBuilder};
use datafusion::logical_expr::{Expr, LogicalPlan, Projection};
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use crate::table::FederationTable;
use crate::zone_columns::{is_zoned, zone_column};

/// Plan with columns of zones after those of the query.
pub(crate) struct ZonedPlan {
    pub(crate) plan: LogicalPlan,
    /// Index of the zones of each column of the answer.
    zones: Vec<Option<usize>>,
}

impl ZonedPlan {
    /// Takes zones along through `plan`, as far as they go.
    pub(crate) fn of(plan: LogicalPlan) -> Self {
        let columns = plan.schema().columns();
        let fields = plan.schema().fields().iter();
        let any_zoned = fields.map(|field| field.data_type()).any(is_zoned);
        let carried = match any_zoned {
            true => carry(&plan).unwrap_or(None),
            false => None,
        };
        let Some(Carried { plan, zones }) = carried else {
            return Self {
                zones: vec![None; columns.len()],
                plan,
            };
        };
        let place = |column: &Column| plan.schema().maybe_index_of_column(zones.get(column)?);
        Self {
            zones: columns.iter().map(place).collect(),
            plan,
        }
    }

    /// The rows of the plan as the answer shows them.
    pub(crate) fn shown(
        zones: Vec<Option<usize>>,
        batches: SendableRecordBatchStream,
    ) -> SendableRecordBatchStream {
        let schema = batches.schema();
        let is_shown = |field: &Arc<Field>| !is_zoned(field.data_type());
        if schema.fields().len() == zones.len() && schema.fields().iter().all(is_shown) {
            return batches;
        }
        let fields = schema.fields().iter().take(zones.len());
        let fields = fields.map(|field| match is_zoned(field.data_type()) {
            true => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8)),
            false => Arc::clone(field),
        });
        let metadata = schema.metadata().clone();
        let shown: SchemaRef = Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), metadata));
        let schema = Arc::clone(&shown);
        let batches = batches.map(move |batch| {
            let batch = batch?;
            let columns = zones.iter().enumerate().map(|(place, zone)| {
                let column = batch.column(place);
                match is_zoned(column.data_type()) {
                    true => texts(column, zone.map(|zone| batch.column(zone))),
                    false => Ok(Arc::clone(column)),
                }
            });
            let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)
                .map_err(DataFusionError::from)
        });
        Box::pin(RecordBatchStreamAdapter::new(shown, batches))
    }

    pub(crate) fn into_parts(self) -> (LogicalPlan, Vec<Option<usize>>) {
        (self.plan, self.zones)
    }
}

/// Plan, and the columns of zones of its output columns.
struct Carried {
    plan: LogicalPlan,
    zones: HashMap<Column, Column>,
}

/// `None` if there are no zones to take along.
fn carry(plan: &LogicalPlan) -> Result<Option<Carried>> {
    match plan {
        LogicalPlan::TableScan(scan) if scan.projection.is_none() => {
            let provider = source_as_provider(&scan.source)?;
            let table = provider.downcast_ref::<FederationTable>();
            let Some(table) = table.and_then(FederationTable::with_zones) else {
                return Ok(None);
            };
            let zones = plan.schema().columns().into_iter().zip(plan.schema().fields());
            let zones = zones
                .filter(|(_, field)| is_zoned(field.data_type()))
                .map(|(column, _)| {
                    let zone = Column::new(column.relation.clone(), zone_column(&column.name));
                    (column, zone)
                });
            let zones = zones.collect();
            let scan = TableScanBuilder::new(scan.table_name.clone(), provider_as_source(Arc::new(table)))
                .with_filters(scan.filters.clone())
                .with_fetch(scan.fetch)
                .build()?;
            Ok(Some(Carried {
                plan: LogicalPlan::TableScan(scan),
                zones,
            }))
        }
        LogicalPlan::SubqueryAlias(aliased) => {
            let Some(input) = carry(&aliased.input)? else {
                return Ok(None);
            };
            let alias = aliased.alias.clone();
            let renamed = |column: &Column| Column::new(Some(alias.clone()), &column.name);
            let zones = input.zones.iter();
            let zones = zones
                .map(|(column, zone)| (renamed(column), renamed(zone)))
                .collect();
            let aliased = SubqueryAlias::try_new(Arc::new(input.plan), alias.clone())?;
            Ok(Some(Carried {
                plan: LogicalPlan::SubqueryAlias(aliased),
                zones,
            }))
        }
        LogicalPlan::Projection(projection) => {
            let Some(input) = carry(&projection.input)? else {
                return Ok(None);
            };
            let mut exprs = projection.expr.clone();
            let mut zones = HashMap::new();
            for (expr, column) in projection.expr.iter().zip(plan.schema().columns()) {
                if let Some(zone) = plain_column(expr).and_then(|column| input.zones.get(column)) {
                    let name = zone_column(&format!("{}{}", column.flat_name(), zones.len()));
                    exprs.push(Expr::Column(zone.clone()).alias(&name));
                    zones.insert(column, Column::from_name(name));
                }
            }
            let projection = Projection::try_new(exprs, Arc::new(input.plan))?;
            Ok(Some(Carried {
                plan: LogicalPlan::Projection(projection),
                zones,
            }))
        }
        LogicalPlan::Filter(_) | LogicalPlan::Sort(_) | LogicalPlan::Limit(_) | LogicalPlan::Join(_) => {
            let mut inputs = Vec::new();
            let mut zones = HashMap::new();
            for input in plan.inputs() {
                match carry(input)? {
                    Some(carried) => {
                        zones.extend(carried.zones);
                        inputs.push(carried.plan);
                    }
                    None => inputs.push(input.clone()),
                }
            }
            if zones.is_empty() {
                return Ok(None);
            }
            let plan = plan.with_new_exprs(plan.expressions(), inputs)?;
            zones.retain(|column, zone| plan.schema().has_column(column) && plan.schema().has_column(zone));
            Ok(Some(Carried { plan, zones }))
        }
        _ => Ok(None),
    }
}

/// The column that an expression gives as it is.
fn plain_column(expr: &Expr) -> Option<&Column> {
    match expr {
        Expr::Column(column) => Some(column),
        Expr::Alias(alias) => plain_column(&alias.expr),
        _ => None,
    }
}

/// Timestamps as Athena spells them: `2023-03-09 21:05:00.123 +09:00`.
fn texts(timestamps: &ArrayRef, zones: Option<&ArrayRef>) -> Result<ArrayRef, ArrowError> {
    let zone = match timestamps.data_type() {
        DataType::Timestamp(_, Some(zone)) => zone.as_ref(),
        _ => "",
    };
    let shown_zone = match zone {
        "+00:00" | "Z" | "" => "UTC",
        zone => zone,
    };
    let format = format!("%Y-%m-%d %H:%M:%S%.3f {}", shown_zone.replace('%', "%%"));
    let options = FormatOptions::new().with_timestamp_tz_format(Some(&format));
    let formatter = ArrayFormatter::try_new(timestamps, &options)?;
    let offsets = zones.map(AsArray::as_primitive::<Int16Type>);
    let millis = cast(
        timestamps,
        &DataType::Timestamp(TimeUnit::Millisecond, Some(zone.into())),
    )?;
    let millis = millis.as_primitive::<TimestampMillisecondType>();
    let text = |row: usize| {
        if timestamps.is_null(row) {
            return Ok(None);
        }
        let offset = offsets
            .filter(|zones| zones.is_valid(row))
            .and_then(|zones| offset(zones.value(row)));
        let written = offset.and_then(|offset| {
            let instant = DateTime::from_timestamp_millis(millis.value(row))?;
            Some(
                instant
                    .with_timezone(&offset)
                    .format("%Y-%m-%d %H:%M:%S%.3f %:z")
                    .to_string(),
            )
        });
        match written {
            Some(text) => Ok(Some(text)),
            None => formatter.value(row).try_to_string().map(Some),
        }
    };
    let texts = (0..timestamps.len()).map(text);
    Ok(Arc::new(texts.collect::<Result<StringArray, ArrowError>>()?))
}

/// The offset that a zone's number stands for; `None` for UTC and for zones with a name.
fn offset(zone: i16) -> Option<FixedOffset> {
    let minutes = match i32::from(zone) {
        west @ 1..=840 => west - 841,
        east @ 841..=1680 => east - 840,
        _ => return None,
    };
    FixedOffset::east_opt(minutes * 60)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int16Array, TimestampMillisecondArray};

    use super::*;

    #[test]
    fn numbers_of_zones_are_offsets() {
        let text = |zone| offset(zone).map(|offset| offset.to_string());
        assert_eq!(text(0), None);
        assert_eq!(text(1).as_deref(), Some("-14:00"));
        assert_eq!(text(840).as_deref(), Some("-00:01"));
        assert_eq!(text(841).as_deref(), Some("+00:01"));
        assert_eq!(text(1380).as_deref(), Some("+09:00"));
        assert_eq!(text(1680).as_deref(), Some("+14:00"));
        assert_eq!(text(1847), None);
    }

    #[test]
    fn texts_have_the_zone_of_each_value_or_of_the_type() {
        let millis = vec![Some(1_678_363_500_123), Some(-1), None, Some(0)];
        let instants = |zone: &str| -> ArrayRef {
            Arc::new(TimestampMillisecondArray::from(millis.clone()).with_timezone(zone))
        };
        let zones: ArrayRef = Arc::new(Int16Array::from(vec![Some(1380), Some(0), None, Some(511)]));
        let rows = |texts: ArrayRef| -> Vec<Option<String>> {
            let texts = texts.as_string::<i32>().iter();
            texts.map(|text| text.map(str::to_owned)).collect()
        };
        let wanted = [
            Some("2023-03-09 21:05:00.123 +09:00"),
            Some("1969-12-31 23:59:59.999 UTC"),
            None,
            Some("1969-12-31 18:30:00.000 -05:30"),
        ];
        let wanted = wanted.map(|text| text.map(str::to_owned));
        assert_eq!(rows(texts(&instants("UTC"), Some(&zones)).unwrap()), wanted);
        let plain = rows(texts(&instants("+09:00"), None).unwrap());
        assert_eq!(plain[0].as_deref(), Some("2023-03-09 21:05:00.123 +09:00"));
        assert_eq!(
            rows(texts(&instants("UTC"), None).unwrap())[0].as_deref(),
            Some("2023-03-09 12:05:00.123 UTC")
        );
    }
}
