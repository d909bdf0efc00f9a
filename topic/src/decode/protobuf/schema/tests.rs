use super::*;

const ZED: &str = r#"syntax = "proto3";
    message Zed { message Inner { int32 a = 1; } map<string, int32> m = 1; message Last {} }
    message Alpha { string s = 1; }"#;

fn name(schema: &Schema, index: usize) -> &str {
    &schema.message(index).full_name
}

#[test]
fn ranks_messages_by_full_name_as_glue_does() {
    let schema = Schema::compile(ZED, &[]).unwrap();
    let names: Vec<_> = (0..5)
        .map(|rank| name(&schema, schema.at_rank(rank).unwrap()))
        .collect();
    assert_eq!(names, ["Alpha", "Zed", "Zed.Inner", "Zed.Last", "Zed.MEntry"]);
    assert_eq!(schema.at_rank(5), None);
    assert_eq!(schema.ranks(), 5);
}

#[test]
fn ranks_no_imported_message() {
    let text = "import 'google/protobuf/timestamp.proto'; message Z {} message A {}";
    let schema = Schema::compile(&format!("syntax = 'proto3'; package p; {text}"), &[]).unwrap();
    assert_eq!(schema.ranks(), 2);
    assert_eq!(name(&schema, schema.at_rank(0).unwrap()), "p.A");
}

#[test]
fn counts_messages_as_written_for_confluent() {
    let schema = Schema::compile(ZED, &[]).unwrap();
    assert_eq!(
        schema
            .top()
            .iter()
            .map(|&at| name(&schema, at))
            .collect::<Vec<_>>(),
        ["Zed", "Alpha"]
    );
    let nested = schema.nested(schema.top()[0]);
    assert_eq!(
        nested.iter().map(|&at| name(&schema, at)).collect::<Vec<_>>(),
        ["Zed.Inner", "Zed.Last"]
    );
}

#[test]
fn chooses_by_full_or_simple_name() {
    let text = "package p; message A { message X {} } message B { message X {} message Y {} } message X {}";
    let schema = Schema::compile(text, &[]).unwrap();
    let chosen = |name| schema.choose(name).map(|at| schema.message(at).full_name.clone());
    assert_eq!(chosen(None).unwrap(), "p.A");
    assert_eq!(chosen(Some("p.B")).unwrap(), "p.B");
    assert_eq!(chosen(Some("B")).unwrap(), "p.B");
    assert_eq!(chosen(Some("B.X")).unwrap(), "p.B.X");
    assert_eq!(chosen(Some("Y")).unwrap(), "p.B.Y");
    assert_eq!(chosen(Some("p.X")).unwrap(), "p.X");
    assert_eq!(
        chosen(Some("b")).unwrap_err().to_string(),
        "the definition has no message `b`"
    );
    assert_eq!(
        chosen(Some("X")).unwrap_err().to_string(),
        "the definition has 3 messages `X`, wanted the full name of one"
    );
    let empty = Schema::compile("package p;", &[]).unwrap();
    assert_eq!(
        empty.choose(None).unwrap_err().to_string(),
        "the definition has no message"
    );
}
