//! Queries from their start to their result.

use super::*;

#[tokio::test]
async fn a_query_succeeds_and_its_result_lies_in_the_store() {
    let world = World::new();
    let request = json!({
        "QueryString": "rows 2",
        "QueryExecutionContext": { "Catalog": "msk", "Database": "customer" },
        "ResultConfiguration": { "OutputLocation": "s3://mine/folder", "EncryptionConfiguration": { "EncryptionOption": "SSE_S3" } },
        "ExecutionParameters": ["1", "'a'"],
        "WorkGroup": "primary",
    });
    let id = world.ok("StartQueryExecution", request).await["QueryExecutionId"]
        .as_str()
        .unwrap()
        .to_owned();
    let query = world.until(&id, "SUCCEEDED").await;
    let output = format!("s3://mine/folder/{id}.csv");
    assert_eq!(query["ResultConfiguration"]["OutputLocation"], output);
    assert_eq!(
        query["ResultConfiguration"]["EncryptionConfiguration"]["EncryptionOption"],
        "SSE_S3"
    );
    assert_eq!(
        query["QueryExecutionContext"],
        json!({ "Catalog": "msk", "Database": "customer" })
    );
    assert_eq!(
        (&query["StatementType"], &query["SubstatementType"]),
        (&json!("DML"), &json!("SELECT"))
    );
    assert_eq!(query["Statistics"]["DataScannedInBytes"], 20);
    assert_eq!(query["ExecutionParameters"], json!(["1", "'a'"]));
    let (submitted, completed) = (
        &query["Status"]["SubmissionDateTime"],
        &query["Status"]["CompletionDateTime"],
    );
    assert!(submitted.as_f64() > Some(1.7e9) && completed.as_f64() >= submitted.as_f64());
    assert_eq!(
        world.store.text(&output).unwrap(),
        "\"id\",\"note\"\n\"0\",\"\"\n\"1\",\n"
    );
    assert_eq!(world.store.urls(), [output.clone(), format!("{output}.metadata")]);

    let started = world.engine.started.lock().unwrap()[0].clone();
    let wanted = Statement {
        query_id: id.clone(),
        sql: "rows 2".to_owned(),
        catalog: Some("msk".to_owned()),
        database: Some("customer".to_owned()),
        parameters: vec!["1".to_owned(), "'a'".to_owned()],
        output: "s3://mine/folder/".to_owned(),
    };
    assert_eq!(started, wanted);

    let answer = world.results(json!({ "QueryExecutionId": id })).await;
    let text = |text: &str| Some(text.to_owned());
    let wanted = vec![
        vec![text("id"), text("note")],
        vec![text("0"), text("")],
        vec![text("1"), None],
    ];
    assert_eq!(rows(&answer), wanted);
    let columns = &answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"];
    assert_eq!(
        (&columns[0]["Type"], &columns[0]["Precision"]),
        (&json!("bigint"), &json!(19))
    );
    assert_eq!(answer.get("NextToken"), None);
    let line = world.log.lock().unwrap()[0].clone();
    assert!(
        line.starts_with(&format!("athena query {id} SUCCEEDED after")) && line.ends_with(": rows 2"),
        "{line}"
    );
}

#[tokio::test]
async fn pages_hold_all_rows_once_and_the_header_first() {
    let world = World::new();
    let id = world.run("rows 2500").await;
    let (mut all, mut token, mut sizes) = (Vec::new(), None, Vec::new());
    loop {
        let mut request = json!({ "QueryExecutionId": id });
        if let Some(token) = token.take() {
            request["NextToken"] = token;
        }
        let answer = world.results(request).await;
        let page = rows(&answer);
        sizes.push(page.len());
        all.extend(page);
        match answer.get("NextToken") {
            Some(next) => token = Some(next.clone()),
            None => break,
        }
    }
    assert_eq!(sizes, [1000, 1000, 501]);
    assert_eq!(all[0], [Some("id".to_owned()), Some("note".to_owned())]);
    let numbers = all[1..]
        .iter()
        .map(|row| row[0].as_deref().unwrap().parse::<usize>().unwrap());
    assert!(numbers.eq(0..2500));

    let first = world
        .results(json!({ "QueryExecutionId": id, "MaxResults": 1 }))
        .await;
    assert_eq!(rows(&first).len(), 1);
    let other = world.run("rows 5").await;
    for (id, token) in [
        (&other, first["NextToken"].as_str().unwrap()),
        (&id, "rubbish"),
        (&id, ""),
    ] {
        let refused = world
            .refused(
                "GetQueryResults",
                json!({ "QueryExecutionId": id, "NextToken": token }),
            )
            .await;
        assert_eq!(refused.1, "Invalid NextToken", "{token}");
    }
    for wanted in [0, -1, 1001] {
        let request = json!({ "QueryExecutionId": id, "MaxResults": wanted });
        assert!(
            world
                .refused("GetQueryResults", request)
                .await
                .1
                .contains("MaxResults")
        );
    }
}

#[tokio::test]
async fn show_has_no_header_and_a_text_file() {
    let world = World::new();
    let id = world.run("show").await;
    let query = world.get(&id).await;
    let output = format!("s3://athena-results/{id}.txt");
    assert_eq!(
        (
            &query["StatementType"],
            &query["ResultConfiguration"]["OutputLocation"]
        ),
        (&json!("UTILITY"), &json!(output))
    );
    assert_eq!(world.store.text(&output).unwrap(), "0\t\n1\t\n");
    let answer = world.results(json!({ "QueryExecutionId": id })).await;
    assert_eq!(rows(&answer).len(), 2);
    assert_eq!(
        answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"][0]["Type"],
        "string"
    );
}

#[tokio::test]
async fn a_statement_that_writes_has_a_manifest_and_no_rows() {
    let world = World::new();
    let id = world.run("unload").await;
    let query = world.get(&id).await;
    let manifest = format!("s3://athena-results/{id}-manifest.csv");
    assert_eq!(query["Statistics"]["DataManifestLocation"], manifest);
    assert_eq!(
        world.store.text(&manifest).unwrap(),
        "s3://athena-results/part-0\n"
    );
    assert!(
        world
            .store
            .urls()
            .contains(&format!("s3://athena-results/{id}.metadata"))
    );
    let answer = world.results(json!({ "QueryExecutionId": id })).await;
    assert_eq!((&answer["UpdateCount"], rows(&answer).len()), (&json!(5), 0));
}

#[tokio::test]
async fn a_failure_says_why() {
    let world = World::new();
    for (sql, category, reason) in [
        ("fail topic orders, partition 0", 2, "topic orders, partition 0"),
        ("missing", 2, "TABLE_NOT_FOUND: line 1:1: no table"),
        ("panic", 1, "GENERIC_INTERNAL_ERROR: the engine has panicked"),
    ] {
        let id = world.start(sql).await;
        let status = world.until(&id, "FAILED").await["Status"].take();
        assert_eq!(status["StateChangeReason"], reason);
        assert_eq!(status["AthenaError"]["ErrorMessage"], reason);
        assert_eq!(status["AthenaError"]["ErrorCategory"], category);
        let refused = world
            .refused("GetQueryResults", json!({ "QueryExecutionId": id }))
            .await;
        assert_eq!(
            refused.1,
            "Query did not finish successfully. Final query state: FAILED"
        );
    }
    assert_eq!(world.store.urls(), Vec::<String>::new());
    let denied =
        json!({ "QueryString": "rows 1", "ResultConfiguration": { "OutputLocation": "s3://denied/" } });
    let id = world.ok("StartQueryExecution", denied).await["QueryExecutionId"]
        .as_str()
        .unwrap()
        .to_owned();
    let reason = world.until(&id, "FAILED").await["Status"]["StateChangeReason"].take();
    assert_eq!(
        reason,
        format!("Unable to write the result to s3://denied/{id}.csv: Access Denied")
    );
}

#[tokio::test]
async fn what_cannot_be_started_is_refused_at_once() {
    let world = World::new();
    let long = "x".repeat(262_145);
    for (request, reason) in [
        (
            json!({ "QueryString": "choose" }),
            "SYNTAX_ERROR: line 1:1: mismatched input 'choose'",
        ),
        (json!({ "QueryString": "" }), "QueryString is empty"),
        (
            json!({ "QueryString": long }),
            "QueryString: wanted at most 262144 bytes, found 262145",
        ),
        (
            json!({ "QueryString": "show", "WorkGroup": "other" }),
            "WorkGroup other is not found",
        ),
        (
            json!({ "QueryString": "show", "ClientRequestToken": "short" }),
            "ClientRequestToken: wanted 32 to 128 characters",
        ),
        (
            json!({ "QueryString": "show", "ResultConfiguration": { "OutputLocation": "file:///tmp" } }),
            "OutputLocation: wanted s3://bucket/prefix/, found file:///tmp",
        ),
    ] {
        let (exception, message) = world.refused("StartQueryExecution", request).await;
        assert_eq!(
            (exception.as_str(), message.as_str()),
            ("InvalidRequestException", reason)
        );
    }
    for request in [
        json!({}),
        json!({ "QueryString": 1 }),
        json!({ "QueryString": "show", "ResultConfiguration": 1 }),
    ] {
        assert!(
            world
                .refused("StartQueryExecution", request)
                .await
                .1
                .starts_with("invalid request: ")
        );
    }
    assert_eq!(
        world.refused("Nothing", json!({})).await.0,
        "UnknownOperationException"
    );
    let unknown = world
        .refused("GetQueryExecution", json!({ "QueryExecutionId": "x" }))
        .await;
    assert_eq!(unknown.1, "QueryExecution x was not found");
}

#[tokio::test]
async fn a_cancelled_query_ends_the_engines_work() {
    let world = World::new();
    let id = world.start("wait").await;
    let running = async {
        while world.engine.live.load(SeqCst) == 0
            || world.get(&id).await["Statistics"]["DataScannedInBytes"] != 70
        {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), running)
        .await
        .expect("live statistics");
    let refused = world
        .refused("GetQueryResults", json!({ "QueryExecutionId": id }))
        .await;
    assert_eq!(refused.1, "Query has not yet finished. Current state: RUNNING");
    world
        .ok("StopQueryExecution", json!({ "QueryExecutionId": id }))
        .await;
    let query = world.until(&id, "CANCELLED").await;
    assert_eq!(query["Status"]["StateChangeReason"], "Query cancelled by user");
    assert_eq!(query["Statistics"]["DataScannedInBytes"], 70);
    assert_eq!(world.engine.live.load(SeqCst), 0);
    assert_eq!(
        world
            .refused("GetQueryResults", json!({ "QueryExecutionId": id }))
            .await
            .1,
        "Could not find results"
    );
    // Of one that has ended, it does nothing.
    let done = world.run("rows 1").await;
    world
        .ok("StopQueryExecution", json!({ "QueryExecutionId": done }))
        .await;
    assert_eq!(world.get(&done).await["Status"]["State"], "SUCCEEDED");
    let statistics = world
        .ok("GetQueryRuntimeStatistics", json!({ "QueryExecutionId": done }))
        .await;
    let rows = &statistics["QueryRuntimeStatistics"]["Rows"];
    assert_eq!((&rows["InputRows"], &rows["OutputRows"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_request_token_stands_for_one_query() {
    let world = World::new();
    let request = |sql: &str| json!({ "QueryString": sql, "ClientRequestToken": "t".repeat(32) });
    let first = world.ok("StartQueryExecution", request("rows 1")).await;
    assert_eq!(world.ok("StartQueryExecution", request("rows 1")).await, first);
    let refused = world.refused("StartQueryExecution", request("rows 2")).await;
    assert_eq!(refused.1, "Idempotent parameters do not match");
    assert_eq!(
        world.ok("ListQueryExecutions", json!({})).await["QueryExecutionIds"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
