//! Clients from PyPI and Maven Central, unchanged, with `AWS_ENDPOINT_URL` alone. Each checks rows of all formats, types,
//! a million rows, an error and a cancellation.

use tests::athena_clients::run_text;

use super::*;

const DOCUMENTATION: &str = include_str!("../../../../docs/clients.md");

async fn with_python(program: &str, arguments: &[&str]) {
    let served = Served::start().await;
    run_python(program, arguments, &served.client_variables()).await;
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs clients of Athena: scripts/test"]
async fn boto3() {
    with_python("with_boto3.py", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs clients of Athena: scripts/test"]
async fn the_aws_cli() {
    with_python("with_cli.py", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs clients of Athena: scripts/test"]
async fn pyathena() {
    let served = Served::start().await;
    for part in ["cursor", "pandas", "arrow", "sqlalchemy"] {
        run_python("with_pyathena.py", &[part], &served.client_variables()).await;
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs clients of Athena: scripts/test"]
async fn awswrangler() {
    with_python("with_awswrangler.py", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs clients of Athena: scripts/test"]
async fn the_aws_sdk_for_java() {
    let served = Served::start().await;
    run_java(&served.client_variables()).await;
    served.stop().await;
}

/// Blocks of the page's first part, with their languages.
fn documented() -> Vec<(&'static str, &'static str)> {
    let (page, _) = DOCUMENTATION
        .split_once("\n### Operations\n")
        .expect("the section after them");
    // The first block starts the program.
    let blocks = page.split("```").skip(1).step_by(2).skip(1);
    blocks
        .map(|block| block.split_once('\n').expect("a language"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs clients of Athena: scripts/test"]
async fn the_documented_lines_run() {
    let served = Served::with(&["--orders", "1000"]).await;
    let blocks = documented();
    let languages: Vec<_> = blocks.iter().map(|(language, _)| *language).collect();
    assert_eq!(languages, ["python", "sh", "python", "python", "python", "java"]);
    for (language, text) in blocks {
        let printed = run_text(language, text, &served.client_variables()).await;
        let shown = ["1000", "2023-03-14"]
            .iter()
            .any(|wanted| printed.contains(wanted))
            || text.contains("GROUP BY");
        assert!(shown, "{text}\n{printed}");
    }
    served.stop().await;
}
