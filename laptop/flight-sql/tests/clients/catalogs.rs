//! Catalogs, schemas, tables, and what the server says of itself.

use arrow::array::UInt32Array;
use arrow::datatypes::UInt32Type;
use arrow::ipc::convert::try_schema_from_ipc_buffer;
use arrow_flight::sql::{
    CommandGetCrossReference, CommandGetDbSchemas, CommandGetPrimaryKeys, CommandGetTables,
    CommandGetXdbcTypeInfo, SqlInfo,
};

use super::*;

async fn tables(client: &mut Client, command: CommandGetTables) -> Vec<RecordBatch> {
    let info = client.get_tables(command).await.unwrap();
    let found = read(client, &info).await.unwrap();
    let described = info.try_decode_schema().unwrap();
    for batch in &found {
        assert_eq!(&described, batch.schema().as_ref());
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn catalogs_and_schemas_are_listed() {
    let world = World::start().await;
    let mut client = world.client().await;
    let info = client.get_catalogs().await.unwrap();
    assert_eq!(texts(&read(&mut client, &info).await.unwrap()), ["lake", "msk"]);
    let command = CommandGetDbSchemas {
        catalog: None,
        db_schema_filter_pattern: Some("s%".to_owned()),
    };
    let info = client.get_db_schemas(command).await.unwrap();
    // The ticket of a list may be read again.
    for _ in 0..2 {
        assert_eq!(
            texts(&read(&mut client, &info).await.unwrap()),
            ["lake | sales", "msk | system"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_listed_by_patterns() {
    let world = World::start().await;
    let mut client = world.client().await;
    let all = tables(&mut client, CommandGetTables::default()).await;
    assert_eq!(
        texts(&all),
        [
            "lake | sales | t | TABLE",
            "msk | customer | orders | TABLE",
            "msk | customer | orders_bad | TABLE",
            "msk | customer | users | TABLE",
            "msk | system | t | TABLE"
        ]
    );
    let command = CommandGetTables {
        catalog: Some("msk".to_owned()),
        db_schema_filter_pattern: Some("cust%".to_owned()),
        table_name_filter_pattern: Some("_sers".to_owned()),
        table_types: vec!["TABLE".to_owned()],
        include_schema: false,
    };
    assert_eq!(
        texts(&tables(&mut client, command).await),
        ["msk | customer | users | TABLE"]
    );
    let views = CommandGetTables {
        table_types: vec!["VIEW".to_owned()],
        ..CommandGetTables::default()
    };
    assert!(texts(&tables(&mut client, views).await).is_empty());
    assert!(world.engine.looked_up.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_have_their_columns_and_a_broken_one_has_none() {
    let world = World::start().await;
    let mut client = world.client().await;
    let command = CommandGetTables {
        table_name_filter_pattern: Some("orders%".to_owned()),
        include_schema: true,
        ..CommandGetTables::default()
    };
    let found = tables(&mut client, command).await;
    let schemas = found[0].column(4).as_binary::<i32>();
    let orders = try_schema_from_ipc_buffer(schemas.value(0)).unwrap();
    let metadata = orders.field(0).metadata();
    assert_eq!(metadata["ARROW:FLIGHT:SQL:TYPE_NAME"], "decimal(10,2)");
    assert_eq!(metadata["ARROW:FLIGHT:SQL:SCALE"], "2");
    assert_eq!(metadata["ARROW:FLIGHT:SQL:REMARKS"], "in francs");
    assert_eq!(
        try_schema_from_ipc_buffer(schemas.value(1))
            .unwrap()
            .fields()
            .len(),
        0
    );
    assert_eq!(*world.engine.looked_up.lock().unwrap(), ["orders", "orders_bad"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn types_and_keys_are_answered() {
    let world = World::start().await;
    let mut client = world.client().await;
    let info = client.get_table_types().await.unwrap();
    assert_eq!(texts(&read(&mut client, &info).await.unwrap()), ["TABLE"]);
    let info = client
        .get_xdbc_type_info(CommandGetXdbcTypeInfo { data_type: Some(3) })
        .await
        .unwrap();
    let types = read(&mut client, &info).await.unwrap();
    assert_eq!(types[0].column(0).as_string::<i32>().value(0), "decimal");
    assert_eq!(types[0].num_rows(), 1);
    let info = client
        .get_xdbc_type_info(CommandGetXdbcTypeInfo { data_type: None })
        .await
        .unwrap();
    assert!(read(&mut client, &info).await.unwrap()[0].num_rows() > 20);
    // Topics have no keys.
    let primary = client
        .get_primary_keys(CommandGetPrimaryKeys::default())
        .await
        .unwrap();
    let foreign = client
        .get_cross_reference(CommandGetCrossReference::default())
        .await
        .unwrap();
    for (info, columns) in [(primary, 6), (foreign, 13)] {
        assert!(read(&mut client, &info).await.unwrap().is_empty());
        assert_eq!(info.try_decode_schema().unwrap().fields().len(), columns);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_says_what_it_can_do() {
    let world = World::start().await;
    let mut client = world.client().await;
    let wanted = [SqlInfo::FlightSqlServerName, SqlInfo::FlightSqlServerCancel];
    let info = client.get_sql_info(wanted.to_vec()).await.unwrap();
    let found = read(&mut client, &info).await.unwrap();
    assert_eq!(
        found[0].column(0).as_primitive::<UInt32Type>(),
        &UInt32Array::from(vec![0, 9])
    );
    let name = found[0].column(1).as_union().value(0);
    assert_eq!(name.as_string::<i32>().value(0), "fake");
    let info = client.get_sql_info(Vec::new()).await.unwrap();
    assert!(read(&mut client, &info).await.unwrap()[0].num_rows() > 30);
}
