//! ACLs, which the admin client of `rdkafka` cannot set.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::create_acls_request::{AclCreation, CreateAclsRequest};
use kafka_protocol::messages::{ApiKey, CreateAclsResponse, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};

/// Codes of Kafka's protocol.
const TOPIC: i8 = 2;
const PREFIXED: i8 = 4;
const READ: i8 = 3;
const WRITE: i8 = 4;
const CREATE: i8 = 5;
const ALLOW: i8 = 3;

/// First version of CreateAcls with prefixes and compact texts.
const VERSION: i16 = 2;

/// Allows every authenticated user to read, write and create the topics whose names begin with `prefix`.
pub(super) fn let_everyone_read_and_write(address: &str, prefix: &'static str) -> io::Result<()> {
    let acls = [READ, WRITE, CREATE].map(|operation| {
        AclCreation::default()
            .with_resource_type(TOPIC)
            .with_resource_name(StrBytes::from_static_str(prefix))
            .with_resource_pattern_type(PREFIXED)
            .with_principal(StrBytes::from_static_str("User:*"))
            .with_host(StrBytes::from_static_str("*"))
            .with_operation(operation)
            .with_permission_type(ALLOW)
    });
    let request = CreateAclsRequest::default().with_creations(acls.to_vec());
    let response = call(address, &request)?;
    match response.results.iter().find(|result| result.error_code != 0) {
        Some(refused) => Err(io::Error::other(format!("the ACL is refused: {refused:?}"))),
        None => Ok(()),
    }
}

fn call(address: &str, request: &CreateAclsRequest) -> io::Result<CreateAclsResponse> {
    let header = RequestHeader::default()
        .with_request_api_key(ApiKey::CreateAcls as i16)
        .with_request_api_version(VERSION);
    let mut frame = BytesMut::new();
    frame.put_i32(0);
    header
        .encode(&mut frame, CreateAclsRequest::header_version(VERSION))
        .map_err(io::Error::other)?;
    request.encode(&mut frame, VERSION).map_err(io::Error::other)?;
    let length = u32::try_from(frame.len() - 4).map_err(io::Error::other)?;
    frame[..4].copy_from_slice(&length.to_be_bytes());

    let mut connection = TcpStream::connect(address)?;
    connection.write_all(&frame)?;
    let mut length = [0; 4];
    connection.read_exact(&mut length)?;
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    connection.read_exact(&mut answer)?;
    let mut answer = Bytes::from(answer);
    ResponseHeader::decode(&mut answer, CreateAclsResponse::header_version(VERSION))
        .map_err(io::Error::other)?;
    CreateAclsResponse::decode(&mut answer, VERSION).map_err(io::Error::other)
}
