gantry check
gantry check --format json
