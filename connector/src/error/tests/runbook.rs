//! The runbook quotes real errors: each of its rows is the text of an error that is made here, and each of
//! these has a row.

use std::collections::BTreeSet;
use std::time::Duration;

use arrow::datatypes::DataType;
use protocol::{FederationRequest, SpillLocation, TableName, check_supported};
use spill::StoreError;
use topic::WriterSchemaError;
use tracing::instrument::WithSubscriber;

use crate::config::Config;
use crate::error::*;
use crate::registry::RegistryError;
use crate::testing::docs::{names_in_table, section};
use crate::testing::log::Lines;
use crate::testing::{TOPIC, World, soon};
use kafka::TopicId;
use kafka::auth::error::{AuthError, Credential};
use kafka::auth::failure::AuthenticationCause;
use kafka::auth::secret::SecretKey;
use kafka::{OffsetRange, TopicPartition};

const SECURITY: &str = include_str!("../../../../docs/security.md");

const WAITED: Duration = Duration::from_secs(57);

fn topic_partition() -> TopicPartition {
    TopicPartition {
        topic: "orders".into(),
        partition: 3,
    }
}

fn range() -> OffsetRange {
    OffsetRange::new(100, 200).unwrap()
}

fn invalid_setting(name: &'static str, value: &'static str) -> Error {
    let var = |asked: &str| (asked == name).then(|| value.to_owned());
    Config::from_vars(var).unwrap_err().into()
}

fn registry_errors() -> Vec<Error> {
    let what = || "schema `orders` in registry `customer`".to_owned();
    let not_found = || RegistryError::NotFound { what: what() };
    let registry = |error| Error::Catalog(CatalogError::Registry(error));
    let document = World::new(1);
    document
        .registry
        .register_schema("customer", "broken", "JSON", "{}");
    let broken = TableName::new("customer", "broken");
    let broken = futures::executor::block_on(document.parts.catalog.table(&broken)).unwrap_err();
    vec![
        registry(RegistryError::NotFound {
            what: "schema version `8f0c`".into(),
        }),
        registry(RegistryError::AccessDenied {
            operation: "GetSchemaVersion",
            what: what(),
            message: "User: arn:… is not authorized to perform: glue:GetSchemaVersion".into(),
        }),
        registry(RegistryError::Throttled {
            operation: "GetSchemaVersion",
            what: what(),
            message: "Rate exceeded".into(),
        }),
        registry(RegistryError::Unreachable {
            operation: "GetSchemaVersion",
            message: "dispatch failure".into(),
        }),
        registry(RegistryError::Failed {
            operation: "GetSchemaVersion",
            what: what(),
            message: "InternalServiceException".into(),
        }),
        CatalogError::UnknownSchema {
            name: "customer".into(),
        }
        .into(),
        CatalogError::UnknownTable {
            name: TableName::new("customer", "orders"),
        }
        .into(),
        CatalogError::Ambiguous {
            kind: "registry",
            name: "customer".into(),
            first: "Customer".into(),
            second: "CUSTOMER".into(),
        }
        .into(),
        CatalogError::TooManyNames { kind: "tables" }.into(),
        CatalogError::Reference {
            registry: "customer".into(),
            schema: "orders".into(),
            source: not_found(),
        }
        .into(),
        broken.into(),
        Error::NoAnswer {
            whom: "the schema registry".into(),
            wanted: "table `customer.orders`".into(),
            waited: WAITED,
        },
    ]
}

fn table_errors() -> Vec<Error> {
    vec![
        Error::Table {
            table: "customer.orders".into(),
            source: Box::new(TableError::NotNullable { column: "id".into() }),
        },
        FilterError::Types {
            column: "id".into(),
            set: DataType::Utf8,
            found: DataType::Int64,
        }
        .into(),
        Error::NoSchemaName,
        Error::QueryPassthrough,
        Error::UnsupportedType {
            table: TableName::new("customer", "orders"),
            source: unsupported_type(),
        },
    ]
}

fn unsupported_type() -> protocol::UnsupportedType {
    use arrow::datatypes::{Field, Schema};
    let schema = Schema::new(vec![Field::new(
        "id",
        DataType::Duration(arrow::datatypes::TimeUnit::Second),
        true,
    )]);
    check_supported(&schema).unwrap_err()
}

fn kafka_errors() -> Vec<Error> {
    use KafkaError as Kafka;
    let reason = || "b-1:9092/bootstrap: Connect to ipv4#10.0.0.1:9092 failed: Connection refused".to_owned();
    let look_up = |wanted| Kafka::LookUp {
        topic: "orders".into(),
        wanted,
        waited: WAITED,
        reason: reason(),
    };
    let id = |byte| TopicId::from_bytes([byte; TopicId::BYTES]).unwrap();
    let errors = [
        Kafka::Client { reason: reason() },
        Kafka::UnknownCluster {
            name: "other".into(),
            known: "main".into(),
        },
        Kafka::UnknownTopic {
            topic: "orders".into(),
        },
        Kafka::UnknownPartition(topic_partition()),
        Kafka::Unauthorized {
            place: "topic `orders`".into(),
            reason: "Broker: Topic authorization failed".into(),
        },
        look_up("partitions"),
        look_up("earliest offsets"),
        Kafka::Recreated {
            topic: "orders".into(),
            planned: id(1),
            found: id(2),
        },
        Kafka::Expired {
            topic_partition: topic_partition(),
            expired: range(),
        },
        Kafka::Truncated {
            topic_partition: topic_partition(),
            high: 150,
            end: 200,
        },
        Kafka::Unreadable {
            topic_partition: topic_partition(),
            position: 150,
            range: range(),
            code: kafka::error::RDKafkaErrorCode::BadMessage,
            reason: "Local: Bad message format".into(),
        },
        Kafka::Stalled {
            topic_partition: topic_partition(),
            position: 150,
            range: range(),
            waited: WAITED,
            broker_error: Some(reason()),
        },
        Kafka::Cancelled {
            topic_partition: topic_partition(),
            position: 150,
        },
    ];
    let mut errors: Vec<Error> = errors.into_iter().map(Error::from).collect();
    errors.extend(login_errors().into_iter().map(Error::from));
    errors
}

fn login_errors() -> Vec<KafkaError> {
    use AuthenticationCause as Cause;
    let causes = [
        Cause::Credentials,
        Cause::Mechanism,
        Cause::Token,
        Cause::BrokerCertificate,
        Cause::BrokerAuthority,
        Cause::BrokerCertificateExpired,
        Cause::BrokerName,
        Cause::NoClientCertificate,
        Cause::ClientCertificateExpired,
        Cause::ClientCertificate,
        Cause::Tls,
    ];
    let refused = causes.map(|cause| KafkaError::Authentication {
        cause,
        reason: "SSL handshake failed".into(),
    });
    let id = || "AmazonMSK_orders".to_owned();
    let object = || "s3://certs/kafka.client.truststore.jks".to_owned();
    let missing = [
        AuthError::Missing {
            auth_type: "SASL_SSL_PLAIN",
            credential: Credential::Secret,
        },
        AuthError::MissingKey {
            needed_by: "`auth_type` SASL_SSL_PLAIN".into(),
            id: id(),
            key: SecretKey::Password,
        },
        AuthError::Secret {
            id: id(),
            reason: "AccessDeniedException".into(),
        },
        AuthError::Object {
            object: object(),
            reason: "AccessDenied".into(),
        },
        AuthError::Store {
            object: object(),
            reason: "cannot be opened with the secret's truststore_password".into(),
        },
    ];
    refused.into_iter().chain(missing.map(KafkaError::from)).collect()
}

fn other_errors() -> Vec<Error> {
    let put = |reason: &str| {
        let location = SpillLocation {
            bucket: "spill".into(),
            key: "athena-spill/8f0c/1.0".into(),
            directory: false,
        };
        let put = StoreError::Put {
            location,
            bytes: 7,
            reason: reason.into(),
        };
        Error::from(SpillError::from(put))
    };
    let bad_record = |source: WriterSchemaError| Error::BadRecord {
        topic_partition: topic_partition(),
        offset: 150,
        reason: source.to_string(),
    };
    let no_registry = || WriterSchemaError::NoRegistry {
        id: "7".into(),
        reason: "set schema_registry_url to the Confluent registry it is in",
    };
    let wrong_token = TokenError::Version { found: 1 };
    vec![
        Config::from_vars(|_| None)
            .unwrap()
            .spill_bucket()
            .unwrap_err()
            .into(),
        invalid_setting("on_bad_record", "drop"),
        invalid_setting("auth_type", "KERBEROS"),
        FederationRequest::decode(b"{").unwrap_err().into(),
        Error::UnknownRequest("UserDefinedFunctionRequest"),
        wrong_token.into(),
        PropertyError::Missing { name: "topic" }.into(),
        Error::SpillKeyTooLong {
            bytes: 1200,
            limit_bytes: 1000,
        },
        ConfigError::PutHeaders {
            reason: "`x key` is not a valid HTTP header name".into(),
        }
        .into(),
        ConfigError::Secret {
            variable: "kafka_endpoint".into(),
            reason: "secret `team/brokers`: AccessDeniedException".into(),
        }
        .into(),
        ConfigError::SecretValue {
            variable: "auth_type".into(),
        }
        .into(),
        ConfigError::GlueConnection {
            name: "msk".into(),
            reason: "EntityNotFoundException".into(),
        }
        .into(),
        SessionError::from_reason("its key is not the one it was encrypted with").into(),
        spill_key_error(false),
        spill_key_error(true),
        SpillError::from(StoreError::NoBucket {
            bucket: "spill".into(),
            reason: "NotFound".into(),
        })
        .into(),
        SpillError::from(StoreError::CheckBucket {
            bucket: "spill".into(),
            reason: "HTTP status 301".into(),
        })
        .into(),
        put("NoSuchBucket: The specified bucket does not exist"),
        put("AccessDenied: not authorized to perform: kms:GenerateDataKey"),
        SpillError::NoDirectory.into(),
        SpillError::NoColumns { rows: 7 }.into(),
        Error::NoAnswer {
            whom: "spill bucket `spill`".into(),
            wanted: "the upload of a block".into(),
            waited: WAITED,
        },
        Error::QueryOver {
            query_id: "8f0c".into(),
            state: "CANCELLED".into(),
        },
        Error::DeadlineExceeded {
            request: "ReadRecordsRequest",
            limit: WAITED,
        },
        Error::BadRecord {
            topic_partition: topic_partition(),
            offset: 150,
            reason: "wanted JSON".into(),
        },
        bad_record(WriterSchemaError::Unknown { id: "7".into() }),
        bad_record(no_registry()),
        bad_record(WriterSchemaError::Unusable {
            id: "7".into(),
            reason: "it refers to version 1 of subject `a`, which the Confluent registry does not have"
                .into(),
        }),
        Error::NoSchemaRegistry {
            topic_partition: topic_partition(),
            offset: 150,
            reason: no_registry().to_string(),
        },
        Error::WriterSchema {
            topic_partition: topic_partition(),
            offset: 150,
            source: WriterSchemaError::Unavailable {
                id: "7".into(),
                reason: "the Confluent registry answered 500".into(),
            },
        },
        Error::Internal("the connector panicked: …".into()),
    ]
}

fn spill_key_error(throttled: bool) -> Error {
    let error = SpillKeyError {
        operation: "GenerateDataKey",
        key_id: "alias/spill".into(),
        reason: "AccessDeniedException".into(),
        throttled,
    };
    error.into()
}

fn errors() -> Vec<Error> {
    [registry_errors(), table_errors(), kafka_errors(), other_errors()]
        .into_iter()
        .flatten()
        .collect()
}

/// Code in the first cells of all rows.
fn first_cells(text: &str) -> Vec<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.filter_map(|row| Some(row.split_once(" | ")?.0));
    cells.flat_map(code_spans).collect()
}

fn code_spans(cell: &str) -> Vec<String> {
    let mut spans = Vec::new();
    let mut rest = cell;
    while let Some(start) = rest.find('`') {
        let ticks = rest[start..].bytes().take_while(|byte| *byte == b'`').count();
        let fence = &rest[start..start + ticks];
        let text = &rest[start + ticks..];
        let end = text.find(fence).expect("code that ends");
        spans.push(text[..end].to_owned());
        rest = &text[end + ticks..];
    }
    spans
}

/// Whether a message begins with `row`, whose `…` stand for any text. Backticks are ignored, since Markdown
/// cannot quote them easily.
fn matches(row: &str, message: &str) -> bool {
    let (row, message) = (row.replace('`', ""), message.replace('`', ""));
    let begins = row
        .split('…')
        .next()
        .is_some_and(|part| message.starts_with(part));
    begins && contains(&row, &message)
}

/// Whether all parts of `row` are contained, in this order.
fn contains(row: &str, message: &str) -> bool {
    let message = message.replace('`', "");
    let mut rest = message.as_str();
    row.replace('`', "").split('…').all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

#[test]
fn every_row_of_the_runbook_is_what_an_error_says() {
    let messages: Vec<_> = errors().iter().map(Error::full_message).collect();
    let (_, security) = SECURITY.split_once("## Errors").unwrap();
    let runbook = section("Runbook");
    let warnings = first_cells(runbook_warnings());
    let rows = first_cells(runbook)
        .into_iter()
        .filter(|row| !warnings.contains(row));
    for row in rows {
        let found = messages.iter().any(|message| matches(&row, message));
        assert!(found, "no error says `{row}`");
    }
    // Rows of the page on security are parts of messages.
    for part in first_cells(security) {
        let found = messages.iter().any(|message| contains(&part, message));
        assert!(found, "no error says `{part}`");
    }
}

#[test]
fn every_error_has_a_row_in_the_runbook() {
    let rows = first_cells(section("Runbook"));
    for error in errors() {
        let message = error.full_message();
        let found = rows.iter().any(|row| matches(row, &message));
        assert!(found, "no row for: {message}");
    }
}

#[test]
fn the_reference_has_a_row_for_every_kind_of_error_and_for_no_other() {
    let kinds: BTreeSet<_> = errors().iter().map(|error| error.kind().to_owned()).collect();
    assert_eq!(names_in_table("Kinds of errors"), kinds);
}

fn runbook_warnings() -> &'static str {
    let (_, warnings) = section("Records").split_once("| warning |").unwrap();
    warnings
}

#[tokio::test]
async fn the_warnings_of_the_runbook_are_logged() {
    let world = World::new(1);
    world.produce([1]);
    world.append(Some("no JSON"));
    world.append(Some(r#"{"id": "no number"}"#));
    let request = world.read_request(0, 3).await;
    world.broker.expire(TOPIC, 0, 1);
    let lines = Lines::default();
    let read = crate::records::read_records(&world.parts, request, soon());
    read.with_subscriber(lines.subscriber()).await.unwrap();
    let logged: BTreeSet<_> = lines
        .take()
        .iter()
        .filter(|line| line["level"] == "WARN")
        .map(|line| line["message"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(BTreeSet::from_iter(first_cells(runbook_warnings())), logged);
}
