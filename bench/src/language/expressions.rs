//! Expressions per second, parsed each time and parsed once.

use anyhow::{Context, Result};
use gantry_workflow::expr::{Allowed, Environment, Expression, Object, StatusView, Value};

use super::contender::{Contender, Kind, Program, race};
use super::peers;
use super::table::{Goal, Table};

pub(super) fn measure(table: &mut Table) -> Result<()> {
    let (contexts, texts) = read()?;
    let parsed = texts.iter().map(|text| Ok(Expression::parse(text, &Allowed::ANYTHING)?));
    let parsed = parsed.collect::<Result<Vec<_>>>()?;
    let names = ["gantry", "@actions/expressions"];
    let goals = [Goal::None, Goal::TimesAsFast(5.0)];

    let mut contenders = [
        Contender { name: names[0], kind: parse_and_evaluate(&texts, &contexts) },
        Contender { name: names[1], kind: theirs("parse")? },
    ];
    table.add(
        "expressions per second, parsed and evaluated",
        &names,
        &race(&mut contenders)?,
        &goals,
    );

    let mut contenders = [
        Contender { name: names[0], kind: evaluate(&parsed, &contexts) },
        Contender { name: names[1], kind: theirs("evaluate")? },
    ];
    table.add("expressions per second, evaluated", &names, &race(&mut contenders)?, &goals);
    Ok(())
}

fn read() -> Result<(Object, Vec<String>)> {
    let path = peers::expressions_file();
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let json: serde_json::Value = serde_json::from_str(&text)?;
    let contexts = json["contexts"].as_object().context("no contexts")?;
    let contexts = contexts.iter().map(|(name, value)| (name.clone(), Value::from_json(value)));
    let texts = json["expressions"].as_array().context("no expressions")?;
    let texts = texts.iter().filter_map(|text| Some(text.as_str()?.to_owned()));
    Ok((contexts.collect(), texts.collect()))
}

fn parse_and_evaluate<'a>(texts: &'a [String], contexts: &'a Object) -> Kind<'a> {
    Kind::Function(Box::new(move || {
        for text in texts {
            value(&Expression::parse(text, &Allowed::ANYTHING)?, contexts)?;
        }
        Ok(texts.len())
    }))
}

fn evaluate<'a>(parsed: &'a [Expression], contexts: &'a Object) -> Kind<'a> {
    Kind::Function(Box::new(move || {
        for expression in parsed {
            value(expression, contexts)?;
        }
        Ok(parsed.len())
    }))
}

fn value(expression: &Expression, contexts: &Object) -> Result<()> {
    let status = StatusView::default();
    let environment = Environment { contexts, status: &status, hash_files: None };
    std::hint::black_box(expression.evaluate(&environment)?);
    Ok(())
}

fn theirs(mode: &str) -> Result<Kind<'static>> {
    let file = peers::expressions_file().display().to_string();
    let program = Program::script("expressions.mjs", &[mode.to_owned(), file])?;
    Ok(Kind::Program(program))
}
