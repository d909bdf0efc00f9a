use kafka_protocol::messages::ApiKey;

use super::samples::{every_version, sample};
use super::*;

#[test]
fn every_shape_fits_what_the_codec_writes() {
    for (api, version) in every_version() {
        assert_eq!(
            api.check(&sample(api.key, version), version),
            Ok(()),
            "{:?} {version}",
            api.key
        );
    }
}

#[test]
fn every_truncation_is_refused() {
    for (api, version) in every_version() {
        let body = sample(api.key, version);
        for length in 0..body.len() {
            let outcome = api.check(&body[..length], version);
            assert_eq!(
                outcome,
                Err(Malformed::Truncated),
                "{:?} {version}, {length} bytes",
                api.key
            );
        }
    }
}

#[test]
fn trailing_bytes_are_passed_over() {
    for (api, version) in every_version() {
        let body = [sample(api.key, version), vec![0; 3]].concat();
        assert_eq!(api.check(&body, version), Ok(()), "{:?} {version}", api.key);
    }
}

#[test]
fn an_array_cannot_claim_more_elements_than_there_may_be() {
    let metadata = Api::with_key(ApiKey::Metadata as i16).unwrap();
    let too_many = Malformed::TooManyElements { limit: MAX_ELEMENTS };
    assert_eq!(metadata.check(&i32::MAX.to_be_bytes(), 0), Err(too_many));
    assert_eq!(metadata.check(&[0xff, 0xff, 0xff, 0xff, 0x0f], 9), Err(too_many));
    assert_eq!(
        metadata.check(&1_000i32.to_be_bytes(), 0),
        Err(Malformed::Truncated)
    );
}

#[test]
fn arrays_share_one_limit() {
    let metadata = Api::with_key(ApiKey::DeleteRecords as i16).unwrap();
    let topics = 400u32;
    let mut body = topics.to_be_bytes().to_vec();
    for _ in 0..topics {
        body.extend([0, 1, b't']);
        body.extend(300u32.to_be_bytes());
        body.extend([0; 300 * 12]);
    }
    body.extend([0; 4]);
    assert_eq!(
        metadata.check(&body, 0),
        Err(Malformed::TooManyElements { limit: MAX_ELEMENTS })
    );
}

#[test]
fn lengths_below_none_are_refused() {
    let metadata = Api::with_key(ApiKey::Metadata as i16).unwrap();
    assert_eq!(
        metadata.check(&(-2i32).to_be_bytes(), 0),
        Err(Malformed::Length { length: -2 })
    );
    assert_eq!(
        metadata.check(&[0, 0, 0, 1, 0xff, 0xfe], 0),
        Err(Malformed::Length { length: -2 })
    );
}

#[test]
fn unknown_tagged_fields_are_passed_over_and_those_of_followers_refused() {
    let fetch = Api::with_key(ApiKey::Fetch as i16).unwrap();
    let body = sample(ApiKey::Fetch, 12);
    let (tags, fields) = body.split_last().unwrap();
    assert_eq!(*tags, 0);
    let unknown = [fields, &[1, 9, 2, 0xaa, 0xbb]].concat();
    assert_eq!(fetch.check(&unknown, 12), Ok(()));
    let cluster_id = [fields, &[1, 0, 2, 2, b'c']].concat();
    assert_eq!(
        fetch.check(&cluster_id, 12),
        Err(Malformed::TaggedField { tag: 0 })
    );
}
