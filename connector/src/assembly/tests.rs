use super::*;
use crate::testing::aws::sdk_config;
use crate::testing::http::HttpEndpoint;

/// Access key ids with which requests were signed, in order.
fn signers(endpoint: &HttpEndpoint) -> Vec<String> {
    let signer = |request: &String| {
        let (_, behind) = request.split_once("Credential=")?;
        Some(behind.split_once('/')?.0.to_owned())
    };
    endpoint.requests().iter().filter_map(signer).collect()
}

#[tokio::test]
async fn a_callers_session_signs_what_is_asked_for_the_caller() {
    let (identity, decrypted) = crate::aws::session::tests::forwarded();
    let endpoint = HttpEndpoint::answering(200, &decrypted).await;
    let parts = AwsParts::new(Variables::default(), sdk_config(&endpoint.url));
    let of_caller = parts.get(Some(&identity)).await.unwrap();
    of_caller.blocks.check_bucket("b").await.unwrap();
    let again = parts.get(Some(&identity)).await.unwrap();
    assert!(Arc::ptr_eq(&of_caller, &again));
    let own = parts.get(None).await.unwrap();
    own.blocks.check_bucket("b").await.unwrap();
    // Decrypt by the function, once; then the caller; then the function for itself.
    assert_eq!(signers(&endpoint), ["AKIDEXAMPLE", "ASIAEXAMPLE", "AKIDEXAMPLE"]);
}
