//! Calls of Flight, each taken apart once and passed on.

use std::pin::Pin;
use std::sync::{Arc, LazyLock};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use arrow_flight::flight_descriptor::DescriptorType;
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::metadata::{SqlInfoData, XdbcTypeInfoData};
use arrow_flight::sql::{
    ActionCancelQueryRequest, ActionCancelQueryResult, ActionClosePreparedStatementRequest,
    ActionCreatePreparedStatementRequest, Any, Command, CommandGetTableTypes, DoPutPreparedStatementResult,
    DoPutUpdateResult, ProstMessageExt, TicketStatementQuery,
};
use arrow_flight::{
    Action, ActionType, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, Criteria, Empty,
    FlightData, FlightDescriptor, FlightEndpoint, FlightInfo, HandshakeRequest, HandshakeResponse, PollInfo,
    PutResult, SchemaResult, Ticket,
};
use bytes::Bytes;
use futures::future::ready;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use prost::Message;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

use crate::engine::{Context, Engine};
use crate::login::{Token, bearer};
use crate::statements::Statements;
use crate::status::{encoding, flight, undecodable};
use crate::wire::{message, schema_bytes};
use crate::{catalog, info, literals};

const CREATE_PREPARED_STATEMENT: &str = "CreatePreparedStatement";
const CLOSE_PREPARED_STATEMENT: &str = "ClosePreparedStatement";
const CANCEL_QUERY: &str = "CancelQuery";
const CANCEL_FLIGHT_INFO: &str = "CancelFlightInfo";

/// Actions, and what they take and return.
const ACTIONS: [(&str, &str); 4] = [
    (
        CREATE_PREPARED_STATEMENT,
        "ActionCreatePreparedStatementRequest -> ActionCreatePreparedStatementResult",
    ),
    (
        CLOSE_PREPARED_STATEMENT,
        "ActionClosePreparedStatementRequest -> nothing",
    ),
    (
        CANCEL_QUERY,
        "ActionCancelQueryRequest -> ActionCancelQueryResult",
    ),
    (
        CANCEL_FLIGHT_INFO,
        "CancelFlightInfoRequest -> CancelFlightInfoResult",
    ),
];

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The calls of Flight over an engine.
pub(crate) struct Service {
    engine: Arc<dyn Engine>,
    statements: Arc<Statements>,
    token: Option<Token>,
}

impl Service {
    pub(crate) fn new(engine: Arc<dyn Engine>, statements: Arc<Statements>, token: Option<Token>) -> Self {
        Self {
            engine,
            statements,
            token,
        }
    }

    fn sql_info(&self) -> Result<SqlInfoData, Status> {
        info::sql_info(self.engine.info())
    }

    /// Rows of a command that asks for metadata; `None` for other commands.
    async fn metadata(&self, command: Command) -> Result<Option<RecordBatch>, Status> {
        let engine = self.engine.as_ref();
        Ok(Some(match command {
            Command::CommandGetCatalogs(_) => catalog::catalogs(engine).await?,
            Command::CommandGetDbSchemas(command) => catalog::schemas(engine, command).await?,
            Command::CommandGetTables(command) => catalog::tables(engine, command).await?,
            Command::CommandGetTableTypes(_) => catalog::table_types()?,
            Command::CommandGetSqlInfo(command) => {
                command.into_builder(&self.sql_info()?).build().map_err(flight)?
            }
            Command::CommandGetXdbcTypeInfo(command) => {
                let types: XdbcTypeInfoData = info::types()?;
                command.into_builder(&types).build().map_err(flight)?
            }
            other => match metadata_schema(&other) {
                // Topics have no keys.
                Some(schema) => RecordBatch::new_empty(schema),
                None => return Ok(None),
            },
        }))
    }

    /// Cancels the query of a ticket.
    fn cancel(&self, info: FlightInfo) -> Result<CancelStatus, Status> {
        let mut found = CancelStatus::NotCancellable;
        for ticket in info.endpoint.into_iter().filter_map(|endpoint| endpoint.ticket) {
            if let Command::TicketStatementQuery(ticket) = command(&ticket.ticket)?
                && self.statements.reads.cancel(&ticket.statement_handle)
            {
                found = CancelStatus::Cancelled;
            }
        }
        Ok(found)
    }

    async fn statement_rows(&self, handle: &[u8]) -> Result<Answers<FlightData>, Status> {
        let (read, schema) = self.statements.reads.begin(handle).await?;
        let clock = read.clock();
        Ok(encoded(schema, read).inspect(move |_| clock.restart()).boxed())
    }
}

#[tonic::async_trait]
impl FlightService for Service {
    type HandshakeStream = Answers<HandshakeResponse>;
    type ListFlightsStream = Answers<FlightInfo>;
    type DoGetStream = Answers<FlightData>;
    type DoPutStream = Answers<PutResult>;
    type DoActionStream = Answers<arrow_flight::Result>;
    type ListActionsStream = Answers<ActionType>;
    type DoExchangeStream = Answers<FlightData>;

    /// Login by a header, which has been checked like that of any call: the answer's header is the one of later calls.
    async fn handshake(
        &self,
        _request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        let answer = HandshakeResponse::default();
        let mut response = Response::new(once(Ok(answer)));
        response
            .metadata_mut()
            .insert("authorization", bearer(self.token.as_ref())?);
        Ok(response)
    }

    async fn list_flights(
        &self,
        _request: Request<Criteria>,
    ) -> Result<Response<Self::ListFlightsStream>, Status> {
        Err(unsupported("ListFlights"))
    }

    async fn get_flight_info(
        &self,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let context = context(request.metadata())?;
        let descriptor = request.into_inner();
        let (handle, schema) = match described(&descriptor)? {
            Command::CommandStatementQuery(query) => self.statements.execute(&query.query, &context).await?,
            Command::CommandPreparedStatementQuery(query) => {
                let handle = &query.prepared_statement_handle;
                self.statements.execute_prepared(handle).await?
            }
            other => {
                let schema = metadata_schema(&other).ok_or_else(|| unsupported(other.type_url()))?;
                // The command itself is the ticket: it may be read as often as one wants.
                let ticket = descriptor.cmd.clone();
                return Ok(Response::new(flight_info(descriptor, &schema, ticket)?));
            }
        };
        let ticket = TicketStatementQuery {
            statement_handle: handle.into(),
        };
        let ticket = ticket.as_any().encode_to_vec().into();
        Ok(Response::new(flight_info(descriptor, &schema, ticket)?))
    }

    async fn poll_flight_info(
        &self,
        _request: Request<FlightDescriptor>,
    ) -> Result<Response<PollInfo>, Status> {
        Err(unsupported("PollFlightInfo"))
    }

    async fn get_schema(&self, request: Request<FlightDescriptor>) -> Result<Response<SchemaResult>, Status> {
        let context = context(request.metadata())?;
        let schema = match described(request.get_ref())? {
            Command::CommandStatementQuery(query) => self.statements.schema(&query.query, &context).await?,
            Command::CommandPreparedStatementQuery(query) => self
                .statements
                .prepared_schema(&query.prepared_statement_handle)?,
            other => metadata_schema(&other).ok_or_else(|| unsupported(other.type_url()))?,
        };
        let schema = schema_bytes(&schema)?;
        Ok(Response::new(SchemaResult { schema }))
    }

    async fn do_get(&self, request: Request<Ticket>) -> Result<Response<Self::DoGetStream>, Status> {
        let rows = match command(&request.get_ref().ticket)? {
            Command::TicketStatementQuery(ticket) => self.statement_rows(&ticket.statement_handle).await?,
            Command::CommandPreparedStatementQuery(query) => {
                let started = self
                    .statements
                    .execute_prepared(&query.prepared_statement_handle)
                    .await?;
                self.statement_rows(&started.0).await?
            }
            other => {
                let url = other.type_url().to_owned();
                let rows = self.metadata(other).await?.ok_or_else(|| unsupported(&url))?;
                encoded(rows.schema(), once(Ok(rows)))
            }
        };
        Ok(Response::new(rows))
    }

    async fn do_put(
        &self,
        request: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoPutStream>, Status> {
        let context = context(request.metadata())?;
        let mut messages = request.into_inner();
        let first = messages.message().await?;
        let first = first.ok_or_else(|| Status::invalid_argument("DoPut: the first message is missing"))?;
        let descriptor = first.flight_descriptor.clone().unwrap_or_default();
        let messages = once(Ok(first)).chain(messages);
        let count = match described(&descriptor)? {
            Command::CommandStatementUpdate(update) => {
                self.statements.update(&update.query, &context).await?
            }
            Command::CommandPreparedStatementUpdate(update) => {
                let rows = self.parameters(messages).await?;
                let handle = &update.prepared_statement_handle;
                self.statements.update_prepared(handle, rows).await?
            }
            Command::CommandPreparedStatementQuery(query) => {
                let rows = self.parameters(messages).await?;
                self.statements.bind(&query.prepared_statement_handle, rows)?;
                let result = DoPutPreparedStatementResult {
                    prepared_statement_handle: Some(query.prepared_statement_handle),
                };
                let result = PutResult {
                    app_metadata: result.encode_to_vec().into(),
                };
                return Ok(Response::new(once(Ok(result))));
            }
            other => return Err(unsupported(other.type_url())),
        };
        let result = DoPutUpdateResult { record_count: count };
        let result = PutResult {
            app_metadata: result.encode_to_vec().into(),
        };
        Ok(Response::new(once(Ok(result))))
    }

    async fn do_action(&self, request: Request<Action>) -> Result<Response<Self::DoActionStream>, Status> {
        let context = context(request.metadata())?;
        let action = request.into_inner();
        let body = match action.r#type.as_str() {
            CREATE_PREPARED_STATEMENT => {
                let action: ActionCreatePreparedStatementRequest = unpacked(&action)?;
                let prepared = self.statements.prepare(action.query, context).await?;
                prepared.as_any().encode_to_vec()
            }
            CLOSE_PREPARED_STATEMENT => {
                let action: ActionClosePreparedStatementRequest = unpacked(&action)?;
                self.statements.close(&action.prepared_statement_handle);
                return Ok(Response::new(stream::empty().boxed()));
            }
            CANCEL_QUERY => {
                let action: ActionCancelQueryRequest = unpacked(&action)?;
                let info = message(&action.info, "the FlightInfo")?;
                let result = self.cancel(info)? as i32;
                ActionCancelQueryResult { result }.as_any().encode_to_vec()
            }
            CANCEL_FLIGHT_INFO => {
                let action: CancelFlightInfoRequest = message(&action.body, CANCEL_FLIGHT_INFO)?;
                let status = self.cancel(action.info.unwrap_or_default())?;
                let mut result = CancelFlightInfoResult::default();
                result.set_status(status);
                result.encode_to_vec()
            }
            other => return Err(unsupported(other)),
        };
        let body = body.into();
        Ok(Response::new(once(Ok(arrow_flight::Result { body }))))
    }

    async fn list_actions(
        &self,
        _request: Request<Empty>,
    ) -> Result<Response<Self::ListActionsStream>, Status> {
        let actions = ACTIONS.map(|(name, description)| {
            Ok(ActionType {
                r#type: name.to_owned(),
                description: description.to_owned(),
            })
        });
        Ok(Response::new(stream::iter(actions).boxed()))
    }

    async fn do_exchange(
        &self,
        _request: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        Err(unsupported("DoExchange"))
    }
}

impl Service {
    /// Rows of parameters as literals, within the limit.
    async fn parameters(
        &self,
        messages: impl Stream<Item = Result<FlightData, Status>> + Send + 'static,
    ) -> Result<Vec<Vec<String>>, Status> {
        // Without parameters, a message has the command alone.
        let messages = messages.try_filter(|message| ready(!message.data_header.is_empty()));
        let messages = messages.map_err(FlightError::from);
        let mut batches = FlightRecordBatchStream::new_from_flight_data(messages);
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(|error| match error {
                FlightError::Tonic(status) => *status,
                error => undecodable("the parameters", error),
            })?;
            let found = literals::rows(&batch)?;
            bytes += found.iter().flatten().map(String::len).sum::<usize>();
            let limit = self.statements.limits().parameter_bytes;
            if bytes > limit {
                return Err(Status::resource_exhausted(format!(
                    "the parameters take more than {limit} bytes"
                )));
            }
            rows.extend(found);
        }
        Ok(rows)
    }
}

fn once<T: Send + 'static>(value: Result<T, Status>) -> Answers<T> {
    stream::iter([value]).boxed()
}

/// Batches on their way, encoded one after the other as the client takes them.
fn encoded(
    schema: SchemaRef,
    batches: impl Stream<Item = Result<RecordBatch, Status>> + Send + 'static,
) -> Answers<FlightData> {
    let batches = batches.map_err(FlightError::from);
    let messages = FlightDataEncoderBuilder::new().with_schema(schema).build(batches);
    messages.map_err(flight).boxed()
}

fn command(bytes: &[u8]) -> Result<Command, Status> {
    let any: Any = message(bytes, "the command")?;
    Command::try_from(any).map_err(|error| undecodable("the command", error))
}

fn described(descriptor: &FlightDescriptor) -> Result<Command, Status> {
    match descriptor.r#type() {
        DescriptorType::Cmd => command(&descriptor.cmd),
        _ => Err(Status::invalid_argument(
            "wanted a FlightDescriptor with a command of Flight SQL",
        )),
    }
}

fn unpacked<M: ProstMessageExt>(action: &Action) -> Result<M, Status> {
    let any: Any = message(&action.body, &action.r#type)?;
    let unpacked = any.unpack().map_err(|error| undecodable(&action.r#type, error))?;
    unpacked.ok_or_else(|| {
        Status::invalid_argument(format!(
            "{}: wanted {}, found {}",
            action.r#type,
            M::type_url(),
            any.type_url
        ))
    })
}

fn unsupported(what: &str) -> Status {
    let what = what.rsplit('.').next().unwrap_or_default();
    Status::unimplemented(format!("{what} is not supported"))
}

/// Headers `catalog` and `schema` of a call: JDBC's driver sends the parameters of its URL as headers.
fn context(headers: &MetadataMap) -> Result<Context, Status> {
    let header = |name: &str| match headers.get(name).map(|value| value.to_str()) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(text.to_owned()).filter(|text| !text.is_empty())),
        Some(Err(_)) => Err(Status::invalid_argument(format!(
            "the header `{name}` is not ASCII"
        ))),
    };
    Ok(Context {
        catalog: header("catalog")?,
        schema: header("schema")?,
    })
}

fn flight_info(descriptor: FlightDescriptor, schema: &Schema, ticket: Bytes) -> Result<FlightInfo, Status> {
    let endpoint = FlightEndpoint::new().with_ticket(Ticket { ticket });
    let info = FlightInfo::new().try_with_schema(schema).map_err(encoding)?;
    Ok(info
        .with_descriptor(descriptor)
        .with_endpoint(endpoint)
        .with_total_records(-1)
        .with_total_bytes(-1)
        .with_ordered(true))
}

/// Columns of a command that asks for metadata; `None` for other commands.
fn metadata_schema(command: &Command) -> Option<SchemaRef> {
    Some(match command {
        Command::CommandGetCatalogs(command) => command.into_builder().schema(),
        Command::CommandGetDbSchemas(command) => command.clone().into_builder().schema(),
        Command::CommandGetTables(command) => command.clone().into_builder().schema(),
        Command::CommandGetTableTypes(_) => CommandGetTableTypes {}.into_builder().schema(),
        Command::CommandGetSqlInfo(_) => {
            Arc::new(arrow_flight::sql::metadata::SqlInfoDataBuilder::schema().clone())
        }
        Command::CommandGetXdbcTypeInfo(_) => info::types().ok()?.schema(),
        Command::CommandGetPrimaryKeys(_) => Arc::clone(&PRIMARY_KEYS),
        Command::CommandGetExportedKeys(_)
        | Command::CommandGetImportedKeys(_)
        | Command::CommandGetCrossReference(_) => Arc::clone(&FOREIGN_KEYS),
        _ => return None,
    })
}

/// Columns of `CommandGetPrimaryKeys`, from `FlightSql.proto`.
static PRIMARY_KEYS: LazyLock<SchemaRef> = LazyLock::new(|| {
    columns(&[
        ("catalog_name", DataType::Utf8, true),
        ("db_schema_name", DataType::Utf8, true),
        ("table_name", DataType::Utf8, false),
        ("column_name", DataType::Utf8, false),
        ("key_sequence", DataType::Int32, false),
        ("key_name", DataType::Utf8, true),
    ])
});

/// Columns of `CommandGetExportedKeys` and its like, from `FlightSql.proto`.
static FOREIGN_KEYS: LazyLock<SchemaRef> = LazyLock::new(|| {
    columns(&[
        ("pk_catalog_name", DataType::Utf8, true),
        ("pk_db_schema_name", DataType::Utf8, true),
        ("pk_table_name", DataType::Utf8, false),
        ("pk_column_name", DataType::Utf8, false),
        ("fk_catalog_name", DataType::Utf8, true),
        ("fk_db_schema_name", DataType::Utf8, true),
        ("fk_table_name", DataType::Utf8, false),
        ("fk_column_name", DataType::Utf8, false),
        ("key_sequence", DataType::Int32, false),
        ("fk_key_name", DataType::Utf8, true),
        ("pk_key_name", DataType::Utf8, true),
        ("update_rule", DataType::UInt8, false),
        ("delete_rule", DataType::UInt8, false),
    ])
});

fn columns(columns: &[(&str, DataType, bool)]) -> SchemaRef {
    let fields = columns.iter();
    let fields = fields.map(|(name, ty, nullable)| Field::new(*name, ty.clone(), *nullable));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
