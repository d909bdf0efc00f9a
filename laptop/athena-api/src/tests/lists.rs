//! Catalogs, work groups, prepared statements, named queries.

use super::*;

#[tokio::test]
async fn catalogs_databases_and_tables_are_the_engines() {
    let world = World::new();
    let catalogs = world.ok("ListDataCatalogs", json!({})).await;
    assert_eq!(
        catalogs["DataCatalogsSummary"][1],
        json!({ "CatalogName": "msk", "Type": "LAMBDA" })
    );
    let catalog = world.ok("GetDataCatalog", json!({ "Name": "MSK" })).await;
    assert_eq!(catalog["DataCatalog"]["Name"], "msk");
    let databases = world.ok("ListDatabases", json!({ "CatalogName": "msk" })).await;
    assert_eq!(
        databases["DatabaseList"],
        json!([{ "Name": "customer" }, { "Name": "shop" }])
    );
    let database = world
        .ok(
            "GetDatabase",
            json!({ "CatalogName": "msk", "DatabaseName": "Shop" }),
        )
        .await;
    assert_eq!(database["Database"]["Name"], "shop");
    for (operation, request) in [
        (
            "GetDatabase",
            json!({ "CatalogName": "msk", "DatabaseName": "x" }),
        ),
        (
            "ListTableMetadata",
            json!({ "CatalogName": "msk", "DatabaseName": "x" }),
        ),
        (
            "GetTableMetadata",
            json!({ "CatalogName": "msk", "DatabaseName": "customer", "TableName": "x" }),
        ),
    ] {
        assert_eq!(
            world.refused(operation, request).await.0,
            "MetadataException",
            "{operation}"
        );
    }
    let unknown = world
        .refused("ListDatabases", json!({ "CatalogName": "x" }))
        .await;
    assert_eq!(unknown.0, "InvalidRequestException");
}

#[tokio::test]
async fn tables_come_in_pages_and_by_expression() {
    let world = World::new();
    let request = json!({ "CatalogName": "msk", "DatabaseName": "customer" });
    let first = world.ok("ListTableMetadata", request.clone()).await;
    let tables = first["TableMetadataList"].as_array().unwrap();
    assert_eq!(tables.len(), 50);
    let wanted = json!([{ "Name": "id", "Type": "bigint", "Comment": "number" }]);
    assert_eq!(
        (&tables[12]["Columns"], &tables[13]["Columns"]),
        (&wanted, &json!([]))
    );
    assert_eq!(
        (&tables[12]["TableType"], &tables[14]["TableType"]),
        (&json!("EXTERNAL_TABLE"), &json!("VIRTUAL_VIEW"))
    );
    let mut next = request.clone();
    next["NextToken"] = first["NextToken"].clone();
    let second = world.ok("ListTableMetadata", next).await;
    assert_eq!(second["TableMetadataList"].as_array().unwrap().len(), 10);
    let mut by_expression = request;
    by_expression["Expression"] = "T.5|t00".into();
    let found = world.ok("ListTableMetadata", by_expression.clone()).await;
    assert_eq!(found["TableMetadataList"].as_array().unwrap().len(), 7);
    by_expression["Expression"] = "(".into();
    assert!(
        world
            .refused("ListTableMetadata", by_expression)
            .await
            .1
            .starts_with("Expression: ")
    );
}

#[tokio::test]
async fn queries_are_listed_newest_first() {
    let world = World::new();
    let (first, second) = (world.run("rows 1").await, world.run("rows 1").await);
    let page = world.ok("ListQueryExecutions", json!({ "MaxResults": 1 })).await;
    assert_eq!(page["QueryExecutionIds"], json!([second]));
    let page = world
        .ok(
            "ListQueryExecutions",
            json!({ "NextToken": page["NextToken"], "WorkGroup": "primary" }),
        )
        .await;
    assert_eq!(
        (&page["QueryExecutionIds"], &page["NextToken"]),
        (&json!([first]), &Value::Null)
    );
    let batch = world
        .ok(
            "BatchGetQueryExecution",
            json!({ "QueryExecutionIds": [first, "x"] }),
        )
        .await;
    assert_eq!(batch["QueryExecutions"][0]["QueryExecutionId"], first);
    assert_eq!(batch["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"], "x");
}

#[tokio::test]
async fn there_is_one_work_group() {
    let world = World::new();
    let group = world.ok("GetWorkGroup", json!({ "WorkGroup": "primary" })).await;
    let configuration = &group["WorkGroup"]["Configuration"];
    assert_eq!(
        configuration["ResultConfiguration"]["OutputLocation"],
        "s3://athena-results/"
    );
    assert_eq!(
        world.ok("ListWorkGroups", json!({})).await["WorkGroups"][0]["Name"],
        "primary"
    );
    assert_eq!(
        world.refused("GetWorkGroup", json!({ "WorkGroup": "x" })).await.1,
        "WorkGroup x is not found"
    );
}

#[tokio::test]
async fn prepared_statements_are_created_changed_and_deleted() {
    let world = World::new();
    let request = |sql: &str| json!({ "StatementName": "Mine", "WorkGroup": "primary", "QueryStatement": sql, "Description": "d" });
    world.ok("CreatePreparedStatement", request("rows 1")).await;
    assert!(
        world
            .refused("CreatePreparedStatement", request("rows 1"))
            .await
            .1
            .contains("already exists")
    );
    world.ok("UpdatePreparedStatement", request("rows 2")).await;
    let name = json!({ "StatementName": "mine", "WorkGroup": "primary" });
    let found = world.ok("GetPreparedStatement", name.clone()).await["PreparedStatement"].take();
    assert_eq!(
        (&found["QueryStatement"], &found["Description"]),
        (&json!("rows 2"), &json!("d"))
    );
    // One that SQL has prepared is listed too.
    world.engine.prepare("other", "show").await.unwrap();
    let list = world
        .ok("ListPreparedStatements", json!({ "WorkGroup": "primary" }))
        .await;
    let names = list["PreparedStatements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|known| known["StatementName"].as_str());
    assert_eq!(names.collect::<Vec<_>>(), [Some("mine"), Some("other")]);
    let batch = json!({ "PreparedStatementNames": ["other", "x"], "WorkGroup": "primary" });
    let batch = world.ok("BatchGetPreparedStatement", batch).await;
    assert_eq!(batch["PreparedStatements"][0]["StatementName"], "other");
    assert_eq!(
        batch["UnprocessedPreparedStatementNames"][0]["StatementName"],
        "x"
    );
    world.ok("DeletePreparedStatement", name.clone()).await;
    for operation in ["GetPreparedStatement", "DeletePreparedStatement"] {
        assert_eq!(
            world.refused(operation, name.clone()).await.0,
            "ResourceNotFoundException"
        );
    }
    assert!(
        world
            .refused("UpdatePreparedStatement", request("rows 2"))
            .await
            .1
            .contains("was not found")
    );
    assert!(
        world
            .refused("CreatePreparedStatement", request("choose"))
            .await
            .1
            .contains("SYNTAX_ERROR")
    );
    let mut unnamed = request("rows 1");
    unnamed["StatementName"] = "1 x".into();
    assert!(
        world
            .refused("CreatePreparedStatement", unnamed)
            .await
            .1
            .starts_with("StatementName: ")
    );
}

#[tokio::test]
async fn named_queries_are_created_changed_and_deleted() {
    let world = World::new();
    let given = world.ok("ListNamedQueries", json!({})).await["NamedQueryIds"][0].take();
    let query = world.ok("GetNamedQuery", json!({ "NamedQueryId": given })).await["NamedQuery"].take();
    assert_eq!(
        (&query["Name"], &query["QueryString"]),
        (&json!("all"), &json!("rows 9"))
    );
    let create = json!({ "Name": "n", "Database": "customer", "QueryString": "rows 3" });
    let id = world.ok("CreateNamedQuery", create).await["NamedQueryId"].take();
    world
        .ok(
            "UpdateNamedQuery",
            json!({ "NamedQueryId": id, "Name": "m", "QueryString": "rows 4" }),
        )
        .await;
    let batch = world
        .ok("BatchGetNamedQuery", json!({ "NamedQueryIds": [id, "x"] }))
        .await;
    let query = &batch["NamedQueries"][0];
    assert_eq!(
        (&query["Name"], &query["QueryString"], &query["Database"]),
        (&json!("m"), &json!("rows 4"), &json!("customer"))
    );
    assert_eq!(batch["UnprocessedNamedQueryIds"][0]["NamedQueryId"], "x");
    world.ok("DeleteNamedQuery", json!({ "NamedQueryId": id })).await;
    assert!(
        world
            .refused("GetNamedQuery", json!({ "NamedQueryId": id }))
            .await
            .1
            .contains("was not found")
    );
    let nothing = json!({ "Name": "n", "Database": "d", "QueryString": "" });
    assert_eq!(
        world.refused("CreateNamedQuery", nothing).await.1,
        "QueryString is empty"
    );
}
