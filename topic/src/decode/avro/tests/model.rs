//! Random schemas with random values: what one implementation writes the other reads.

use apache_avro::{Days, Decimal, Duration, Millis, Months};
use proptest::prelude::*;

use uuid::Uuid;

use super::*;

/// Type, whose named parts are named by their position.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed(usize),
    Enum(usize),
    Decimal(u32),
    Date,
    TimeMicros,
    TimestampMillis,
    TimestampMicros,
    Uuid,
    Duration,
    Nullable(Box<Kind>),
    Union(Vec<Kind>),
    Array(Box<Kind>),
    Map(Box<Kind>),
    Record(Vec<Kind>),
}

impl Kind {
    pub(super) fn schema(&self, name: &str) -> Json {
        match self {
            Kind::Boolean => json!("boolean"),
            Kind::Int => json!("int"),
            Kind::Long => json!("long"),
            Kind::Float => json!("float"),
            Kind::Double => json!("double"),
            Kind::Bytes => json!("bytes"),
            Kind::String => json!("string"),
            Kind::Fixed(size) => json!({"type": "fixed", "name": name, "size": size}),
            Kind::Enum(count) => json!({"type": "enum", "name": name, "symbols": symbols(*count)}),
            Kind::Decimal(scale) => {
                json!({"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": scale})
            }
            Kind::Date => json!({"type": "int", "logicalType": "date"}),
            Kind::TimeMicros => json!({"type": "long", "logicalType": "time-micros"}),
            Kind::TimestampMillis => json!({"type": "long", "logicalType": "timestamp-millis"}),
            Kind::TimestampMicros => json!({"type": "long", "logicalType": "timestamp-micros"}),
            Kind::Uuid => json!({"type": "string", "logicalType": "uuid"}),
            Kind::Duration => json!({"type": "fixed", "name": name, "size": 12, "logicalType": "duration"}),
            Kind::Nullable(of) => json!(["null", of.schema(name)]),
            Kind::Union(of) => {
                let branches = of.iter().enumerate();
                branches
                    .map(|(at, of)| of.schema(&format!("{name}_{at}")))
                    .collect()
            }
            Kind::Array(of) => json!({"type": "array", "items": of.schema(name)}),
            Kind::Map(of) => json!({"type": "map", "values": of.schema(name)}),
            Kind::Record(fields) => {
                let fields = fields.iter().enumerate();
                let fields: Vec<Json> = fields
                    .map(|(at, of)| json!({"name": format!("f{at}"), "type": of.schema(&format!("{name}_{at}"))}))
                    .collect();
                json!({"type": "record", "name": name, "fields": fields})
            }
        }
    }

    /// Value, and its cell.
    pub(super) fn value(&self, name: &str) -> BoxedStrategy<(Avro, Json)> {
        match self {
            Kind::Boolean => any::<bool>().prop_map(|v| (Avro::Boolean(v), v.into())).boxed(),
            Kind::Int => any::<i32>().prop_map(|v| (Avro::Int(v), v.into())).boxed(),
            Kind::Long => any::<i64>().prop_map(|v| (Avro::Long(v), v.into())).boxed(),
            Kind::Float => any::<f32>()
                .prop_map(|v| (Avro::Float(v), format!("{v:?}").into()))
                .boxed(),
            Kind::Double => any::<f64>()
                .prop_map(|v| (Avro::Double(v), format!("{v:?}").into()))
                .boxed(),
            Kind::Bytes => any::<Vec<u8>>()
                .prop_map(|v| (Avro::Bytes(v.clone()), base64(&v)))
                .boxed(),
            Kind::String => any::<String>()
                .prop_map(|v| (Avro::String(v.clone()), v.into()))
                .boxed(),
            Kind::Fixed(size) => prop::collection::vec(any::<u8>(), *size)
                .prop_map(|v| (Avro::Fixed(v.len(), v.clone()), base64(&v)))
                .boxed(),
            Kind::Enum(count) => (0..*count)
                .prop_map(|v| (Avro::Enum(v as u32, format!("S{v}")), format!("S{v}").into()))
                .boxed(),
            Kind::Decimal(scale) => {
                let scale = *scale;
                let limit = 10_i128.pow(38);
                (1 - limit..limit)
                    .prop_map(move |v| {
                        let value = Avro::Decimal(Decimal::from(v.to_be_bytes()));
                        (value, decimal::to_text(v, scale).into())
                    })
                    .boxed()
            }
            Kind::Date => any::<i32>()
                .prop_map(|v| (Avro::Date(v), format!("days {v}").into()))
                .boxed(),
            Kind::TimeMicros => (0..86_400_000_000_i64)
                .prop_map(|v| {
                    let (seconds, micros) = (v / 1_000_000, v % 1_000_000);
                    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
                    let text = format!("{hours:02}:{minutes:02}:{:02}.{micros:06}", seconds % 60);
                    (Avro::TimeMicros(v), text.into())
                })
                .boxed(),
            Kind::TimestampMillis => any::<i64>()
                .prop_map(|v| (Avro::TimestampMillis(v), format!("ms {v}").into()))
                .boxed(),
            Kind::TimestampMicros => any::<i64>()
                .prop_map(|v| {
                    (
                        Avro::TimestampMicros(v),
                        format!("ms {}", v.div_euclid(1000)).into(),
                    )
                })
                .boxed(),
            Kind::Uuid => any::<u128>()
                .prop_map(|v| {
                    (
                        Avro::Uuid(Uuid::from_u128(v)),
                        Uuid::from_u128(v).to_string().into(),
                    )
                })
                .boxed(),
            Kind::Duration => (1_u32.., 1_u32.., 1_u32..1_000_000)
                .prop_map(|(months, days, seconds)| {
                    let millis = Millis::new(seconds * 1000);
                    let value = Duration::new(Months::new(months), Days::new(days), millis);
                    (
                        Avro::Duration(value),
                        format!("P{months}M{days}DT{seconds}S").into(),
                    )
                })
                .boxed(),
            Kind::Nullable(of) => prop_oneof![
                Just((Avro::Union(0, Avro::Null.into()), Json::Null)),
                of.value(name)
                    .prop_map(|(value, cell)| (Avro::Union(1, value.into()), cell)),
            ]
            .boxed(),
            Kind::Union(of) => union(of, name),
            Kind::Array(of) => prop::collection::vec(of.value(name), 0..4)
                .prop_map(|items| {
                    let (values, cells): (Vec<_>, Vec<Json>) = items.into_iter().unzip();
                    (Avro::Array(values), cells.into())
                })
                .boxed(),
            Kind::Map(of) => prop::collection::btree_map(any::<String>(), of.value(name), 0..4)
                .prop_map(|entries| {
                    let cells = entries
                        .iter()
                        .map(|(key, (_, cell))| (key.clone(), cell.clone()))
                        .collect();
                    let values = entries.into_iter().map(|(key, (value, _))| (key, value));
                    (Avro::Map(values.collect()), cells)
                })
                .boxed(),
            Kind::Record(fields) => {
                let fields = fields.iter().enumerate();
                let fields: Vec<_> = fields.map(|(at, of)| of.value(&format!("{name}_{at}"))).collect();
                fields
                    .prop_map(|fields| {
                        let named = |at: usize| format!("f{at}");
                        let cells = fields
                            .iter()
                            .enumerate()
                            .map(|(at, (_, cell))| (named(at), cell.clone()));
                        let cells = cells.collect();
                        let values = fields
                            .into_iter()
                            .enumerate()
                            .map(|(at, (value, _))| (named(at), value));
                        (Avro::Record(values.collect()), cells)
                    })
                    .boxed()
            }
        }
    }

    fn branch_name(&self, name: &str) -> String {
        match self {
            Kind::Date => "int".to_owned(),
            Kind::TimeMicros | Kind::TimestampMillis | Kind::TimestampMicros => "long".to_owned(),
            Kind::Decimal(_) => "bytes".to_owned(),
            Kind::Uuid => "string".to_owned(),
            Kind::Fixed(_) | Kind::Enum(_) | Kind::Record(_) | Kind::Duration => name.to_owned(),
            _ => match self.schema(name) {
                Json::String(primitive) => primitive,
                complex => complex["type"].as_str().unwrap().to_owned(),
            },
        }
    }
}

fn union(of: &[Kind], name: &str) -> BoxedStrategy<(Avro, Json)> {
    let names: Vec<String> = of
        .iter()
        .enumerate()
        .map(|(at, of)| of.branch_name(&format!("{name}_{at}")))
        .collect();
    let branches = of.iter().enumerate().map(|(at, of)| {
        let names = names.clone();
        let value = of.value(&format!("{name}_{at}"));
        let value = value.prop_map(move |(value, cell)| {
            let cells = names.iter().enumerate();
            let cells = cells
                .map(|(other, name)| (name.clone(), if other == at { cell.clone() } else { Json::Null }));
            (Avro::Union(at as u32, value.into()), cells.collect::<Json>())
        });
        value.boxed()
    });
    prop::strategy::Union::new(branches.collect::<Vec<_>>()).boxed()
}

fn symbols(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("S{at}")).collect()
}

fn base64(bytes: &[u8]) -> Json {
    STANDARD.encode(bytes).into()
}

/// Cell of a value, derived from the value alone.
pub(super) fn plain(value: &Avro) -> Json {
    match value {
        Avro::Null => Json::Null,
        Avro::Boolean(v) => (*v).into(),
        Avro::Int(v) => (*v).into(),
        Avro::Long(v) => (*v).into(),
        Avro::Float(v) => format!("{v:?}").into(),
        Avro::Double(v) => format!("{v:?}").into(),
        Avro::Bytes(v) | Avro::Fixed(_, v) => base64(v),
        Avro::String(v) | Avro::Enum(_, v) => v.clone().into(),
        Avro::Union(_, v) => plain(v),
        Avro::Array(items) => items.iter().map(plain).collect(),
        Avro::Map(entries) => entries.iter().map(|(key, v)| (key.clone(), plain(v))).collect(),
        Avro::Record(fields) => fields.iter().map(|(name, v)| (name.clone(), plain(v))).collect(),
        other => panic!("no case has a {other:?}"),
    }
}

pub(super) fn kind() -> impl Strategy<Value = Kind> {
    let leaf = prop_oneof![
        Just(Kind::Boolean),
        Just(Kind::Int),
        Just(Kind::Long),
        Just(Kind::Float),
        Just(Kind::Double),
        Just(Kind::Bytes),
        Just(Kind::String),
        (0_usize..5).prop_map(Kind::Fixed),
        (1_usize..5).prop_map(Kind::Enum),
        (0_u32..=38).prop_map(Kind::Decimal),
        Just(Kind::Date),
        Just(Kind::TimeMicros),
        Just(Kind::TimestampMillis),
        Just(Kind::TimestampMicros),
        Just(Kind::Uuid),
        Just(Kind::Duration),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let not_union = inner.clone().prop_filter("unions hold no unions", |kind| {
            !matches!(kind, Kind::Nullable(_) | Kind::Union(_))
        });
        let branches = prop::collection::vec(not_union.clone(), 2..5).prop_map(|mut kinds| {
            let mut seen = Vec::new();
            // Named types may be many, but the other implementation treats durations as one type.
            kinds.retain(|kind| {
                let name = match kind {
                    Kind::Fixed(_) | Kind::Enum(_) | Kind::Record(_) => return true,
                    kind => kind.branch_name("duration"),
                };
                let new = !seen.contains(&name);
                seen.push(name);
                new
            });
            kinds
        });
        let branches = branches.prop_filter("two at least", |kinds| kinds.len() > 1);
        prop_oneof![
            not_union.prop_map(|of| Kind::Nullable(of.into())),
            branches.prop_map(Kind::Union),
            inner.clone().prop_map(|of| Kind::Array(of.into())),
            inner.clone().prop_map(|of| Kind::Map(of.into())),
            prop::collection::vec(inner, 1..5).prop_map(Kind::Record),
        ]
    })
}

/// Schema of a record and some of its values, each with its row.
pub(super) fn topic() -> impl Strategy<Value = (String, Vec<(Avro, Json)>)> {
    prop::collection::vec(kind(), 1..5)
        .prop_map(Kind::Record)
        .prop_flat_map(|kind| {
            let schema = kind.schema("T").to_string();
            let values = prop::collection::vec(kind.value("T"), 1..4);
            values.prop_map(move |values| (schema.clone(), values))
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn reads_what_the_other_implementation_writes((schema, values) in topic()) {
        let mut decoder = derived(&schema);
        let judge = Judge::parse_str(&schema).unwrap();
        let (values, wanted): (Vec<_>, Vec<_>) = values.into_iter().unzip();
        for value in values {
            decoder.decode(&to_avro_datum(&judge, value).unwrap()).unwrap();
        }
        prop_assert_eq!(rows(&decoder.flush()), wanted);
        prop_assert_eq!(decoder.value_errors(), []);
    }

    #[test]
    fn makes_the_same_of_a_value_whatever_else_is_asked_for((schema, values) in topic(), chosen: usize) {
        let all = fields(&schema).unwrap();
        let chosen = &all[chosen % all.len()];
        let judge = Judge::parse_str(&schema).unwrap();
        let mut decoder = declared(&schema, vec![chosen.clone()]);
        let (values, wanted): (Vec<_>, Vec<_>) = values.into_iter().unzip();
        for value in values {
            decoder.decode(&to_avro_datum(&judge, value).unwrap()).unwrap();
        }
        for (row, wanted) in rows(&decoder.flush()).iter().zip(wanted) {
            prop_assert_eq!(&row[chosen.name()], &wanted[chosen.name()]);
        }
    }

    #[test]
    fn text_of_any_value_is_json((schema, values) in topic()) {
        let whole = format!(r#"{{"type": "array", "items": {schema}}}"#);
        let judge = Judge::parse_str(&whole).unwrap();
        let mut decoder = declared(&whole, vec![column("value", "value", DataType::Utf8)]);
        let count = values.len();
        let values = values.into_iter().map(|(value, _)| value).collect();
        decoder.decode(&to_avro_datum(&judge, Avro::Array(values)).unwrap()).unwrap();
        let rows = rows(&decoder.flush());
        let text: Json = serde_json::from_str(rows[0]["value"].as_str().unwrap()).unwrap();
        prop_assert_eq!(text.as_array().map(Vec::len), Some(count));
    }
}
