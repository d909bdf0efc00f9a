//! Two versions of a schema, with another implementation as the reference for reading data of one as the
//! other.

use apache_avro::from_avro_datum;
use proptest::prelude::*;

use super::model::{Kind, plain};
use super::resolution::resolve;
use super::*;

/// Field in two versions of a schema, and a default if the writer lacks it.
#[derive(Debug, Clone)]
struct Evolved {
    name: String,
    writer: Option<Kind>,
    reader: Option<(Kind, Json)>,
}

fn evolved(at: usize) -> impl Strategy<Value = Evolved> {
    let pairs = vec![
        (Kind::Int, Kind::Long, json!(1)),
        (Kind::Int, Kind::Double, json!(1.5)),
        (Kind::Long, Kind::Long, json!(-1)),
        (Kind::Long, Kind::Double, json!(0.0)),
        (Kind::Float, Kind::Double, json!(0.5)),
        (Kind::Bytes, Kind::Bytes, json!("x")),
        (Kind::String, Kind::String, json!("y")),
        (Kind::Boolean, Kind::Boolean, json!(true)),
        (Kind::Enum(3), Kind::Enum(3), json!("S1")),
        (Kind::Fixed(2), Kind::Fixed(2), json!("ab")),
        (Kind::Int, Kind::Nullable(Kind::Long.into()), json!(null)),
        (
            Kind::Nullable(Kind::Int.into()),
            Kind::Nullable(Kind::Long.into()),
            json!(null),
        ),
        (
            Kind::Array(Kind::Int.into()),
            Kind::Array(Kind::Double.into()),
            json!([]),
        ),
        (
            Kind::Map(Kind::Int.into()),
            Kind::Map(Kind::Long.into()),
            json!({"k": 1}),
        ),
        (
            Kind::Record(vec![Kind::Int, Kind::String]),
            Kind::Record(vec![Kind::Long, Kind::String]),
            json!({"f0": 1, "f1": "s"}),
        ),
    ];
    let kept = prop_oneof![3 => Just((true, true)), 1 => Just((true, false)), 1 => Just((false, true))];
    (prop::sample::select(pairs), kept).prop_map(move |((writer, reader, default), (written, wanted))| {
        Evolved {
            name: format!("c{at}"),
            writer: written.then_some(writer),
            reader: wanted.then_some((reader, default)),
        }
    })
}

type Case = (String, String, Avro);

fn case() -> impl Strategy<Value = Case> {
    let fields: Vec<_> = (0..6).map(evolved).collect();
    let fields = fields.prop_filter("a column at least", |fields| {
        fields.iter().any(|field| field.reader.is_some())
    });
    fields.prop_flat_map(|fields| {
        let written: Vec<(String, Kind)> = fields
            .iter()
            .filter_map(|field| Some((field.name.clone(), field.writer.clone()?)))
            .collect();
        let writer_fields: Vec<Json> = written
            .iter()
            .map(|(name, kind)| json!({"name": name, "type": kind.schema(name)}))
            .collect();
        // The reader has them in the opposite order.
        let reader_fields: Vec<Json> = fields
            .iter()
            .rev()
            .filter_map(|field| {
                let (kind, default) = field.reader.as_ref()?;
                Some(json!({"name": field.name, "type": kind.schema(&field.name), "default": default}))
            })
            .collect();
        let schema = |fields: Vec<Json>| json!({"type": "record", "name": "R", "fields": fields}).to_string();
        let (writer, reader) = (schema(writer_fields), schema(reader_fields));
        let values: Vec<_> = written
            .into_iter()
            .map(|(name, kind)| {
                kind.value(&name)
                    .prop_map(move |(value, _)| (name.clone(), value))
            })
            .collect();
        values.prop_map(move |values| (writer.clone(), reader.clone(), Avro::Record(values)))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn resolves_as_the_other_implementation_does((writer, reader, value) in case()) {
        let [judge_writer, judge_reader] = [&writer, &reader].map(|schema| Judge::parse_str(schema).unwrap());
        let datum = to_avro_datum(&judge_writer, value).unwrap();
        let judged = from_avro_datum(&judge_writer, &mut datum.as_slice(), Some(&judge_reader)).unwrap();
        prop_assert_eq!(resolve(&writer, &reader, &datum), Ok((plain(&judged), 0)));
    }
}
