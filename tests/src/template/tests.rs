use super::*;

fn template(conditions: &str, resources: &str) -> Template {
    let text = format!(
        r#"
Parameters:
  Name: {{ Type: String, Default: "" }}
  Kind: {{ Type: String, Default: a, AllowedValues: [a, b, c] }}
  Count: {{ Type: Number, Default: 3, MinValue: 1, MaxValue: 9 }}
  Subnets: {{ Type: CommaDelimitedList, Default: "" }}
Mappings:
  Sizes:
    small: {{ mb: 128 }}
Conditions:
  Named: !Not [!Equals [!Ref Name, ""]]
  InVpc: !Not [!Equals [!Join ["", !Ref Subnets], ""]]
{conditions}
Resources:
  Role:
    Type: AWS::IAM::Role
    Condition: Named
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: f
{resources}
"#
    );
    Template::parse(&text).unwrap()
}

/// Property `P` of the function.
fn property(value: &str, values: &[(&str, &str)]) -> Result<Json> {
    let rendered = template("", &format!("      P: {value}")).render(values)?;
    Ok(rendered.resource("Function")?.properties["P"].clone())
}

#[test]
fn evaluates_every_function_in_both_spellings() {
    let set = [("Name", "x/y"), ("Kind", "b"), ("Subnets", "s-1, s-2")];
    for (value, wanted) in [
        ("!Ref Name", r#""x/y""#),
        ("{Ref: Name}", r#""x/y""#),
        ("!Ref Count", r#""3""#),
        ("!Ref Subnets", r#"["s-1","s-2"]"#),
        ("!Ref AWS::Region", r#""us-east-1""#),
        ("!Ref Function", r#""f""#),
        ("!Ref Role", r#""stack-role""#),
        (
            "!GetAtt Role.Arn",
            r#""arn:aws:iam::123456789012:role/stack-role""#,
        ),
        (
            "{'Fn::GetAtt': [Function, Arn]}",
            r#""arn:aws:lambda:us-east-1:123456789012:function:f""#,
        ),
        (
            "!Sub 'a${Name}b${!Name}c${Function.Arn}'",
            r#""ax/yb${Name}carn:aws:lambda:us-east-1:123456789012:function:f""#,
        ),
        ("!Sub ['${A}-${Name}', {A: !Ref Kind}]", r#""b-x/y""#),
        ("{'Fn::Sub': '${AWS::Partition}'}", r#""aws""#),
        ("!Join ['-', [!Ref Kind, k]]", r#""b-k""#),
        ("!Select [1, !Split ['/', !Ref Name]]", r#""y""#),
        (
            "{'Fn::Select': ['0', {'Fn::Split': ['/', {Ref: Name}]}]}",
            r#""x""#,
        ),
        ("!FindInMap [Sizes, small, mb]", "128"),
        ("!If [Named, yes, no]", r#""yes""#),
        ("{'Fn::If': [InVpc, [1], no]}", "[1]"),
        (
            "[1, !Ref AWS::NoValue, !If [Named, !Ref AWS::NoValue, 2], {a: !Ref AWS::NoValue, b: true}]",
            r#"[1,{"b":true}]"#,
        ),
    ] {
        assert_eq!(
            property(value, &set).map(|json| json.to_string()),
            Ok(wanted.to_owned()),
            "{value}"
        );
    }
}

#[test]
fn conditions_combine() {
    let conditions = r#"
  Both: !And [!Condition Named, {Condition: InVpc}]
  Either: {"Fn::Or": [!Condition Named, !Condition InVpc]}
  KindB: !Equals [!Ref Kind, b]
"#;
    let names = ["Both", "Either", "KindB"].map(|name| format!("!If [{name}, 1, 0]"));
    let template = template(conditions, &format!("      P: [{}]", names.join(", ")));
    for (values, both, either, kind) in [
        (vec![], false, false, false),
        (vec![("Name", "n")], false, true, false),
        (
            vec![("Name", "n"), ("Subnets", "s"), ("Kind", "b")],
            true,
            true,
            true,
        ),
    ] {
        let rendered = template.render(&values).unwrap();
        let wanted = [both, either, kind].map(u8::from);
        assert_eq!(
            rendered.resource("Function").unwrap().properties["P"],
            serde_json::json!(wanted),
            "{values:?}"
        );
        assert_eq!(rendered.resources.contains_key("Role"), !values.is_empty());
    }
}

#[test]
fn says_what_is_not_known_or_not_there() {
    for (value, wanted) in [
        ("!Base64 x", "function Base64 is not known"),
        ("!Ref Nothing", "there is no Nothing"),
        ("!GetAtt Role.Arn", "Role is not in this stack"),
        (
            "!GetAtt Function.Version",
            "attribute Version of AWS::Lambda::Function",
        ),
        ("!If [Nothing, 1, 2]", "there is no condition Nothing"),
        ("!Select [1, !Split ['/', !Ref Name]]", "there is no item 1"),
        ("!Sub '${Subnets}'", "wanted a text"),
        ("!Sub '${Name'", "opens what it does not close"),
        ("!FindInMap [Sizes, large, mb]", "there is no Sizes.large.mb"),
        ("!Equals [1, 1]", "function Equals is not known"),
    ] {
        let error = property(value, &[]).unwrap_err().to_string();
        assert!(
            error.contains(wanted) && error.starts_with("Function.P: "),
            "{value}: {error}"
        );
    }
    for (text, wanted) in [
        ("Globals: {}", "section Globals is not known"),
        ("Parameters: {A: {Type: Text}}", "type `Text` is not known"),
        ("Parameters: {A: {Type: String, Min: 3}}", "Min is not known"),
        (
            "Parameters: {A: {Type: Number, Default: 0, MinValue: 1}}",
            "wanted 1 to",
        ),
    ] {
        let error = Template::parse(text).err().unwrap().to_string();
        assert!(error.contains(wanted), "{text}: {error}");
    }
    for (text, wanted) in [
        ("Resources: {A: {Type: T, DependsOn: B}}", "there is no B"),
        (
            "Resources: {A: {Type: T, Condition: B}}",
            "there is no condition B",
        ),
        (
            "Resources: {A: {Type: T, CreationPolicy: {}}}",
            "CreationPolicy is not known",
        ),
        ("Conditions: {A: !Condition A}", "condition A refers to itself"),
    ] {
        let error = Template::parse(text)
            .unwrap()
            .render(&[])
            .unwrap_err()
            .to_string();
        assert!(error.contains(wanted), "{text}: {error}");
    }
}

#[test]
fn refuses_values_that_a_parameter_does_not_take() {
    for values in [("Kind", "d"), ("Count", "10"), ("Count", "many"), ("Other", "")] {
        property("1", &[values]).expect_err("refused");
    }
    let text = "Parameters: {A: {Type: String, AllowedPattern: '[a-z]+'}}\nResources: {}";
    let template = Template::parse(text).unwrap();
    template.render(&[("A", "ab")]).unwrap();
    template
        .render(&[("A", "ab1")])
        .expect_err("the whole of it must match");
    template.render(&[]).expect_err("there is no default");
}

#[test]
fn combines_what_makes_a_difference_to_a_piece() {
    let conditions = r#"
  KindB: !Equals [!Ref Kind, b]
  Apart: !Equals [!Select [0, !Split [":", !Ref Name]], arn]
  Third: !Equals [!Ref Count, 3]
"#;
    let template = template(
        conditions,
        "      P: !If [KindB, !If [InVpc, 1, !GetAtt Role.Arn], 2]",
    );
    let samples = [("Name", "n"), ("Name", "arn:n"), ("Subnets", "s"), ("Count", "5")];
    let count = |piece, samples: &[(&str, &str)]| {
        let combinations = template.combinations(piece, samples);
        combinations.map(|combinations| combinations.into_iter().count())
    };
    // Kind, Subnets, and the name that the role's condition uses.
    assert_eq!(count("Function", &samples), Ok(8));
    assert_eq!(count("Role", &samples), Ok(2));
    let of_role = template.combinations("Role", &samples).unwrap();
    assert!(of_role.into_iter().all(|each| each["Count"] == "5"));
    count("Function", &samples[..2]).expect_err("of Subnets one value alone is known");
}

#[test]
fn numbers_are_compared_as_texts() {
    let template = template(
        "  Third: !Equals [!Ref Count, 3]\n",
        "      P: !If [Third, three, other]",
    );
    for (count, wanted) in [("3", "three"), ("4", "other")] {
        let rendered = template.render(&[("Count", count)]).unwrap();
        assert_eq!(rendered.resource("Function").unwrap().properties["P"], wanted);
    }
}

#[test]
fn custom_resources_answer_what_the_test_says_and_addresses_are_cut() {
    let text = r#"
Resources:
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.1.0.0/16 } }
  Own: { Type: Custom::Own }
Outputs:
  Answer: { Value: !Sub '${Own.Thing}!' }
  Block: { Value: !Select [2, !Cidr [!GetAtt Vpc.CidrBlock, 3, 8]] }
"#;
    let template = Template::parse(text).unwrap();
    template.render(&[]).expect_err("the attribute has no value");
    let rendered = template.with_answer("Own.Thing", "yes").render(&[]).unwrap();
    assert_eq!(rendered.outputs["Answer"], "yes!");
    assert_eq!(rendered.outputs["Block"], "10.1.2.0/24");
}
