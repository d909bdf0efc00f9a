#![no_main]

use protocol::{FederationRequest, FederationResponse};

libfuzzer_sys::fuzz_target!(|message: &[u8]| {
    if let Ok((request, version)) = FederationRequest::decode(message) {
        let _ = request.encode(version);
    }
    let _ = FederationResponse::decode(message);
});
