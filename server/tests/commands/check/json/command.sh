gantry check --format json
