gantry check
