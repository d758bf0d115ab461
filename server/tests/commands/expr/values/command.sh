gantry expr '1 + 1' || true
gantry expr 'github.ref_name == '"'main'" --context contexts.json
gantry expr 'github.event' --context contexts.json
gantry expr 'github.event' --context contexts.json --format json
gantry expr 'toJSON(github.event)' --context - < contexts.json
gantry expr -- -1.50
gantry expr NaN --format json
gantry expr 'success() && !failure()'
gantry expr "hashFiles('*.json') == ''"
