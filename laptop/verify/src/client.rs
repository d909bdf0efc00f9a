//! One call: encoded at a version, its response checked and decoded.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{FederatedIdentity, FederationRequest, FederationResponse, SerdeVersion, TableName};
use spill::{BlockStore, MAX_RESPONSE_BYTES, SpillReader};

use crate::ask::{Ask, AskError};
use crate::report::{Report, Rule};
use crate::shape::Node;
use crate::{arrow_form, responses};

/// What is verified, and how much of it.
#[derive(Debug, Clone)]
pub struct Options {
    /// Name of the catalog in requests.
    pub catalog: String,
    /// Tables; if empty, those that the connector lists.
    pub tables: Vec<TableName>,
    /// Maximum number of listed tables whose rows are read.
    pub max_tables: usize,
    /// Maximum number of rows of a table that are compared. Of a longer table, the first splits are compared inline
    /// and spilled, and nothing else.
    pub max_rows: usize,
    /// Maximum number of columns of a table that predicates are made for.
    pub max_columns: usize,
    /// Oldest version of the protocol that requests are sent in.
    pub oldest: SerdeVersion,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            catalog: "verify".to_owned(),
            tables: Vec::new(),
            max_tables: 20,
            max_rows: 100_000,
            max_columns: 10,
            oldest: SerdeVersion::V2,
        }
    }
}

/// Client of the connector, with the report that it fills.
pub(crate) struct Client<'a> {
    ask: &'a dyn Ask,
    pub(crate) reader: SpillReader,
    pub(crate) options: &'a Options,
    report: Mutex<Report>,
}

/// Failed call, which is in the report already; or one that the connector answered with an error.
#[derive(Debug)]
pub(crate) struct Failed;

impl<'a> Client<'a> {
    pub(crate) fn new(ask: &'a dyn Ask, blocks: Arc<dyn BlockStore>, options: &'a Options) -> Self {
        Self {
            ask,
            reader: SpillReader::new(blocks),
            options,
            report: Mutex::default(),
        }
    }

    pub(crate) fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn into_report(self) -> Report {
        self.report.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn find(&self, rule: Rule, subject: impl Into<String>, text: impl Into<String>) {
        self.report().find(rule, subject, text);
    }

    /// Makes a call that must succeed. A failure is reported.
    pub(crate) async fn call(
        &self,
        request: impl Into<FederationRequest>,
        version: SerdeVersion,
    ) -> Result<FederationResponse, Failed> {
        let request = request.into();
        let subject = subject(&request);
        match self.try_call(&request, version).await? {
            Ok(response) => Ok(response),
            Err(error) => {
                let call = request.name();
                let text = format!("{call} in version {version} fails: {error}");
                self.find(Rule::CallFails, subject, text);
                Err(Failed)
            }
        }
    }

    /// Makes a call that may fail with an error of the connector.
    pub(crate) async fn try_call(
        &self,
        request: &FederationRequest,
        version: SerdeVersion,
    ) -> Result<Result<FederationResponse, AskError>, Failed> {
        let (call, subject) = (request.name(), subject(request));
        let bytes = match request.encode(version) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.report().note(format!(
                    "{subject}: {call} in version {version} cannot be written: {error}"
                ));
                return Err(Failed);
            }
        };
        *self.report().calls.entry(call).or_default() += 1;
        let response = match self.ask.ask(bytes).await {
            Ok(response) => response,
            Err(error) => return Ok(Err(error)),
        };
        self.check(call, &subject, &response, version)?;
        match FederationResponse::decode(&response) {
            Ok(response) => Ok(Ok(response)),
            Err(error) => {
                self.find(
                    Rule::ResponseForm,
                    subject,
                    format!("the response to {call}: {error}"),
                );
                Err(Failed)
            }
        }
    }

    fn check(&self, call: &str, subject: &str, response: &[u8], version: SerdeVersion) -> Result<(), Failed> {
        if response.len() > MAX_RESPONSE_BYTES {
            let bytes = response.len();
            let text =
                format!("the response to {call} has {bytes} bytes, Lambda allows {MAX_RESPONSE_BYTES}");
            self.find(Rule::ResponseSize, subject, text);
        }
        let node = match serde_json::from_slice::<Node>(response) {
            Ok(node) => node,
            Err(error) => {
                let text = format!("the response to {call} is not JSON: {error}");
                self.find(Rule::ResponseForm, subject, text);
                return Err(Failed);
            }
        };
        // Version 1 has another form, and keys in any order.
        if version > SerdeVersion::V1 {
            for fault in responses::faults(&node) {
                self.find(
                    Rule::ResponseForm,
                    subject,
                    format!("the response to {call}: {fault}"),
                );
            }
            for fault in arrow_form::faults(&node) {
                self.find(
                    Rule::ArrowForm,
                    subject,
                    format!("the response to {call}: {fault}"),
                );
            }
        }
        Ok(())
    }

    /// Reports a response of another call.
    pub(crate) fn wrong_answer(&self, call: &str, subject: &str, answer: &FederationResponse) -> Failed {
        let text = format!("the response to {call} is {}", answer.name());
        self.find(Rule::ResponseForm, subject, text);
        Failed
    }

    /// Identity of no account: the number is not assigned.
    pub(crate) fn identity(&self) -> Option<FederatedIdentity> {
        Some(FederatedIdentity {
            account: Some("000000000000".to_owned()),
            arn: Some("arn:aws:iam::000000000000:user/verify".to_owned()),
            tags: BTreeMap::new(),
            groups: Vec::new(),
            config_options: BTreeMap::new(),
        })
    }

    pub(crate) fn catalog(&self) -> String {
        self.options.catalog.clone()
    }

    /// New id in the form of Athena's.
    pub(crate) fn query_id(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }
}

/// Table of a request, or the name of its call.
fn subject(request: &FederationRequest) -> String {
    let table = request.table_name().map(ToString::to_string);
    table.unwrap_or_else(|| request.name().trim_end_matches("Request").to_owned())
}
