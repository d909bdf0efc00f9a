//! Forms of the responses, which are the same in versions 2 to 6.

use crate::shape::Shape::{Flag, Number, Object, OrNull, Root, Text, Texts};
use crate::shape::{Field, Node, Shape, field, optional};

const TABLE_NAME: Shape = Object(&[field("schemaName", Text), field("tableName", Text)]);
const BLOCK: Shape = Object(&[
    field("aId", OrNull(&Text)),
    field("schema", Text),
    field("records", Text),
]);
const LOCATION: Shape = Shape::Typed(
    "S3SpillLocation",
    &[
        field("bucket", Text),
        field("key", Text),
        field("directory", Flag),
    ],
);
const KEY: Shape = Object(&[field("key", Text), field("nonce", Text)]);
const SPLIT: Shape = Object(&[
    field("spillLocation", OrNull(&LOCATION)),
    field("encryptionKey", OrNull(&KEY)),
    field("properties", Texts),
]);
const SUB_TYPE: Shape = Object(&[field("subType", Text), field("properties", Shape::List(&Text))]);

/// Catalog, which begins most responses.
const CATALOG: Field = field("catalogName", Text);

const RESPONSES: [Shape; 9] = [
    Root(
        "PingResponse",
        &[
            CATALOG,
            field("queryId", Text),
            field("sourceType", OrNull(&Text)),
            field("capabilities", Number),
            optional("serDeVersion", Number),
        ],
    ),
    Root(
        "ListSchemasResponse",
        &[CATALOG, field("schemas", Shape::List(&Text))],
    ),
    Root(
        "ListTablesResponse",
        &[
            field("tables", Shape::List(&TABLE_NAME)),
            CATALOG,
            optional("nextToken", OrNull(&Text)),
        ],
    ),
    Root(
        "GetTableResponse",
        &[
            CATALOG,
            field("tableName", TABLE_NAME),
            field("schema", Text),
            field("partitionColumns", Shape::List(&Text)),
        ],
    ),
    Root(
        "GetTableLayoutResponse",
        &[
            CATALOG,
            field("tableName", TABLE_NAME),
            field("partitions", BLOCK),
        ],
    ),
    Root(
        "GetSplitsResponse",
        &[
            CATALOG,
            field("splits", Shape::List(&SPLIT)),
            field("continuationToken", OrNull(&Text)),
        ],
    ),
    Root("ReadRecordsResponse", &[CATALOG, field("records", BLOCK)]),
    Root(
        "RemoteReadRecordsResponse",
        &[
            CATALOG,
            field("schema", Text),
            field("remoteBlocks", Shape::List(&LOCATION)),
            field("encryptionKey", OrNull(&KEY)),
        ],
    ),
    Root(
        "GetDataSourceCapabilitiesResponse",
        &[
            CATALOG,
            field("capabilities", Shape::Map(&Shape::List(&SUB_TYPE))),
        ],
    ),
];

/// Faults of a response, whichever it is.
pub(crate) fn faults(response: &Node) -> Vec<String> {
    let Some(name) = response.type_name() else {
        return vec!["@type is missing".to_owned()];
    };
    let shape = RESPONSES
        .iter()
        .find(|shape| matches!(shape, Root(own, _) if *own == name));
    match shape {
        Some(shape) => shape.faults(response),
        None => vec![format!("@type `{name}` is not a response")],
    }
}
