//! Ping, schemas, tables, columns and capabilities.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::SchemaRef;
use protocol::{
    FederationResponse, GetDataSourceCapabilitiesRequest, GetTableRequest, GetTableResponse,
    ListSchemasRequest, ListTablesRequest, ListTablesResponse, PingRequest, SerdeVersion, TableName,
    check_supported,
};

use crate::client::{Client, Failed};
use crate::report::Rule;

/// Table as the connector describes it.
#[derive(Debug, Clone)]
pub(crate) struct Described {
    pub(crate) name: TableName,
    pub(crate) schema: SchemaRef,
    pub(crate) partition_columns: Vec<String>,
}

/// Version that both sides support, from a ping.
pub(crate) async fn ping(client: &Client<'_>) -> Result<SerdeVersion, Failed> {
    let request = PingRequest {
        identity: client.identity(),
        catalog_name: client.catalog(),
        query_id: client.query_id(),
    };
    let query_id = request.query_id.clone();
    let response = match client.call(request, SerdeVersion::LATEST).await? {
        FederationResponse::Ping(response) => response,
        other => return Err(client.wrong_answer("Ping", "Ping", &other)),
    };
    client.report().version = Some(response.serde_version);
    if response.catalog_name != client.options.catalog || response.query_id != query_id {
        let text = "the response names another catalog or query than the request";
        client.find(Rule::Ping, "Ping", text);
    }
    let version = response.serde_version.min(SerdeVersion::LATEST.number());
    match SerdeVersion::try_from(version) {
        // A ping without a version is read as 1, which Athena does not speak any more.
        Ok(SerdeVersion::V1) | Err(_) => {
            let text =
                format!("serDeVersion is {version}, wanted 2 to 6: Athena expects the JSON of that version");
            client.find(Rule::Ping, "Ping", text);
            Ok(SerdeVersion::LATEST)
        }
        Ok(version) => Ok(version),
    }
}

pub(crate) async fn schemas(client: &Client<'_>, version: SerdeVersion) -> Result<Vec<String>, Failed> {
    let request = ListSchemasRequest {
        identity: client.identity(),
        query_id: Some(client.query_id()),
        catalog_name: client.catalog(),
    };
    let schemas = match client.call(request, version).await? {
        FederationResponse::ListSchemas(response) => response.schemas,
        other => return Err(client.wrong_answer("ListSchemas", "ListSchemas", &other)),
    };
    for name in repeated(&schemas) {
        let text = format!("`{name}` is listed twice, or in two cases: Athena's names are in lower case");
        client.find(Rule::Names, "ListSchemas", text);
    }
    Ok(schemas)
}

/// All tables of a schema; the pages of several sizes must have the same.
pub(crate) async fn tables(
    client: &Client<'_>,
    schema: &str,
    version: SerdeVersion,
) -> Result<Vec<TableName>, Failed> {
    let whole = page(client, schema, None, None, version).await?;
    if whole.next_token.is_some() {
        let text = format!("{schema}: a request for all tables (pageSize -1) returns a token");
        client.find(Rule::Paging, "ListTables", text);
    }
    let names: Vec<String> = whole
        .tables
        .iter()
        .map(|table| table.table_name.clone())
        .collect();
    for name in repeated(&names) {
        let text =
            format!("{schema}.{name} is listed twice, or in two cases: Athena's names are in lower case");
        client.find(Rule::Names, "ListTables", text);
    }
    let all: BTreeSet<&TableName> = whole.tables.iter().collect();
    // Few pages, and the size that Athena's console uses.
    let third = u32::try_from(whole.tables.len().div_ceil(3))
        .unwrap_or(u32::MAX)
        .max(1);
    for size in BTreeSet::from([third, third.saturating_add(1), 1000]) {
        let paged = pages(client, schema, size, version).await?;
        let paged: BTreeSet<&TableName> = paged.iter().collect();
        for (from, found, what) in [
            (&all, &paged, "is not on any page"),
            (&paged, &all, "is on a page, but not in the whole list"),
        ] {
            if let Some(name) = from.difference(found).next() {
                client.find(
                    Rule::Paging,
                    "ListTables",
                    format!("{name} {what}, with pages of {size}"),
                );
            }
        }
    }
    Ok(whole.tables)
}

async fn pages(
    client: &Client<'_>,
    schema: &str,
    size: u32,
    version: SerdeVersion,
) -> Result<Vec<TableName>, Failed> {
    let (mut tables, mut token, mut seen) = (Vec::<TableName>::new(), None, BTreeSet::new());
    loop {
        let page = page(client, schema, Some(size), token, version).await?;
        if page.tables.len() > size as usize {
            let text = format!(
                "{schema}: a page has {} tables, wanted at most {size}",
                page.tables.len()
            );
            client.find(Rule::Paging, "ListTables", text);
        }
        if let Some(again) = page.tables.iter().find(|table| tables.contains(table)) {
            client.find(
                Rule::Paging,
                "ListTables",
                format!("{again} is on two pages, with pages of {size}"),
            );
        }
        tables.extend(page.tables);
        match page.next_token {
            None => return Ok(tables),
            Some(next) if !seen.insert(next.clone()) => {
                let text =
                    format!("{schema}: a page returns the token of an earlier one: the list never ends");
                client.find(Rule::Paging, "ListTables", text);
                return Err(Failed);
            }
            next => token = next,
        }
    }
}

async fn page(
    client: &Client<'_>,
    schema: &str,
    page_size: Option<u32>,
    next_token: Option<String>,
    version: SerdeVersion,
) -> Result<ListTablesResponse, Failed> {
    let request = ListTablesRequest {
        identity: client.identity(),
        query_id: Some(client.query_id()),
        catalog_name: client.catalog(),
        schema_name: Some(schema.to_owned()),
        next_token,
        page_size,
    };
    match client.call(request, version).await? {
        FederationResponse::ListTables(response) => Ok(response),
        other => Err(client.wrong_answer("ListTables", "ListTables", &other)),
    }
}

fn get_table(client: &Client<'_>, name: TableName) -> GetTableRequest {
    GetTableRequest {
        identity: client.identity(),
        query_id: Some(client.query_id()),
        catalog_name: client.catalog(),
        table_name: name,
        query_passthrough_arguments: BTreeMap::new(),
    }
}

/// Columns of a table, asked for by its name in lower case, as Athena does.
pub(crate) async fn table(
    client: &Client<'_>,
    name: &TableName,
    version: SerdeVersion,
) -> Result<Described, Failed> {
    let lower = TableName::new(name.schema_name.to_lowercase(), name.table_name.to_lowercase());
    let response = match client.call(get_table(client, lower), version).await? {
        FederationResponse::GetTable(response) => response,
        other => return Err(client.wrong_answer("GetTable", &name.to_string(), &other)),
    };
    check_columns(client, name, &response);
    Ok(Described {
        name: response.table_name,
        schema: response.schema,
        partition_columns: response.partition_columns,
    })
}

fn check_columns(client: &Client<'_>, name: &TableName, response: &GetTableResponse) {
    let subject = name.to_string();
    let found = &response.table_name;
    if !found.to_string().eq_ignore_ascii_case(&subject) {
        client.find(
            Rule::Names,
            &subject,
            format!("GetTable returns the table {found}"),
        );
    }
    if let Err(error) = check_supported(&response.schema) {
        client.find(Rule::Columns, &subject, error.to_string());
    }
    let fields = response.schema.fields();
    let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
    for name in repeated(&names) {
        let text = format!("two columns are named `{name}` in lower case");
        client.find(Rule::Columns, &subject, text);
    }
    for column in &response.partition_columns {
        if !names.contains(column) {
            let text = format!("the partition column `{column}` is not a column of the schema");
            client.find(Rule::Columns, &subject, text);
        }
    }
    if fields.len() <= response.partition_columns.len() {
        client.find(
            Rule::Columns,
            &subject,
            "there is no column except partition columns",
        );
    }
}

/// A table that does not exist must be an error: an empty table would be a wrong answer.
pub(crate) async fn unknown_table(client: &Client<'_>, schema: &str, version: SerdeVersion) {
    let name = TableName::new(
        schema.to_lowercase(),
        format!("no_such_table_{}", uuid::Uuid::new_v4().simple()),
    );
    let request = get_table(client, name).into();
    if let Ok(Ok(_)) = client.try_call(&request, version).await {
        client.find(
            Rule::UnknownTable,
            "GetTable",
            "a table that does not exist has columns",
        );
    }
}

/// Capabilities that Athena knows, with the subtypes of each.
const CAPABILITIES: [(&str, &[&str]); 5] = [
    ("supports_limit_pushdown", &["integer_constant"]),
    ("supports_top_n_pushdown", &["SUPPORTS_ORDER_BY"]),
    (
        "supports_filter_pushdown",
        &[
            "sorted_range_set",
            "equatable_range_set",
            "all_or_none_value_set",
            "nullable_comparison",
        ],
    ),
    (
        "supports_complex_expression_pushdown",
        &["supported_function_expression_types"],
    ),
    ("data_source_hints", &["non_default_collate"]),
];

pub(crate) async fn capabilities(client: &Client<'_>, version: SerdeVersion) {
    if version < SerdeVersion::V4 {
        return;
    }
    let request = GetDataSourceCapabilitiesRequest {
        identity: client.identity(),
        query_id: Some(client.query_id()),
        catalog_name: client.catalog(),
    };
    let capabilities = match client.call(request, version).await {
        Ok(FederationResponse::GetDataSourceCapabilities(response)) => response.capabilities,
        Ok(other) => {
            client.wrong_answer("GetDataSourceCapabilities", "GetDataSourceCapabilities", &other);
            return;
        }
        Err(Failed) => return,
    };
    for (name, subtypes) in &capabilities {
        // Query passthrough is named as its function: SYSTEM.QUERY.
        let known = CAPABILITIES.iter().find(|(known, _)| known == name);
        let Some((_, known)) = known else {
            if !name.contains('.') {
                let text = format!("Athena knows no capability `{name}`");
                client.find(Rule::Capability, "GetDataSourceCapabilities", text);
            }
            continue;
        };
        for subtype in subtypes
            .iter()
            .filter(|subtype| !known.contains(&subtype.sub_type.as_str()))
        {
            let text = format!("{name}: Athena knows no subtype `{}`", subtype.sub_type);
            client.find(Rule::Capability, "GetDataSourceCapabilities", text);
        }
    }
}

/// Names that appear twice when their case is ignored, each once.
fn repeated(names: &[String]) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let lower = names.iter().map(|name| name.to_lowercase());
    lower.filter(|name| !seen.insert(name.clone())).collect()
}
