gantry check . ; gantry check plain; gantry check ./one/.github/workflows
