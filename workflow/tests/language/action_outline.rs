//! An action and its diagnostics as a text that people can review.

use gantry_workflow::diagnostic::Diagnostic;
use gantry_workflow::model::{Action, ActionInput, ActionRuns, DockerAction, NodeAction};

use super::outline::{Outline, display};

pub(crate) fn of(action: Option<&Action>, diagnostics: &[Diagnostic]) -> String {
    let mut outline = Outline::new(diagnostics);
    if let Some(action) = action {
        outline.action(action);
    }
    outline.text
}

impl Outline {
    fn action(&mut self, action: &Action) {
        self.line(0, &format!("action {}", action.name.as_deref().unwrap_or("without a name")));
        self.text(1, "description", action.description.as_deref());
        action.inputs.iter().for_each(|input| self.input(input));
        for (name, value) in &action.outputs {
            match value {
                Some(value) => self.token(1, &format!("output {name}"), Some(value)),
                None => self.line(1, &format!("output {name}")),
            }
        }
        match &action.runs {
            ActionRuns::Node(node) => self.node(node),
            ActionRuns::Docker(docker) => self.docker(docker),
            ActionRuns::Composite(steps) => steps.iter().for_each(|step| self.step(2, step)),
        }
    }

    fn text(&mut self, depth: usize, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.line(depth, &format!("{key}: {text:?}"));
        }
    }

    fn input(&mut self, input: &ActionInput) {
        let required = if input.required { " required" } else { "" };
        self.line(1, &format!("input {}{required}", input.name));
        self.text(2, "description", input.description.as_deref());
        self.token(2, "default", input.default.as_ref());
        self.text(2, "deprecated", input.deprecation_message.as_deref());
    }

    fn node(&mut self, node: &NodeAction) {
        self.line(1, &format!("runs {} with {}", node.main, node.using));
        for (key, script, condition) in
            [("pre", &node.pre, &node.pre_if), ("post", &node.post, &node.post_if)]
        {
            if let Some(script) = script {
                self.line(2, &format!("{key}: {script} if {condition}"));
            }
        }
    }

    fn docker(&mut self, docker: &DockerAction) {
        self.line(1, &format!("runs {:?}", docker.image));
        self.text(2, "entrypoint", docker.entrypoint.as_deref());
        if let Some(args) = &docker.args {
            let args: Vec<_> = args.iter().map(display).collect();
            self.line(2, &format!("args: [{}]", args.join(", ")));
        }
        self.token(2, "env", docker.env.as_ref());
        let (pre, post) = (&docker.pre_entrypoint, &docker.post_entrypoint);
        for (key, entrypoint, condition) in
            [("pre", pre, &docker.pre_if), ("post", post, &docker.post_if)]
        {
            if let Some(entrypoint) = entrypoint {
                self.line(2, &format!("{key}: {entrypoint} if {condition}"));
            }
        }
    }
}
