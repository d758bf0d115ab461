git init -q
git add tracked
gantry check || gantry check other
