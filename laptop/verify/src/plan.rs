//! Layouts and splits of a table.

use std::collections::BTreeSet;

use protocol::{
    Block, Constraints, EncryptionKey, FederationResponse, GetSplitsRequest, GetTableLayoutRequest,
    SerdeVersion, Split,
};

use crate::client::{Client, Failed};
use crate::names::Described;
use crate::report::Rule;

/// Splits of a query, with its id, which reads repeat.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) query_id: String,
    pub(crate) splits: Vec<Split>,
}

/// Layout, then splits page by page.
pub(crate) async fn plan(
    client: &Client<'_>,
    table: &Described,
    constraints: &Constraints,
    version: SerdeVersion,
) -> Result<Planned, Failed> {
    let query_id = client.query_id();
    let partitions = layout(client, table, constraints, version, &query_id).await?;
    if partitions.batch.num_rows() == 0 {
        return Ok(Planned {
            query_id,
            splits: Vec::new(),
        });
    }
    let mut request = GetSplitsRequest {
        identity: client.identity(),
        query_id: Some(query_id.clone()),
        catalog_name: client.catalog(),
        table_name: table.name.clone(),
        partitions,
        partition_columns: table.partition_columns.clone(),
        constraints: constraints.clone(),
        continuation_token: None,
    };
    let subject = table.name.to_string();
    let (mut splits, mut seen) = (Vec::new(), BTreeSet::new());
    loop {
        let page = match client.call(request.clone(), version).await? {
            FederationResponse::GetSplits(page) => page,
            other => return Err(client.wrong_answer("GetSplits", &subject, &other)),
        };
        splits.extend(page.splits);
        match page.continuation_token {
            None => break,
            Some(token) if !seen.insert(token.clone()) => {
                let text = "a page of splits returns the token of an earlier one: planning never ends";
                client.find(Rule::Paging, &subject, text);
                return Err(Failed);
            }
            token => request.continuation_token = token,
        }
    }
    check(client, &subject, &splits);
    Ok(Planned { query_id, splits })
}

async fn layout(
    client: &Client<'_>,
    table: &Described,
    constraints: &Constraints,
    version: SerdeVersion,
    query_id: &str,
) -> Result<Block, Failed> {
    let request = GetTableLayoutRequest {
        identity: client.identity(),
        query_id: Some(query_id.to_owned()),
        catalog_name: client.catalog(),
        table_name: table.name.clone(),
        constraints: constraints.clone(),
        schema: table.schema.clone(),
        partition_columns: table.partition_columns.clone(),
    };
    let subject = table.name.to_string();
    let partitions = match client.call(request, version).await? {
        FederationResponse::GetTableLayout(response) => response.partitions,
        other => return Err(client.wrong_answer("GetTableLayout", &subject, &other)),
    };
    if partitions.batch.num_rows() == 0 && table.partition_columns.is_empty() {
        let text =
            "the layout has no partition, which means no rows; a table without partition columns has one";
        client.find(Rule::Layout, &subject, text);
    }
    let schema = partitions.batch.schema();
    for column in &table.partition_columns {
        if schema.field_with_name(column).is_err() {
            client.find(
                Rule::Layout,
                &subject,
                format!("the layout lacks the partition column `{column}`"),
            );
        }
    }
    Ok(partitions)
}

fn check(client: &Client<'_>, subject: &str, splits: &[Split]) {
    let (mut equal, mut locations) = (BTreeSet::new(), BTreeSet::new());
    let mut keys = Vec::<&EncryptionKey>::new();
    for split in splits {
        if !equal.insert(&split.properties) {
            let text =
                "two splits have equal properties: they are the same rows, or Athena reads only one of them";
            client.find(Rule::EqualSplits, subject, text);
        }
        if let Some(location) = &split.spill_location {
            if !location.directory {
                let text = "the spill location of a split is not a directory";
                client.find(Rule::SpillLocation, subject, text);
            }
            if !locations.insert((&location.bucket, &location.key)) {
                let text = "two splits share a spill location: they overwrite each other's blocks";
                client.find(Rule::SpillLocation, subject, text);
            }
        }
        if let Some(key) = &split.encryption_key {
            if !matches!(key.key.len(), 16 | 24 | 32) || key.nonce.len() != 12 {
                let text = format!(
                    "a split's key has {} bytes and its nonce {}, wanted 16, 24 or 32, and 12",
                    key.key.len(),
                    key.nonce.len()
                );
                client.find(Rule::SpillKey, subject, text);
            }
            if keys.contains(&key) {
                client.find(Rule::SpillKey, subject, "two splits share a key and nonce");
            }
            keys.push(key);
        }
    }
}

/// Two queries must not spill to the same place: their splits are read at the same time.
pub(crate) fn check_apart(client: &Client<'_>, table: &Described, first: &Planned, second: &Planned) {
    let locations = |planned: &Planned| {
        let locations = planned
            .splits
            .iter()
            .filter_map(|split| split.spill_location.as_ref());
        locations.map(ToString::to_string).collect::<BTreeSet<_>>()
    };
    if !locations(first).is_disjoint(&locations(second)) {
        let text = "two queries share a spill location: they overwrite each other's blocks";
        client.find(Rule::SpillLocation, table.name.to_string(), text);
    }
}
