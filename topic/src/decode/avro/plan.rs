//! Plan of what each part of a writer's datum becomes, computed once.
//!
//! A [`Route`] follows the datum down to the columns whose paths end at a part of it; from there on a
//! [`Fill`] follows the column's own type. Both are finite, because paths and column types are, even if the
//! schema is not. A part that several columns show is read once for each.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Fields};

use super::fields::WHOLE;
use super::resolve::{DefaultDatum, Node, NodeId, Record, Resolution, Way};
use super::schema::{Schema, Shape, TypeId, Types};
use super::value::Value;
use crate::path::{Path, Step};

/// Plan for converting the data of one writer's schema to rows.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) resolution: Resolution,
    pub(super) top: Route,
    /// Plan for columns of parts that only the writer's schema has.
    pub(super) beside: Option<Box<Plan>>,
}

/// Column and the part of a datum that fills it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) data_type: DataType,
    /// Path to the part; `None` for a column without mapping.
    pub(super) path: Option<Path>,
}

/// Use of a part of a datum.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) writer: TypeId,
    /// Columns that show the part itself.
    pub(super) columns: Vec<(usize, Fill)>,
    /// Columns that show a part of it.
    pub(super) below: Option<Below>,
}

/// Part of a datum that contains parts for columns.
#[derive(Debug)]
pub(super) enum Below {
    Record(RecordRoutes),
    /// Routes by index.
    Array(TypeId, BTreeMap<usize, Route>),
    /// Routes by key.
    Map(TypeId, BTreeMap<String, Route>),
    Union(Vec<Route>),
    /// One branch of the reader's union, which the datum itself does not mark.
    Branch(Box<Route>),
}

#[derive(Debug)]
pub(super) struct RecordRoutes {
    /// Writer's fields in order.
    pub(super) fields: Vec<Route>,
    /// Defaults of fields that the writer lacks.
    pub(super) defaults: Vec<(Vec<u8>, Route)>,
    /// Columns of fields that the writer lacks and that have no default, with a description of the misfit.
    pub(super) missing: Vec<(usize, &'static str)>,
}

/// Conversion of a part of a datum to a value of a column.
#[derive(Debug)]
pub(super) enum Fill {
    Value(Value),
    List(Box<Fill>),
    Map(Box<Fill>),
    Struct(StructFill),
    /// One field of a struct that has a field for each branch of a union; `None` if it has none for this
    /// branch.
    Branch(Option<(usize, Box<Fill>)>, TypeId),
    Union(Vec<Fill>),
    /// JSON text.
    Text(NodeId),
    /// Never fits; with a description of the value.
    Misfit(TypeId, &'static str),
}

#[derive(Debug)]
pub(super) struct StructFill {
    /// Writer's fields in order; fields that are not shown have only their type.
    pub(super) fields: Vec<Result<(usize, Fill), TypeId>>,
    pub(super) defaults: Vec<(Vec<u8>, usize, Fill)>,
    /// Fields that the writer lacks and that have no default, with a description of the misfit.
    pub(super) missing: Vec<(usize, &'static str)>,
}

impl Plan {
    pub(super) fn new(resolution: Resolution, targets: &[Target]) -> Self {
        let whole = [Step::Key(WHOLE.to_owned())];
        let is_record = resolution.is_record();
        let wants = targets.iter().enumerate().filter_map(|(column, target)| {
            let steps = target.path.as_ref()?.steps.as_slice();
            Some(Want {
                column,
                data_type: &target.data_type,
                steps: if is_record {
                    steps
                } else {
                    steps.strip_prefix(&whole)?
                },
            })
        });
        let top = Planner(&resolution).route(resolution.top(), wants.collect());
        Self {
            resolution,
            top,
            beside: None,
        }
    }

    /// Adds another plan for the same data, which fills other columns.
    pub(super) fn with_beside(self, beside: Plan) -> Self {
        Self {
            beside: Some(Box::new(beside)),
            ..self
        }
    }
}

/// Whether a datum of the schema may have a part at `path`.
pub(super) fn leads_somewhere(Schema { types, top }: &Schema, path: &Path) -> bool {
    let is_record = matches!(types[types.without_null(*top)].shape, Shape::Record(..));
    let mut steps = path.steps.iter();
    if !is_record && steps.next() != Some(&Step::Key(WHOLE.to_owned())) {
        return false;
    }
    steps
        .try_fold(*top, |id, step| step_into(types, id, step))
        .is_some()
}

fn step_into(types: &Types, id: TypeId, step: &Step) -> Option<TypeId> {
    let id = types.without_null(id);
    match (&types[id].shape, step) {
        (Shape::Record(_, fields), Step::Key(key)) => {
            Some(fields.iter().find(|field| field.name == *key)?.type_id)
        }
        (Shape::Array(item), step) => index(step).map(|_| *item),
        (Shape::Map(value), Step::Key(_)) => Some(*value),
        (Shape::Union(_), Step::Key(key)) => {
            let mut branches = types.branches(id).into_iter();
            branches.find(|branch| types.branch_name(id, *branch) == key)
        }
        _ => None,
    }
}

fn index(step: &Step) -> Option<usize> {
    match step {
        Step::Index(index) => Some(*index),
        Step::Key(key) => key.parse().ok(),
    }
}

/// Column on the path to its part of the datum.
#[derive(Debug, Clone, Copy)]
struct Want<'a> {
    column: usize,
    data_type: &'a DataType,
    /// Remaining steps of the path.
    steps: &'a [Step],
}

impl Want<'_> {
    /// Column after the step called `name`, if that is the next.
    fn after(self, name: &str) -> Option<Self> {
        match self.steps.split_first()? {
            (Step::Key(key), steps) if key == name => Some(Self { steps, ..self }),
            _ => None,
        }
    }
}

struct Planner<'a>(&'a Resolution);

impl Planner<'_> {
    fn route(&self, node: NodeId, wants: Vec<Want<'_>>) -> Route {
        if let Node {
            writer,
            way: Way::Never(found),
        } = &self.0[node]
        {
            // Whatever part of it a column shows.
            let columns = wants
                .iter()
                .map(|want| (want.column, Fill::Misfit(*writer, found)));
            return Route {
                columns: columns.collect(),
                ..Route::skip(*writer)
            };
        }
        let (here, deeper): (Vec<_>, Vec<_>) = wants.into_iter().partition(|want| want.steps.is_empty());
        let columns = here.into_iter();
        Route {
            writer: self.0[node].writer,
            columns: columns
                .map(|want| (want.column, self.fill(node, want.data_type)))
                .collect(),
            below: if deeper.is_empty() {
                None
            } else {
                self.below(node, &deeper)
            },
        }
    }

    fn below(&self, node: NodeId, wants: &[Want<'_>]) -> Option<Below> {
        Some(match &self.0[node].way {
            Way::Record(record) => {
                let fields = self.0.fields_of(record);
                let for_field = |field: usize| -> Vec<Want<'_>> {
                    let name = fields[field].name.as_str();
                    wants.iter().filter_map(|want| want.after(name)).collect()
                };
                let routes = record.fields.iter().map(|(writer, target)| match target {
                    Some((field, node)) => self.route(*node, for_field(*field)),
                    None => Route::skip(*writer),
                });
                let mut record_routes = RecordRoutes {
                    fields: routes.collect(),
                    defaults: Vec::new(),
                    missing: Vec::new(),
                };
                for absent in &record.absent {
                    let wants = for_field(absent.field);
                    match absent.default.clone() {
                        _ if wants.is_empty() => {}
                        Ok(DefaultDatum { datum, node }) => {
                            record_routes.defaults.push((datum, self.route(node, wants)));
                        }
                        Err(found) => {
                            let missing = wants.iter().map(|want| (want.column, found));
                            record_routes.missing.extend(missing);
                        }
                    }
                }
                Below::Record(record_routes)
            }
            Way::Array(item) => {
                let by_index = group(wants, index);
                let routes = by_index
                    .into_iter()
                    .map(|(at, wants)| (at, self.route(*item, wants)));
                Below::Array(self.0[*item].writer, routes.collect())
            }
            Way::Map(value) => {
                let by_key = group(wants, |step| match step {
                    Step::Key(key) => Some(key.clone()),
                    Step::Index(_) => None,
                });
                let routes = by_key
                    .into_iter()
                    .map(|(key, wants)| (key, self.route(*value, wants)));
                Below::Map(self.0[*value].writer, routes.collect())
            }
            Way::Union(branches) => {
                let routes = branches.iter().map(|branch| self.route(*branch, wants.to_vec()));
                Below::Union(routes.collect())
            }
            Way::Branch { union, branch, node } => {
                let name = self.0.types.branch_name(*union, *branch);
                let wants = wants.iter().filter_map(|want| want.after(name)).collect();
                Below::Branch(Box::new(self.route(*node, wants)))
            }
            Way::Value(_) | Way::Never(_) => return None,
        })
    }

    fn fill(&self, node: NodeId, data_type: &DataType) -> Fill {
        let writer = self.0[node].writer;
        match (&self.0[node].way, data_type) {
            (Way::Value(value), data_type) => Fill::Value(value.for_column(data_type)),
            (Way::Union(branches), data_type) => Fill::Union(
                branches
                    .iter()
                    .map(|branch| self.fill(*branch, data_type))
                    .collect(),
            ),
            (Way::Branch { union, branch, node }, DataType::Struct(fields))
                if self.has_branches(fields, *union) =>
            {
                let field = find(fields, self.0.types.branch_name(*union, *branch));
                let fill = field.map(|field| (field, Box::new(self.fill(*node, fields[field].data_type()))));
                Fill::Branch(fill, writer)
            }
            (Way::Branch { node, .. }, data_type) => self.fill(*node, data_type),
            (Way::Array(item), DataType::List(field)) => {
                Fill::List(Box::new(self.fill(*item, field.data_type())))
            }
            (Way::Map(value), DataType::Map(entries, _)) => match entries.data_type() {
                DataType::Struct(entry) if entry.len() == 2 => {
                    Fill::Map(Box::new(self.fill(*value, entry[1].data_type())))
                }
                _ => Fill::Misfit(writer, self.0.types.kind(writer)),
            },
            (Way::Record(record), DataType::Struct(fields)) => self.fill_struct(record, fields),
            (Way::Array(_) | Way::Map(_) | Way::Record(_), DataType::Utf8) => Fill::Text(node),
            (Way::Array(_) | Way::Map(_) | Way::Record(_), _) => {
                Fill::Misfit(writer, self.0.types.kind(writer))
            }
            (Way::Never(found), _) => Fill::Misfit(writer, found),
        }
    }

    fn fill_struct(&self, record: &Record, wanted: &Fields) -> Fill {
        let names = self.0.fields_of(record);
        // A field of the struct matches the record's field of exactly its name before one that differs by
        // case.
        let target = |field: usize| {
            let name = &names[field].name;
            let target = find(wanted, name)?;
            let rival = wanted[target].name() != name
                && names.iter().any(|field| field.name == *wanted[target].name());
            (!rival).then_some(target)
        };
        let fields = record.fields.iter().map(|(writer, source)| {
            let (field, node) = source.ok_or(*writer)?;
            let target = target(field).ok_or(*writer)?;
            Ok((target, self.fill(node, wanted[target].data_type())))
        });
        let mut fill = StructFill {
            fields: fields.collect(),
            defaults: Vec::new(),
            missing: Vec::new(),
        };
        for absent in &record.absent {
            let Some(target) = target(absent.field) else {
                continue;
            };
            match absent.default.clone() {
                Ok(DefaultDatum { datum, node }) => {
                    let value = self.fill(node, wanted[target].data_type());
                    fill.defaults.push((datum, target, value));
                }
                Err(found) => fill.missing.push((target, found)),
            }
        }
        Fill::Struct(fill)
    }

    /// Whether a struct shows a union by its branches, rather than the only record in it.
    fn has_branches(&self, fields: &Fields, union: TypeId) -> bool {
        let mut branches = self.0.types.branches(union).into_iter();
        branches.any(|branch| find(fields, self.0.types.branch_name(union, branch)).is_some())
    }
}

impl Route {
    fn skip(writer: TypeId) -> Self {
        Self {
            writer,
            columns: Vec::new(),
            below: None,
        }
    }
}

fn group<'a, K: Ord>(wants: &[Want<'a>], key: impl Fn(&Step) -> Option<K>) -> BTreeMap<K, Vec<Want<'a>>> {
    let mut groups: BTreeMap<K, Vec<Want<'a>>> = BTreeMap::new();
    for want in wants {
        if let Some((step, steps)) = want.steps.split_first()
            && let Some(key) = key(step)
        {
            groups.entry(key).or_default().push(Want { steps, ..*want });
        }
    }
    groups
}

/// Field of this name, else of a name that differs only by case.
fn find(fields: &Fields, name: &str) -> Option<usize> {
    let exact = fields.iter().position(|field| field.name() == name);
    exact.or_else(|| {
        fields
            .iter()
            .position(|field| field.name().eq_ignore_ascii_case(name))
    })
}
