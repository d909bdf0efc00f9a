//! ACLs and users of SCRAM, which the admin client of `rdkafka` cannot set.
//!
//! Users are not made by Kafka's storage tool, which could from 3.5 on: before 4.0 it takes quotes out of passwords.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::num::{NonZeroU16, NonZeroU32};

use aws_lc_rs::pbkdf2::{self, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA512};
use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::alter_user_scram_credentials_request::{
    AlterUserScramCredentialsRequest, ScramCredentialUpsertion,
};
use kafka_protocol::messages::create_acls_request::{AclCreation, CreateAclsRequest};
use kafka_protocol::messages::{RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};

/// Codes of Kafka's protocol.
const TOPIC: i8 = 2;
const PREFIXED: i8 = 4;
const READ: i8 = 3;
const WRITE: i8 = 4;
const CREATE: i8 = 5;
const ALLOW: i8 = 3;

/// First version of CreateAcls with prefixes and compact texts.
const ACLS_VERSION: i16 = 2;
/// Only version of AlterUserScramCredentials ([KIP-554](https://cwiki.apache.org/confluence/display/KAFKA/KIP-554)).
const USERS_VERSION: i16 = 0;
/// Least number that Kafka accepts.
const ITERATIONS: u16 = 4096;

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
    let response = call(address, &request, ACLS_VERSION)?;
    match response.results.iter().find(|result| result.error_code != 0) {
        Some(refused) => Err(io::Error::other(format!("the ACL is refused: {refused:?}"))),
        None => Ok(()),
    }
}

/// Makes a user of SCRAM with either hash: one request for each, because a request may change a user once.
pub(super) fn add_scram_user(address: &str, name: &'static str, password: &str) -> io::Result<()> {
    let salt: [u8; 16] = *uuid::Uuid::new_v4().as_bytes();
    let iterations = NonZeroU32::from(NonZeroU16::new(ITERATIONS).expect("more than none"));
    for (mechanism, algorithm, bytes) in [(1, PBKDF2_HMAC_SHA256, 32), (2, PBKDF2_HMAC_SHA512, 64)] {
        let mut salted = vec![0; bytes];
        pbkdf2::derive(algorithm, iterations, &salt, password.as_bytes(), &mut salted);
        let credential = ScramCredentialUpsertion::default()
            .with_name(StrBytes::from_static_str(name))
            .with_mechanism(mechanism)
            .with_iterations(ITERATIONS.into())
            .with_salt(Bytes::copy_from_slice(&salt))
            .with_salted_password(salted.into());
        let request = AlterUserScramCredentialsRequest::default().with_upsertions(vec![credential]);
        let response = call(address, &request, USERS_VERSION)?;
        if let Some(refused) = response.results.iter().find(|result| result.error_code != 0) {
            return Err(io::Error::other(format!("the user is refused: {refused:?}")));
        }
    }
    Ok(())
}

fn call<R: Request>(address: &str, request: &R, version: i16) -> io::Result<R::Response> {
    let header = RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version);
    let mut frame = BytesMut::new();
    frame.put_i32(0);
    header
        .encode(&mut frame, R::header_version(version))
        .map_err(io::Error::other)?;
    request.encode(&mut frame, version).map_err(io::Error::other)?;
    let length = u32::try_from(frame.len() - 4).map_err(io::Error::other)?;
    frame[..4].copy_from_slice(&length.to_be_bytes());

    let mut connection = TcpStream::connect(address)?;
    connection.write_all(&frame)?;
    let mut length = [0; 4];
    connection.read_exact(&mut length)?;
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    connection.read_exact(&mut answer)?;
    let mut answer = Bytes::from(answer);
    ResponseHeader::decode(&mut answer, R::Response::header_version(version)).map_err(io::Error::other)?;
    R::Response::decode(&mut answer, version).map_err(io::Error::other)
}
